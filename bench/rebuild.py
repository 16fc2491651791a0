"""Building views anew from the log, on both databases, beside the library's projection that keeps the same rows."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from bench.append.ours import server_ledger
from bench.desk import SEED, open_ledger, sentence
from bench.peers import projection
from bench.peers.library import Claims, Contested, application, claim_on
from bench.peers.library import on_server as library_on_server
from bench.stories import copy, record, story
from bench.tables import Table, in_turns, medians, rate, times
from projections.catalogue import VIEWS
from projections.postgres import PostgresViews
from projections.runner import Runner
from service.ledger import Ledger
from service.store.postgres.connections import connecting
from service.store.recorder import Server
from tests import postgres

EACH = 500
CLAIMS = "claims"
PEER = "eventsourcing, claims"
EVENTS = 100_000
THEIRS = 10_000
"""Events that the library's runner is given: it takes a transaction for each."""
CORRECTIONS = 0.3
"""The share of corrections among them: as many as events that change a claim in our log."""


def run(folder: Path, quick: bool) -> list[Table]:
    """Measure rebuilding, and return its tables."""
    events, theirs, rounds = (500, 100, 2) if quick else (EVENTS, THEIRS, 5)
    with ExitStack() as open_:
        place = Path(open_.enter_context(TemporaryDirectory(dir=folder)))
        begun = time.perf_counter()
        head = record(place, story(max(1, events // EACH), min(EACH, events)))
        growing = ["(recording that log by its rules, once)", rate(head / (time.perf_counter() - begun)), ""]
        in_file = _measured(*_in_file(place, theirs, open_), head, rounds)
        on_server = _measured(*_on_server(place, theirs, open_), head, rounds)
    notes = _notes(head, rounds, theirs)
    columns = ("view", "events/s", "of the library's projection")
    return [
        Table("Building views anew, on SQLite", columns, [*in_file, growing], [*notes, FILE_NOTE]),
        Table("Building views anew, on PostgreSQL", columns, on_server, [*notes, SERVER_NOTE]),
    ]


def _in_file(place: Path, theirs: int, open_: ExitStack) -> tuple[Runner, Ledger, Callable[[], float]]:
    with application(place) as app:
        _tell(app, theirs)
    ledger = open_.enter_context(open_ledger(place, read_only=True))
    views = open_.enter_context(Runner.open(place / "views.sqlite"))
    return views, ledger, projection.in_file(place, count())


def _on_server(place: Path, theirs: int, open_: ExitStack) -> tuple[Runner, Ledger, Callable[[], float]]:
    server = open_.enter_context(postgres.server())
    ours, others = (open_.enter_context(server.database()) for _ in range(2))
    copy(place, ours)
    with library_on_server(others, 1) as saves:
        _tell(saves.app, theirs)
    ledger = open_.enter_context(server_ledger(ours, place / "server"))
    views = open_.enter_context(Runner(PostgresViews(connecting(Server(SecretStr(ours))))))
    return views, ledger, projection.on_server(others, theirs, count())


def _tell(app: Claims, events: int) -> None:
    """Record claims and corrections in the library's own log."""
    chance, incident = Random(SEED), Contested(title="Incident")
    made: list[str] = []
    for n in range(events - 1):
        if made and chance.random() < CORRECTIONS:
            incident.correct_claim(chance.choice(made), sentence(chance))
        else:
            claim_on(incident, sentence(chance), n)
            made.append(next(reversed(incident.claims)))
    app.save(incident)


def _measured(views: Runner, ledger: Ledger, peer: Callable[[], float], head: int, rounds: int) -> list[list[str]]:
    """Return the rows of the table of one database."""
    begun = time.perf_counter()
    views.catch_up(ledger.read_raw)
    together = head / (time.perf_counter() - begun)
    once = {view.name: _rebuilt(views, view.name, ledger, head)() for view in VIEWS if view.name != CLAIMS}
    middle = medians(in_turns({CLAIMS: _rebuilt(views, CLAIMS, ledger, head), PEER: peer}, rounds)) | once
    one_by_one = 1 / sum(1 / middle[view.name] for view in VIEWS)
    all_of_them = {"all views, one after the other": one_by_one, "all views, caught up together (once)": together}
    return [[name, rate(speed), times(speed / middle[PEER])] for name, speed in (middle | all_of_them).items()]


def _rebuilt(views: Runner, name: str, ledger: Ledger, head: int) -> Callable[[], float]:
    def one_round() -> float:
        begun = time.perf_counter()
        views.rebuild(name, ledger.read_raw)
        return head / (time.perf_counter() - begun)

    return one_round


FILE_NOTE = "The library flushes (FULL), our views do not (NORMAL): they can be rebuilt."
SERVER_NOTE = (
    "The library's own ProjectionRunner, which follows its log by a subscription; it waits for each commit"
    " (synchronous_commit), our views do not: they can be rebuilt."
)


def _notes(head: int, rounds: int, theirs: int) -> list[str]:
    return [
        f"A log of {head:,} events: claims, corrections, assessments, stances and links on incidents of {EACH} events;"
        f" claims and the library: median of {rounds} rounds, in turns; the other views once."
        " Events are those of the log, whether a view cares for them or not.",
        f"The library's projection, as it comes: {theirs:,} claims and corrections of its own log, simpler rows of"
        " claims with their interval, a transaction for each event.",
        "A rebuild builds the view beside the live one, compares all rows of the two, and lets the new one take over.",
    ]
