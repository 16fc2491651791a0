"""A new claim on an incident that has grown large: while it is at hand, and as the first one after a start."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from bench.desk import Desk, asked, open_ledger
from bench.stories import record, story
from bench.tables import PERCENTILE_COLUMNS, Table, percentiles
from domain.incident_events import ReportReceived
from service.ledger import Ledger

SIZES = (1_000, 10_000, 100_000)
QUICK_SIZES = (50, 100)
CLAIMS = 200


def run(folder: Path, quick: bool) -> list[Table]:
    """Measure claims on incidents of several sizes, and return the table."""
    sizes, starts = (QUICK_SIZES, 2) if quick else (SIZES, 5)
    rows = []
    for size in sizes:
        with TemporaryDirectory(dir=folder) as temporary, ExitStack() as open_:
            place = Path(temporary)
            record(place, story(1, size))
            first = [_first_after_start(place, n) for n in range(starts)]
            ledger = open_.enter_context(open_ledger(place))
            claim = _claims(ledger, "at-hand")
            claim()
            at_hand = [claim() for _ in range(CLAIMS)]
        rows += [[f"{size:,} events, at hand", *percentiles(at_hand)]]
        rows += [[f"{size:,} events, first after a start", *percentiles(first)]]
    notes = [
        f"One caller, durable. At hand: {CLAIMS} claims one after the other. First after a start: {starts} times the"
        " ledger is opened anew and given one claim; its state comes from a snapshot and the events after it.",
    ]
    return [Table("A new claim on a large incident, ms", ("incident", *PERCENTILE_COLUMNS), rows, notes)]


def _first_after_start(place: Path, n: int) -> float:
    with open_ledger(place) as ledger:
        return _claims(ledger, f"start-{n}")()


def _claims(ledger: Ledger, name: str) -> Callable[[], float]:
    """Return what makes a claim on the incident, and returns how many seconds that took."""
    desk, made = _desk(ledger), 0

    def claim() -> float:
        nonlocal made
        made += 1
        request = asked(desk.claim(made, f"{name} {made}"), f"{name}-{made}")
        begun = time.perf_counter()
        ledger.execute_now(request)
        return time.perf_counter() - begun

    return claim


def _desk(ledger: Ledger) -> Desk:
    """Return the desk of a ledger that holds one incident."""
    for recorded in ledger.read(0, 1_000):
        if isinstance(recorded.event, ReportReceived):
            source: UUID = recorded.event.source
            return Desk(ledger, source, ((recorded.aggregate, recorded.event.report),))
    raise AssertionError("a story begins with a report")
