"""Appending to SQLite, our ledger, the library's `Application.save`, UmaDB on the same disk, and SQLite alone."""

import sqlite3
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.append.ours import INCIDENTS, Ours, empty_log
from bench.append.rounds import CALLERS, Contestants, latencies, rates, ready_events
from bench.desk import Desk, desk_of, open_ledger
from bench.machine import durability
from bench.peers import uma
from bench.peers.bare import bare_database, insert
from bench.peers.library import Saves, application, durability_of
from bench.tables import Table, in_turns
from service.ledger.places import FILE
from service.store.log import RecordLog
from service.store.sqlite.recorder import LogRecorder

THREADS = (1, 2, 4, 8)
"""Threads of the library: more do not make it faster."""
TITLE = "Append on SQLite, in process"


def run(place: Path, quick: bool, open_: ExitStack) -> list[Table]:
    """Measure appending to a file, and return its tables."""
    rounds, events = (2, 128) if quick else (5, 2_000)
    desk = desk_of(open_.enter_context(open_ledger(place / "ours")), INCIDENTS)
    saves = Saves(open_.enter_context(application(place)))
    bare = open_.enter_context(bare_database(place))
    uma_db = open_.enter_context(uma.at(open_.enter_context(uma.serving(place / "uma"))))
    contest = Contestants(events)
    for callers in CALLERS:
        contest.add(f"ours, {callers} callers", Ours(desk), callers)
    ready = ready_events(_empty_log(place / "log", open_), desk, contest.claims(1)[0])
    for size in CALLERS:
        contest.add_alone(f"our log alone, {size} a commit", ready, size)
    for threads in THREADS:
        contest.add(f"eventsourcing, {threads} callers", saves, threads)
    for callers in CALLERS:
        contest.add(f"UmaDB, {callers} callers", uma_db, callers)
    for size in CALLERS:
        contest.add_alone(f"sqlite3, {size} a commit", partial(insert, bare), size)
    figures = in_turns(contest.rounds, rounds)
    return [rates(TITLE, figures, _notes(desk, saves, bare, events, rounds)), latencies(TITLE, contest.latencies)]


def _empty_log(folder: Path, open_: ExitStack) -> RecordLog:
    empty_log(folder)
    store = RecordLog(folder / FILE)
    open_.callback(store.close)
    return store


def _notes(desk: Desk, saves: Saves, bare: sqlite3.Connection, events: int, rounds: int) -> list[str]:
    recorder = desk.ledger._log.log_recorder
    assert isinstance(recorder, LogRecorder)
    with recorder.datastore.writing() as cursor:
        ours = durability(cursor.sqlite_cursor.connection)
    stored = len(desk.ledger.read_raw(desk.ledger.head() - 1, 1)[0][2])
    theirs = saves.app.recorder.select_notifications(start=saves.app.recorder.max_notification_id() or 1, limit=1)
    return [
        f"{events:,} events a round, median of {rounds} rounds, all in turns on one disk.",
        f"Durability, as the connections say: ours {ours}; eventsourcing, as it comes, {durability_of(saves.app)};"
        f" sqlite3 {durability(bare)}. UmaDB as it comes.",
        f"Stored bytes of an event: ours {stored}, eventsourcing {len(theirs[0].state)}.",
        f"Ours: MakeClaim on {INCIDENTS} incidents, decided by the rules, each with a key for retries, whose answer is"
        " kept in the same transaction. eventsourcing: an aggregate held in memory, saved after each event, no keys."
        " UmaDB: a server of its own, appends with a condition on a tag for each caller, no rules.",
    ]
