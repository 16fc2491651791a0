"""Building views anew from the log, beside the library's projection runner that keeps the same rows."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bench.desk import SEED, open_ledger, sentence
from bench.peers.library import Contested, application, claim_on
from bench.peers.projection import projected
from bench.stories import record, story
from bench.tables import Table, in_turns, medians, rate, times
from projections.catalogue import VIEWS
from projections.runner import Runner
from service.ledger import Ledger

EACH = 500
CLAIMS = "claims"
PEER = "eventsourcing Projection, claims"
EVENTS = 100_000
THEIRS = 10_000
"""Events that the library's runner is given: it takes a transaction for each."""
CORRECTIONS = 0.3
"""The share of corrections among them: as many as events that change a claim in our log."""


def run(folder: Path, quick: bool) -> list[Table]:
    """Measure rebuilding, and return its table."""
    events, theirs, rounds = (500, 100, 2) if quick else (EVENTS, THEIRS, 5)
    with ExitStack() as open_:
        place = Path(open_.enter_context(TemporaryDirectory(dir=folder)))
        begun = time.perf_counter()
        head = record(place, story(max(1, events // EACH), min(EACH, events)))
        growing = head / (time.perf_counter() - begun)
        ledger = open_.enter_context(open_ledger(place, read_only=True))
        views = open_.enter_context(Runner.open(place / "views.sqlite"))
        begun = time.perf_counter()
        views.catch_up(ledger.read_raw)
        catching_up = head / (time.perf_counter() - begun)
        once = {view.name: _rebuilt(views, view.name, ledger, head)() for view in VIEWS if view.name != CLAIMS}
        contest = {CLAIMS: _rebuilt(views, CLAIMS, ledger, head), PEER: _library(place, theirs)}
        middle = medians(in_turns(contest, rounds)) | once
    return [_table(middle, head, rounds, growing, catching_up, theirs)]


def _rebuilt(views: Runner, name: str, ledger: Ledger, head: int) -> Callable[[], float]:
    def one_round() -> float:
        begun = time.perf_counter()
        views.rebuild(name, ledger.read_raw)
        return head / (time.perf_counter() - begun)

    return one_round


def _library(place: Path, events: int) -> Callable[[], float]:
    """Return a round of the library's projection over claims and corrections in its own log."""
    chance, numbers, incident = Random(SEED), count(), Contested(title="Incident")
    made: list[str] = []
    with application(place) as app:
        for n in range(events - 1):
            if made and chance.random() < CORRECTIONS:
                incident.correct_claim(chance.choice(made), sentence(chance))
            else:
                claim_on(incident, sentence(chance), n)
                made.append(next(reversed(incident.claims)))
        app.save(incident)
    return lambda: projected(place, numbers)


def _table(middle: dict[str, float], head: int, rounds: int, growing: float, catching_up: float, theirs: int) -> Table:
    peer = middle[PEER]
    rows = [[name, rate(speed), times(speed / peer)] for name, speed in middle.items()]
    together = 1 / sum(1 / middle[view.name] for view in VIEWS)
    rows.append(["all views, one after the other", rate(together), times(together / peer)])
    rows.append(["all views, caught up together (once)", rate(catching_up), times(catching_up / peer)])
    rows.append(["(recording that log by its rules, once)", rate(growing), ""])
    notes = [
        f"A log of {head:,} events: claims, corrections, assessments, stances and links on incidents of {EACH} events;"
        f" claims and the library: median of {rounds} rounds, in turns; the other views once."
        " Events are those of the log, whether a view cares for them or not.",
        f"The library's projection, as it comes: {theirs:,} claims and corrections of its own log, simpler rows of"
        " claims with their interval, a transaction for each event.",
        "A rebuild builds the view beside the live one, compares all rows of the two, and lets the new one take over.",
        "The library flushes (FULL), our views do not (NORMAL): they can be rebuilt.",
    ]
    return Table("Building views anew", ("view", "events/s", "of the library's projection"), rows, notes)
