"""So many callers at once: each gives a claim to a store, waits for the answer, and gives the next.

Law: what is made for a round is made before its clock runs.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Protocol

from service import memory

Claim = tuple[int, str]
"""The number and the wording of a claim."""
Append = Callable[[Claim], None]
"""Append a claim and wait until it is on the disk."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a round took: seconds of the whole, and of each append."""

    seconds: float
    latencies: list[float]


class Client(Protocol):
    """One that appends to a store."""

    def append(self, callers: int, claims: Sequence[Claim]) -> Seen:
        """Append claims, by so many callers at once."""


Open = Callable[[], AbstractContextManager[Client]]


def by_threads(appends: Sequence[Append], claims: Sequence[Claim]) -> Seen:
    """Let a thread for each caller append its share."""
    latencies: list[float] = []

    def caller(append: Append, share: Sequence[Claim]) -> None:
        for claim in share:
            begun = time.perf_counter()
            append(claim)
            latencies.append(time.perf_counter() - begun)

    shares = [claims[n :: len(appends)] for n in range(len(appends))]
    threads = [threading.Thread(target=caller, args=given) for given in zip(appends, shares, strict=True)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    assert len(latencies) == len(claims), "each claim was appended"
    return Seen(seconds, latencies)


class Threads:
    """Callers of one process, each a thread with a way of its own to the store."""

    def __init__(self) -> None:
        self._callers: list[Append] = []

    def append(self, callers: int, claims: Sequence[Claim]) -> Seen:
        """Append claims, by so many callers at once."""
        while len(self._callers) < callers:
            self._callers.append(self._caller())
        return by_threads(self._callers[:callers], claims)

    def _caller(self) -> Append:
        """Return another caller."""
        raise NotImplementedError


class Processes:
    """Callers in several processes, each with a client of its own."""

    def __init__(self, pipes: "Sequence[Connection[object, Seen]]") -> None:
        self._pipes = pipes

    def append(self, callers: int, claims: Sequence[Claim]) -> Seen:
        """Append claims, by so many callers in each process."""
        shares = [claims[n :: len(self._pipes)] for n in range(len(self._pipes))]
        begun = time.perf_counter()
        for pipe, share in zip(self._pipes, shares, strict=True):
            pipe.send((callers, share))
        seen = [pipe.recv() for pipe in self._pipes]
        return Seen(time.perf_counter() - begun, [one for each in seen for one in each.latencies])


@contextmanager
def processes(count: int, open_: Open) -> Iterator[Processes]:
    """Open a client in each of so many processes; `open_` is what can be sent to them."""
    context = get_context("spawn")
    with ExitStack() as stack:
        pipes: list[Connection[object, Seen]] = []
        for _ in range(count):
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(there, open_), daemon=True)
            process.start()
            there.close()
            here.recv()  # it is open: of those that make their tables at once, some would fail
            stack.callback(process.join)
            stack.callback(here.close)  # which ends it
            pipes.append(here)
        yield Processes(pipes)


def _serve(pipe: "Connection[Seen, tuple[int, Sequence[Claim]]]", open_: Open) -> None:
    with open_() as client:
        memory.settle()
        pipe.send(Seen(0.0, []))
        while True:
            try:
                callers, claims = pipe.recv()
            except EOFError:
                return
            pipe.send(client.append(callers, claims))
