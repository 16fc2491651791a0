"""Importing a million events by the command line, and the views catching up: how long, and in how much memory."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.desk import open_ledger
from bench.stories import story, write
from bench.tables import Table, rate
from projections.runner import Runner
from service import memory


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took: seconds, and the most memory that was resident, in bytes."""

    seconds: float
    memory: int


SPREAD, GIANT = (2_000, 500), (1, 100_000)
"""Incidents, and events of each."""


def run(folder: Path, quick: bool) -> list[Table]:
    """Measure imports, and return the table. A process of its own for each, so that its peak is its own."""
    shapes = [(4, 50), (1, 100)] if quick else [SPREAD, GIANT]
    rows = []
    for incidents, each in shapes:
        with TemporaryDirectory(dir=folder) as temporary:
            rows += _imported(Path(temporary), incidents, each)
    notes = [
        "`onrecord import FILE` as a process: NDJSON of commands, decided by the rules, each row with a key for"
        " retries; 20 incidents are told at the same time, one after the other.",
        "Then `Runner.catch_up` of all views in a process of its own.",
    ]
    return [Table("Importing by the command line", ("what", "events/s", "seconds", "peak MB"), rows, notes)]


def _imported(place: Path, incidents: int, each: int) -> list[list[str]]:
    file, data = place / "story.ndjson", place / "data"
    lines = write(file, story(incidents, each))
    shape = f"{incidents:,} incidents of {each:,} events"
    imported = _in_a_process(_import, (str(file), str(data)))
    caught_up = _in_a_process(_catch_up, (str(data),))
    return [_row(f"import, {shape}", lines, imported), _row(f"views catch up, {shape}", lines, caught_up)]


def _row(what: str, events: int, cost: Cost) -> list[str]:
    return [what, rate(events / cost.seconds), f"{cost.seconds:.1f}", f"{cost.memory / 1e6:.0f}"]


def _in_a_process(work: Callable[..., Cost], arguments: Sequence[str]) -> Cost:
    """Do some work in a process of its own, and return what that process, or its one child, took."""
    with ProcessPoolExecutor(1, get_context("spawn")) as one:
        return one.submit(work, *arguments).result()


def _import(file: str, data: str) -> Cost:
    command = [str(Path(sys.executable).with_name("onrecord")), "import", "--quiet", "--data", data, file]
    begun = time.perf_counter()
    subprocess.run(command, check=True)
    return Cost(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)


def _catch_up(data: str) -> Cost:
    begun = time.perf_counter()
    with open_ledger(Path(data), read_only=True) as ledger, Runner.open(Path(data) / "views.sqlite") as views:
        memory.settle()  # as the process does that keeps the views of a server
        views.catch_up(ledger.read_raw)
    return Cost(time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
