"""Appending in process: claims through the ledger, the library's `Application.save`, and the database alone."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from uuid import uuid4

from eventsourcing.persistence import StoredEvent

from bench.desk import SEED, Desk, asked, desk_of, open_ledger, sentence
from bench.machine import durability
from bench.peers import Claims, Contested, application, bare_database, claim_on, durability_of
from bench.tables import PERCENTILE_COLUMNS, Table, in_turns, medians, percentiles, rate, spread, times
from service.ledger.places import FILE
from service.store.log import RecordLog, rfc3339
from service.store.sqlite import LogRecorder

CALLERS = (1, 8, 64)
THREADS = (1, 2, 4, 8)
INCIDENTS = 8
Latencies = dict[str, list[float]]


def run(folder: Path, quick: bool) -> list[Table]:
    """Measure appending, and return its tables."""
    rounds, events = (2, 128) if quick else (5, 2_000)
    latencies: Latencies = {}
    with ExitStack() as open_:
        place = Path(open_.enter_context(TemporaryDirectory(dir=folder)))
        ledger = open_.enter_context(open_ledger(place / "ours"))
        app = open_.enter_context(application(place))
        bare = open_.enter_context(bare_database(place))
        store = RecordLog(_empty_log(place / "store"))
        open_.callback(store.close)
        desk, texts = desk_of(ledger, INCIDENTS), Texts()
        data = _one_event(desk, texts)
        contest: dict[str, Callable[[], float]] = {}
        for callers in CALLERS:
            contest[f"ours, {callers} callers"] = _ours(desk, callers, events, texts, latencies)
        for size in CALLERS:
            contest[f"our log alone, {size} a commit"] = _decided_before(store, data, size, events)
        for threads in THREADS:
            contest[f"eventsourcing, {threads} threads"] = _saves(app, threads, events, texts, latencies)
        for size in CALLERS:
            contest[f"sqlite3, {size} a commit"] = _bare(bare, size, events)
        figures = in_turns(contest, rounds)
        notes = _notes(desk, app, bare, events, rounds)
    return [_rates(figures, notes), _latencies(latencies)]


class Texts:
    """Wordings from a fixed seed, each with its number: an endless supply for whoever asks."""

    def __init__(self) -> None:
        chance = Random(SEED)
        self._texts = [sentence(chance) for _ in range(500)]
        self._count = count()

    def next(self) -> tuple[int, str]:
        """Return the next number and wording."""
        n = next(self._count)
        return n, self._texts[n % len(self._texts)]


def _ours(desk: Desk, callers: int, events: int, texts: Texts, latencies: Latencies) -> Callable[[], float]:
    """Return a round in which so many callers each give a command and await its receipt, again and again."""
    taken = latencies.setdefault(f"ours, {callers} callers", [])

    async def caller(share: int) -> None:
        for _ in range(share):
            n, text = texts.next()
            request = asked(desk.claim(n, text), f"key-{n}")
            begun = time.perf_counter()
            await desk.ledger.execute(request)
            taken.append(time.perf_counter() - begun)

    async def all_callers() -> None:
        await asyncio.gather(*(caller(_share(events, callers)) for _ in range(callers)))

    return _rated(lambda: asyncio.run(all_callers()), _share(events, callers) * callers)


def _saves(app: Claims, threads: int, events: int, texts: Texts, latencies: Latencies) -> Callable[[], float]:
    """Return a round in which so many threads each save claims, on an incident of their own that they hold."""
    taken = latencies.setdefault(f"eventsourcing, {threads} threads", [])
    incidents = [Contested(title=f"Incident {n}") for n in range(threads)]
    app.save(*incidents)

    def thread(incident: Contested, share: int) -> None:
        for _ in range(share):
            n, text = texts.next()
            begun = time.perf_counter()
            claim_on(incident, text, n)
            app.save(incident)
            taken.append(time.perf_counter() - begun)

    def all_threads() -> None:
        share = _share(events, threads)
        workers = [threading.Thread(target=thread, args=(incident, share)) for incident in incidents]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    return _rated(all_threads, _share(events, threads) * threads)


def _decided_before(store: RecordLog, data: bytes, size: int, events: int) -> Callable[[], float]:
    """Return a round that stores events which are ready, so many a commit: the log without queue and rules."""
    now = rfc3339(datetime.now(UTC))

    def save() -> None:
        for _ in range(_share(events, size)):
            store.append([StoredEvent(uuid4(), 1, "claim.made.v1", data) for _ in range(size)], [now] * size)

    return _rated(save, _share(events, size) * size)


def _bare(connection: sqlite3.Connection, size: int, events: int) -> Callable[[], float]:
    data, now = b"x" * 600, rfc3339(datetime.now(UTC))

    def store() -> None:
        for _ in range(_share(events, size)):
            rows = [(uuid4().hex, 1, "claim.made.v1", data, now) for _ in range(size)]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO events (id, version, name, state, recorded_at) VALUES (?, ?, ?, ?, ?)", rows
            )
            connection.execute("COMMIT")

    return _rated(store, _share(events, size) * size)


def _rated(work: Callable[[], None], events: int) -> Callable[[], float]:
    """Return a round that does the work and returns its events a second."""

    def one_round() -> float:
        begun = time.perf_counter()
        work()
        return events / (time.perf_counter() - begun)

    return one_round


def _share(events: int, among: int) -> int:
    return max(1, events // among)


def _empty_log(folder: Path) -> Path:
    with open_ledger(folder):
        return folder / FILE


def _one_event(desk: Desk, texts: Texts) -> bytes:
    """Return the stored bytes of a claim."""
    n, text = texts.next()
    made = desk.ledger.execute_now(asked(desk.claim(n, text), f"key-{n}"))
    return desk.ledger.read_raw(made.position - 1, 1)[0][2]


def _rates(figures: dict[str, list[float]], notes: list[str]) -> Table:
    middle = medians(figures)
    best = max(middle[f"eventsourcing, {threads} threads"] for threads in THREADS)
    rows = [[name, rate(middle[name]), spread(figures[name]), times(middle[name] / best)] for name in figures]
    return Table("Append, in process", ("who", "events/s", "rounds", "of the best Application.save"), rows, notes)


def _latencies(latencies: Latencies) -> Table:
    rows = [[name, *percentiles(taken)] for name, taken in latencies.items() if taken]
    return Table("Append, in process: from command to receipt, ms", ("who", *PERCENTILE_COLUMNS), rows)


def _notes(desk: Desk, app: Claims, bare: sqlite3.Connection, events: int, rounds: int) -> list[str]:
    recorder = desk.ledger._log.log_recorder
    assert isinstance(recorder, LogRecorder)
    with recorder.datastore.writing() as cursor:
        ours = durability(cursor.sqlite_cursor.connection)
    stored = len(desk.ledger.read_raw(desk.ledger.head() - 1, 1)[0][2])
    theirs = app.recorder.select_notifications(start=app.recorder.max_notification_id() or 1, limit=1)
    return [
        f"{events:,} events a round, median of {rounds} rounds, all in turns on one disk.",
        f"Durability, as the connections say: ours {ours}; eventsourcing, as it comes, {durability_of(app)};"
        f" sqlite3 {durability(bare)}.",
        f"Stored bytes of an event: ours {stored}, eventsourcing {len(theirs[0].state)}.",
        f"Ours: MakeClaim on {INCIDENTS} incidents, decided by the rules, each with a key for retries, whose answer is"
        " kept in the same transaction. eventsourcing: an aggregate held in memory, saved after each event, no keys.",
    ]
