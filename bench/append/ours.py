"""Our ledger as a contestant: commands decided by the rules, each with a key for retries, awaited one by one."""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from bench.callers import Claim, Seen
from bench.desk import Desk, asked, open_ledger
from service.ledger import Ledger
from service.settings import Settings

INCIDENTS = 8
Opened = tuple[UUID, tuple[tuple[UUID, UUID], ...]]
"""A source, and incidents with a report each."""


class Ours:
    """Callers of one ledger, as tasks of an event loop: what the service's routes are."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def append(self, callers: int, claims: Sequence[Claim]) -> Seen:
        """Give a command for each claim and await its receipt, by so many callers at once."""
        return asyncio.run(self._all(callers, claims))

    async def _all(self, callers: int, claims: Sequence[Claim]) -> Seen:
        latencies: list[float] = []
        begun = time.perf_counter()
        await asyncio.gather(*(self._caller(claims[n::callers], latencies) for n in range(callers)))
        return Seen(time.perf_counter() - begun, latencies)

    async def _caller(self, share: Sequence[Claim], latencies: list[float]) -> None:
        for n, text in share:
            request = asked(self._desk.claim(n, text), f"key-{os.getpid()}-{n}")
            begun = time.perf_counter()
            await self._desk.ledger.execute(request)
            latencies.append(time.perf_counter() - begun)


@contextmanager
def on_server(address: str, folder: Path, opened: Opened) -> Iterator[Ours]:
    """Open a ledger of this process on a server, for incidents that were opened there."""
    with server_ledger(address, folder) as ledger:
        yield Ours(Desk(ledger, *opened))


def server_ledger(address: str, folder: Path) -> Ledger:
    """Open a ledger on a server as the service does."""
    return Ledger.open(Settings.read(data=folder, database=address, log_level="error"))


def empty_log(folder: Path) -> None:
    """Make a ledger in a file, with nothing in it."""
    with open_ledger(folder):
        pass
