"""Reading one incident as of a random time: rows that know when they held, beside a fold of the same history."""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from uuid import UUID

from eventsourcing.domain import Aggregate

from bench.desk import SEED, open_ledger, sentence
from bench.http import key_of, serving
from bench.peers.library import Claims, Contested, application, claim_on
from bench.stories import one_claim, record, story
from bench.tables import PERCENTILE_COLUMNS, Table, in_turns, medians, milliseconds, percentiles, times
from projections.runner import Runner
from projections.views import claims, incidents
from service.ledger import Ledger

SIZES = (1_000, 10_000, 100_000)
QUICK_SIZES = (50, 100, 200)
PAGE = 50
SAVED_AT_ONCE = 1_000
READS = 20
"""Reads in a round of ours; the library's takes seconds, and reads once."""
Taken = dict[str, list[float]]


def run(folder: Path, quick: bool) -> list[Table]:
    """Measure reading at a moment, and return its tables."""
    sizes, rounds = (QUICK_SIZES, 2) if quick else (SIZES, 5)
    taken: Taken = {}
    with ExitStack() as open_:
        place = Path(open_.enter_context(TemporaryDirectory(dir=folder)))
        contest: dict[str, Callable[[], float]] = {}
        for size in sizes:
            contest |= _of_size(place / str(size), size, open_, taken)
        contest |= _many_changes(place / "one-claim", sizes[-1], open_, taken)
        figures = in_turns(contest, rounds)
    return [_table(medians(figures), sizes, rounds), _latencies(taken)]


def _of_size(place: Path, size: int, open_: ExitStack, taken: Taken) -> dict[str, Callable[[], float]]:
    """Return the contestants on an incident of so many events: ours in process and over HTTP, the library's."""
    record(place, story(1, size))
    with open_ledger(place) as ledger:
        head, key = ledger.head(), key_of(ledger, "auditor")
    contest = _in_process(place, head, f"{size:,} events", open_, taken)
    contest |= _over_http(place, head, f"{size:,} events", key, open_, taken)
    app = open_.enter_context(application(place))
    contest[f"eventsourcing repository.get(version=), {size:,} events"] = _folded(app, size)
    return contest


def _many_changes(place: Path, size: int, open_: ExitStack, taken: Taken) -> dict[str, Callable[[], float]]:
    head = record(place, one_claim(size))
    return _in_process(place, head, f"one claim changed {size:,} times", open_, taken)


def _in_process(place: Path, head: int, what: str, open_: ExitStack, taken: Taken) -> dict[str, Callable[[], float]]:
    """Return our contestants: a time to a position to rows, on a connection of the views."""
    ledger = open_.enter_context(open_ledger(place, read_only=True))
    views = open_.enter_context(Runner.open(place / "views.sqlite"))
    views.catch_up(ledger.read_raw)
    incident = _incident(ledger, head)
    with views.connect() as connection:
        shown = incidents.get_incident(connection, head, incident)
        assert shown is not None, "the incident is shown before it is measured"
    moments = Moments(ledger, incident, head)

    def page() -> None:
        at = ledger.position_at(moments.next())
        with views.connect() as connection:
            claims.list_claims(connection, at, incident=incident, limit=PAGE)

    def brief() -> None:
        at = ledger.position_at(moments.next())
        with views.connect() as connection:
            incidents.get_incident(connection, at, incident)

    named = {f"page of {PAGE} claims, {what}": page, f"brief, {what}": brief}
    return {name: _timed(read, READS, taken.setdefault(name, [])) for name, read in named.items()}


def _over_http(
    place: Path, head: int, what: str, key: str, open_: ExitStack, taken: Taken
) -> dict[str, Callable[[], float]]:
    with open_ledger(place, read_only=True) as ledger:
        incident = _incident(ledger, head)
        moments = Moments(ledger, incident, head)
        times_ = [moments.next().isoformat().replace("+00:00", "Z") for _ in range(READS)]
    port = open_.enter_context(serving(place))
    paths = [f"/api/v1/incidents/{incident}/claims?limit={PAGE}&at={at}" for at in times_]
    name = f"page of {PAGE} claims over HTTP, {what}"

    def one_round() -> float:
        latencies = _get_all(port, paths, key)
        taken.setdefault(name, []).extend(latencies)
        return sum(latencies) / len(latencies)

    return {name: one_round}


def _get_all(port: int, paths: list[str], key: str) -> list[float]:
    """Get one path after the other over one connection; return the seconds of each."""
    latencies = []
    with closing(HTTPConnection("127.0.0.1", port)) as connection:
        for path in paths:
            begun = time.perf_counter()
            connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
            answer = connection.getresponse()
            answer.read()
            latencies.append(time.perf_counter() - begun)
            assert answer.status == 200, answer.status
    return latencies


class Moments:
    """Random times within the story of an incident, from a fixed seed."""

    def __init__(self, ledger: Ledger, incident: str, head: int) -> None:
        self._chance = Random(SEED)
        self._first = next(iter(ledger.history(UUID(incident)))).recorded_at
        self._last = ledger.recorded_at(head)

    def next(self) -> datetime:
        """Return a time between the first event and the last."""
        return self._first + self._chance.random() * (self._last - self._first)


def _incident(ledger: Ledger, head: int) -> str:
    return str(ledger.read(head - 1, 1)[0].aggregate)


def _folded(app: Claims, size: int) -> Callable[[], float]:
    """Return a round that folds the library's aggregate up to a random version."""
    chance, incident = Random(SEED), Contested(title="Incident")
    for n in range(size - 1):
        claim_on(incident, sentence(chance), n)
        if n % SAVED_AT_ONCE == 0:
            app.save(incident)
    app.save(incident)
    found: UUID = incident.id

    def read() -> None:
        at: Aggregate = app.repository.get(found, version=chance.randint(1, size))
        assert at.id == found

    return _timed(read, 1, [])


def _timed(read: Callable[[], None], reads: int, taken: list[float]) -> Callable[[], float]:
    """Return a round that reads so often, and returns the seconds of one read."""

    def one_round() -> float:
        latencies = []
        for _ in range(reads):
            begun = time.perf_counter()
            read()
            latencies.append(time.perf_counter() - begun)
        taken.extend(latencies)
        return sum(latencies) / len(latencies)

    return one_round


def _table(middle: dict[str, float], sizes: tuple[int, ...], rounds: int) -> Table:
    rows = []
    for name, seconds in middle.items():
        kind, _, what = name.rpartition(", ")
        smallest = middle.get(f"{kind}, {sizes[0]:,} events")
        folded = middle.get(f"eventsourcing repository.get(version=), {what}")
        rows.append(
            [
                name,
                milliseconds(seconds),
                times(seconds / smallest) if smallest else "",
                f"{folded / seconds:,.0f}" if folded else "",
            ]
        )
    notes = [
        f"A random time within the record, another for each read; median of {rounds} rounds of {READS} reads, in"
        " turns; the library's fold once a round, to a random version of an aggregate with as many events.",
        "In process: time to position, position to rows, rows to the answer's models, on a connection of the views.",
    ]
    columns = ("read", "ms", f"of {sizes[0]:,} events", "times faster than the fold")
    return Table("One incident as of a random time", columns, rows, notes)


def _latencies(taken: Taken) -> Table:
    rows = [[name, *percentiles(seconds)] for name, seconds in taken.items()]
    return Table("One incident as of a random time: each read, ms", ("read", *PERCENTILE_COLUMNS), rows)
