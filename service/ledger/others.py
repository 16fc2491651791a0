"""What other processes have written to the log since this one last looked.

Law: whoever has the turn has taken in all of the log before anything is decided. A state at hand is either brought up
to date or dropped; to take in an event a second time changes nothing.
"""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

import structlog

from domain.events import REGISTRY, Recorded, mark_of
from service.ledger.asking import LedgerDamaged, Request
from service.ledger.batch import Head
from service.ledger.keyring import Keyring
from service.store.log import RecordLog
from service.store.recorder import End
from service.store.states import States

log = structlog.get_logger()
PAGE = 1_000
MANY = 10_000
"""Events of others, from which on it is cheaper to load anew what is asked for."""
LATELY = 1.0
"""Seconds after which this process may lie far behind, whoever wrote before."""
START = datetime.min.replace(tzinfo=UTC)
NAMED = ("source", "other", "account")
"""Fields of commands that name aggregates beside their own."""

Row = tuple[int, str, int, str, bytes, str | None]


class Others:
    """The way from where this process has seen the log to where it ends."""

    def __init__(self, log: RecordLog, states: States, keyring: Keyring) -> None:
        self._log, self._states, self._keyring = log.log_recorder, states, keyring
        self._looked_at = 0.0
        self._are_writing = True

    def look_ahead(self, head: Head, requests: Iterable[Request]) -> Head:
        """Before the turn, while others write: take in what is there, and load the aggregates that are named.

        Where nobody else has written of late, there is next to nothing to take in, and the turn tells it as well.
        """
        if self._are_writing or time.monotonic() - self._looked_at > LATELY:
            self._are_writing = False
            end = self._log.end()
            if end.position > head.position:
                head = self.take_in(head, end)
        for aggregate in {one for request in requests for one in _named(request)}:
            self._states.find(aggregate)
        return head

    def take_in(self, head: Head, end: End) -> Head:
        """Take in all up to the end, and return it as the head."""
        self._looked_at = time.monotonic()
        new = head_at(end)
        if new == head:
            return head
        self._are_writing = True
        if new.position - head.position > MANY:
            self._start_anew()
            return new
        last = head.position
        while last < new.position:
            last = self._take_page(head, last, new.position)
        if new.position <= head.position:
            self._tell_lost(head)
        return new

    def _take_page(self, head: Head, after: int, until: int) -> int:
        """Take in a page of events, the first of them behind the head, which must still be what it was."""
        rows = self._log.whole_rows(max(after - 1, 0) if after == head.position else after, PAGE)
        if after == head.position > 0:
            if not rows or mark_of(rows[0][4]) != head.mark:
                self._tell_lost(head)
            rows = rows[1:]
        for expected, row in enumerate(rows, start=after + 1):
            if row[0] != expected:
                raise LedgerDamaged(f"position {expected} is missing in the log: restore a backup")
            if expected <= until:
                self._take(row)
        if not rows:
            raise LedgerDamaged(f"position {after + 1} is missing in the log: restore a backup")
        return rows[-1][0]

    def _take(self, row: Row) -> None:
        position, aggregate, _, name, data, _ = row
        kind = REGISTRY.get(name)  # none where a newer version writes beside this one
        if kind is None or kind.AGGREGATE == "account":
            self._keyring.forget()
        if self._states.concerns(UUID(aggregate), name):
            self._states.follow(Recorded.from_bytes(data, position), mark_of(data))

    def _tell_lost(self, head: Head) -> None:
        """Go on with the log as it is, and forget what was seen of it: what it lost cannot be mended from here."""
        log.error("the log is not what it was: it has lost events, or another one was put in its place", was=head)
        self._start_anew()

    def _start_anew(self) -> None:
        self._states.clear()
        self._keyring.forget()


def head_at(end: End) -> Head:
    """Return the end of the log as the writer knows it."""
    return Head(end.position, datetime.fromisoformat(end.recorded_at) if end.recorded_at else START, end.mark)


def _named(request: Request) -> Iterable[UUID]:
    command = request.command
    found = [getattr(command, name, None) for name in (command.AGGREGATE, *NAMED)]
    return [one for one in (*found, request.actor.account) if isinstance(one, UUID)]
