"""Hours of a desk at work, in minutes: mixed load over HTTP, while memory, latency and the views' lag are watched.

Law: it fails by what a client could not act on: an answer of 5xx but 503 with Retry-After, a connection that was
dropped, a position of the stream that was missed or came twice, views that do not catch up. Memory is told, and judged
by who reads.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import httpx2

from bench.desk import SEED, desk_of
from bench.http import key_of
from bench.machine import described
from bench.soak_load import LONG, ROLES, TURNS, Board, Seen, Worker
from bench.soak_server import CACHED_EVENTS
from bench.soak_watch import Watched, caught_up, lag_of
from bench.tables import Table, milliseconds, rate
from service.ledger import Ledger
from service.settings import Settings
from tests import postgres
from tests.e2e.desk import Server, serving

INCIDENTS = 12
PROGRAM = (sys.executable, "-m", "bench.soak_server")
EVERY = 10.0
"""Seconds between two measurements of memory."""
REST = 0.1
"""Seconds that each at the desk rests between two requests, on the average."""
PATIENCE = 60.0
"""Seconds that the views have to catch up in the end."""
SHOWN = 20
"""Failures that are told one by one."""


@dataclass(frozen=True)
class Soaked:
    """What a soak came to."""

    places: str
    seconds: float
    seen: Seen
    watched: Watched

    @property
    def failures(self) -> list[str]:
        """Return what a client could not act on, and what is not well in the end."""
        behind = self.watched.at_the_end
        late = [f"views: {behind} positions behind, {PATIENCE:.0f} s after the last write"] if behind else []
        return self.seen.failures + late

    def tables(self) -> list[Table]:
        """Return what was seen."""
        return [self._requests(), self._memory(), self._views()]

    def _requests(self) -> Table:
        rows = [
            [kind, f"{len(seconds):,}", *_middle_and_most(seconds), self.seen.told_of(kind)]
            for kind, seconds in sorted(self.seen.seconds.items())
        ]
        notes = [
            f"{sum(ROLES.values())} clients for {self.seconds / 60:.0f} min on {self.places}; the log has"
            f" {self.seen.position:,} events in the end, {rate(self.seen.position / self.seconds)} recorded a second.",
            f"The stream was followed up to position {self.seen.heard:,}, none missed and none twice, with"
            f" {self.seen.statuses['stream', 200]} connections.",
            f"What a client could not act on: {len(self.seen.failures)}.",
        ]
        return Table("Soak: requests, ms", ("what", "answers", "p50", "p99", "max", "not 2xx"), rows, notes)

    def _memory(self) -> Table:
        rows = [
            [
                one.name,
                f"{one.sizes[0]:.0f}",
                f"{one.sizes[len(one.sizes) // 3]:.0f}",
                f"{one.sizes[-1]:.0f}",
                f"{max(one.sizes):.0f}",
                f"{one.slope():+.0f}",
                "yes" if one.is_flat() else "no",
            ]
            for one in self.watched.memories.values()
        ]
        columns = ("process", "first", "at a third", "last", "most", "slope, MB/h", "flat")
        notes = [
            f"Resident memory at steps of {EVERY:.0f} s; the slope is that of the last two thirds, by least squares."
            " Flat: at that slope it grows in as long again by less than a tenth.",
            f"What a service has at hand on purpose is bounded to {CACHED_EVENTS:,} events, so that it is full early;"
            f" an incident is told after {LONG} events, and the next one is opened.",
        ]
        return Table("Soak: memory, MB", columns, rows, notes)

    def _views(self) -> Table:
        lags = sorted(lag for _, lag in self.watched.lags)
        figures = {
            "in the middle": lags[len(lags) // 2],
            "at the most": lags[-1],
            "at the end": self.watched.at_the_end,
        }
        rows = [[when, str(lag)] for when, lag in figures.items()]
        return Table("Soak: positions that the views lay behind", ("when", "positions"), rows)


def _middle_and_most(seconds: Sequence[float]) -> list[str]:
    ordered = sorted(seconds)
    return [milliseconds(ordered[int((len(ordered) - 1) * share)]) for share in (0.5, 0.99, 1.0)]


def soak(folder: Path, minutes: float, *, on_postgres: bool = True, rest: float = REST, every: float = EVERY) -> Soaked:
    """Soak a new record for some minutes: on PostgreSQL with two services, else on SQLite with one."""
    with ExitStack() as held:
        database = ""
        if on_postgres:
            database = held.enter_context(held.enter_context(postgres.server()).database())
        with Ledger.open(Settings.read(data=folder / "made", database=database)) as ledger:
            desk, key = desk_of(ledger, INCIDENTS), key_of(ledger, "editor")
            seen = Seen(begun=ledger.head(), position=ledger.head())
        made = Board({str(incident): seen.begun for incident, _ in desk.incidents}), [str(desk.source)]
        servers = [held.enter_context(_served(folder, database, n)) for n in range(1 + on_postgres)]
        places = "two services on PostgreSQL" if on_postgres else "one service on SQLite"
        return Soaked(places, *asyncio.run(_soaked(servers, key, made, seen, (minutes * 60, rest, every))))


@contextmanager
def _served(folder: Path, database: str, n: int) -> Iterator[Server]:
    """Serve the record; of several, each has a folder of its own."""
    data = folder / (f"served-{n}" if database else "made")
    with serving(data, program=PROGRAM, database=database, reads_per_minute="0", writes_per_minute="0") as server:
        yield server


async def _soaked(
    servers: list[Server], key: str, made: tuple[Board, list[str]], seen: Seen, times: tuple[float, float, float]
) -> tuple[float, Seen, Watched]:
    watched, ending = Watched(), asyncio.Event()
    begun, (seconds, rest, every) = time.monotonic(), times
    async with asyncio.TaskGroup() as group, _Clients(servers, key) as clients:
        workers = [
            Worker(clients.of(n), *made, seen, Random(SEED + n), rest, ending) for n in range(sum(ROLES.values()))
        ]
        roles = [role for role, count in ROLES.items() for _ in range(count)]
        working = [group.create_task(one.work(TURNS[role])) for one, role in zip(workers, roles, strict=True)]
        while (passed := time.monotonic() - begun) < seconds:
            watched.note_memory(passed, {server.process.pid: f"serve {n}" for n, server in enumerate(servers, 1)})
            watched.lags.append((passed, await lag_of(clients.of(len(watched.lags)))))
            await asyncio.sleep(min(every, seconds - passed))
        ending.set()
        await asyncio.gather(*working)
        passed = time.monotonic() - begun
        watched.note_memory(passed, {server.process.pid: f"serve {n}" for n, server in enumerate(servers, 1)})
        watched.at_the_end = max([await caught_up(clients.of(n), PATIENCE) for n in range(len(servers))])
    return passed, seen, watched


class _Clients:
    """A client for each service, which many use."""

    def __init__(self, servers: list[Server], key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._clients = [httpx2.AsyncClient(base_url=one.url, headers=headers, timeout=60) for one in servers]

    async def __aenter__(self) -> "_Clients":
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients:
            await client.aclose()

    def of(self, n: int) -> httpx2.AsyncClient:
        """Return the client of the n-th, one service after the other."""
        return self._clients[n % len(self._clients)]


def main(arguments: list[str]) -> int:
    """Soak, print the tables, and return the exit code."""
    options = _options(arguments)
    shown = Table.as_markdown if options.markdown else Table.as_text
    print(shown(described(options.folder)), flush=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        soaked = soak(Path(folder), options.minutes, on_postgres=not options.sqlite)
    for table in soaked.tables():
        print(shown(table), flush=True)
    for failure in soaked.failures[:SHOWN]:
        print(failure, file=sys.stderr)
    return 1 if soaked.failures else 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench soak", description="Work at a desk, and watch it.")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--sqlite", action="store_true", help="one service on SQLite, not two on PostgreSQL")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="on the disk to use")
    return parser.parse_args(arguments)
