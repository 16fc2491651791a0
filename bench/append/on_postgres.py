"""Appending to one PostgreSQL server: our ledger, other event stores, UmaDB on the same disk, PostgreSQL alone."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from psycopg import Connection
from pydantic import SecretStr

from bench.append.ours import INCIDENTS, server_ledger
from bench.append.ours import on_server as ours
from bench.append.rounds import CALLERS, Contestants, latencies, rates, ready_events
from bench.callers import Client, Open, processes
from bench.desk import Desk, desk_of
from bench.machine import server_durability
from bench.peers import emmett, library, message_db, uma
from bench.peers.bare import bare_server, insert_on_server
from bench.tables import Table, in_turns
from service.store.log import RecordLog
from service.store.postgres.recorder import prepare
from service.store.recorder import Server as Log
from tests import postgres

PROCESSES = 4
EACH = 8
"""Callers in each process, where several write."""
TITLE = "Append on PostgreSQL"


def run(place: Path, quick: bool, open_: ExitStack) -> list[Table]:
    """Measure appending to a server of its own, and return its tables."""
    rounds, events, several = (2, 64, 2) if quick else (5, 2_000, PROCESSES)
    server = open_.enter_context(postgres.server(max_connections=400))
    desk, opened = _our_desk(server, place / "ours", open_)
    _, opened_by_several = _our_desk(server, place / "several", open_)
    contest = Contestants(events)
    stores = _stores(server, place, open_) | ({} if quick else _stores_of_npm(server, open_))
    _enter(contest, "ours", opened, (several, opened_by_several), open_)
    for name, open_client in stores.items():
        _enter(contest, name, open_client, (several, open_client), open_)
    store = _empty_log(server, open_)
    ready = ready_events(store, desk, contest.claims(1)[0])
    bare = open_.enter_context(bare_server(open_.enter_context(server.database())))
    for size in CALLERS:
        contest.add_alone(f"our log alone, {size} a commit", ready, size)
    for size in CALLERS:
        contest.add_alone(f"PostgreSQL, {size} a commit", partial(insert_on_server, bare), size)
    figures = in_turns(contest.rounds, rounds)
    return [rates(TITLE, figures, _notes(desk, bare, events, rounds)), latencies(TITLE, contest.latencies)]


def _empty_log(server: postgres.Server, open_: ExitStack) -> RecordLog:
    log = Log(SecretStr(open_.enter_context(server.database())))
    prepare(log, [])
    store = RecordLog(log)
    open_.callback(store.close)
    return store


def _notes(desk: Desk, bare: Connection[Any], events: int, rounds: int) -> list[str]:
    stored = len(desk.ledger.read_raw(desk.ledger.head() - 1, 1)[0][2])
    return [
        f"{events:,} events a round, median of {rounds} rounds, all in turns on one server of its own, on loopback.",
        f"Durability, as the server says: {server_durability(bare)}. UmaDB as it comes, on the same disk.",
        f"Stored bytes of an event of ours: {stored}; to the others each claim says the same, without envelope.",
        f"Ours: MakeClaim on {INCIDENTS} incidents that all callers and processes share, decided by the rules, each"
        " with a key for retries, whose answer is kept in the same transaction. All others: a stream for each caller,"
        " whose version it knows; no rules, no keys.",
        "Ours by several processes: in a database of its own. Each of them takes in what the others write.",
        "message-db: streams of one category wait for one another until the commit; own categories: no two are of one.",
        f"{PROCESSES} x {EACH}: so many processes with so many callers each; else all callers are one process.",
    ]


def _our_desk(server: postgres.Server, folder: Path, open_: ExitStack) -> tuple[Desk, Open]:
    """Return a desk on a server, and what opens another one there, in this process or in another."""
    address = open_.enter_context(server.database())
    desk = desk_of(open_.enter_context(server_ledger(address, folder)), INCIDENTS)
    return desk, partial(ours, address, folder, (desk.source, desk.incidents))


def _stores(server: postgres.Server, place: Path, open_: ExitStack) -> dict[str, Open]:
    """Return what opens a client of each store, each store in a database of its own."""
    stores: dict[str, Open] = {}
    stores["eventsourcing"] = partial(library.on_server, open_.enter_context(server.database()), CALLERS[-1])
    stores["UmaDB"] = partial(uma.at, open_.enter_context(uma.serving(place / "uma")))
    return stores


def _stores_of_npm(server: postgres.Server, open_: ExitStack) -> dict[str, Open]:
    """Return those that npm installs first: not to see that the bench works."""
    stores: dict[str, Open] = {}
    for own_category in (False, True):
        address = open_.enter_context(server.database())
        message_db.install(address)
        name = "message-db, own categories" if own_category else "message-db"
        stores[name] = partial(message_db.on_server, address, own_category=own_category)
    stores["emmett"] = partial(emmett.on_server, open_.enter_context(server.database()))
    return stores


def _enter(contest: Contestants, name: str, opened: Open, by_several: tuple[int, Open], open_: ExitStack) -> None:
    """Let a store take part, by one process and by several."""
    one: Client = open_.enter_context(opened())
    for callers in CALLERS:
        contest.add(f"{name}, {callers} callers", one, callers)
    several, opened_by_several = by_several
    client = open_.enter_context(processes(several, opened_by_several))
    contest.add(f"{name}, {several} x {EACH} callers", client, EACH, processes=several)
