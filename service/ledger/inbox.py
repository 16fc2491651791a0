"""Where requests wait for the writer: a bounded queue that can be closed.

Law: every ticket that was taken in is answered, once. After `close` none is taken in, and what still waits is left to
who closed it or to the writer.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass

from service.ledger.asking import Outcome, QueueFull, Receipt, Request, Unavailable


@dataclass(slots=True)
class Ticket:
    """A request and its outcome. Somebody waits for it in an event loop, in a thread, or nobody does."""

    request: Request
    waiting: "Future[Receipt] | asyncio.Future[Receipt] | None" = None
    loop: asyncio.AbstractEventLoop | None = None
    outcome: Outcome | None = None


class Inbox:
    """Tickets in the order in which they came, at most `size`."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._tickets: deque[Ticket] = deque()
        self._closed = False
        lock = threading.Lock()
        self._filled, self._emptied = threading.Condition(lock), threading.Condition(lock)

    def put(self, ticket: Ticket, *, wait: bool) -> None:
        """Take in a ticket. Raise `Unavailable` when closed; without `wait`, `QueueFull` when there is no room."""
        with self._filled:
            while not self._closed and len(self._tickets) >= self._size:
                if not wait:
                    raise QueueFull(f"{self._size} writes wait: try again")
                self._emptied.wait()
            if self._closed:
                raise Unavailable("the ledger is closing: try again")
            self._tickets.append(ticket)
            self._filled.notify()

    def take(self, limit: int) -> list[Ticket]:
        """Return all that waits, at most `limit`, waiting for the first; nothing once it is closed and empty."""
        with self._filled:
            while not self._tickets and not self._closed:
                self._filled.wait()
            taken = [self._tickets.popleft() for _ in range(min(limit, len(self._tickets)))]
            self._emptied.notify_all()
            return taken

    def close(self) -> None:
        """Take in nothing more."""
        with self._filled:
            self._closed = True
            self._filled.notify_all()
            self._emptied.notify_all()

    def rest(self) -> list[Ticket]:
        """Close, and return what nobody will serve any more."""
        self.close()
        with self._filled:
            left, self._tickets = list(self._tickets), deque()
            return left


def answer(tickets: Iterable[Ticket]) -> None:
    """Give the outcomes to those who wait; those of one event loop in one call."""
    loops: dict[asyncio.AbstractEventLoop, list[Ticket]] = {}
    for ticket in tickets:
        if ticket.loop is not None:
            loops.setdefault(ticket.loop, []).append(ticket)
        elif ticket.waiting is not None:
            _resolve(ticket)
    for loop, waiting in loops.items():
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve_all, waiting)


def _resolve_all(tickets: list[Ticket]) -> None:
    for ticket in tickets:
        _resolve(ticket)


def _resolve(ticket: Ticket) -> None:
    waiting = ticket.waiting
    if waiting is None or waiting.done():  # who waited has given up
        return
    if isinstance(ticket.outcome, Receipt):
        waiting.set_result(ticket.outcome)
    else:
        assert ticket.outcome is not None, "answered before it was decided"
        waiting.set_exception(ticket.outcome)
