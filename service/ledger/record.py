"""The ledger as a whole: opened, written to, read from, closed.

Law: of a ledger in a file, one process writes, and a lock on its folder says so; of one on a server, any number. Any
number read.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import IO, Self
from uuid import UUID

from domain.account_state import Account
from domain.events import Recorded
from domain.subject_state import Subject
from service.ledger.asking import NoLedger, Outcome, Receipt, Request, Unavailable
from service.ledger.inbox import Inbox, Ticket
from service.ledger.keyring import Holder, Keyring
from service.ledger.places import is_there, named, place_of, prepare
from service.ledger.writer import Writer, head_of
from service.settings import Settings
from service.store.copying import MARK, UNFINISHED, NotWhole
from service.store.log import RecordLog, rfc3339
from service.store.recorder import Recorder
from service.store.states import history, load

PAGE = 2_000
"""Events that are read at a time."""


class Ledger:
    """The one writer of a record, and its readers. Open it with `Ledger.open`."""

    def __init__(
        self, log: RecordLog, lock: IO[str] | None, settings: Settings, *, decides: bool, trial: bool = False
    ) -> None:
        self._log, self._lock, self._write_wait = log, lock, settings.write_wait
        self._inbox, self._keyring = Inbox(settings.queue_size), Keyring(log)
        self._writer = Writer(log, self._inbox, self._keyring, trial=trial) if decides else None
        self._closed = False
        self.is_shared = log.log_recorder.is_shared
        self.is_demonstration = log.log_recorder.meta("demonstration") == "yes"
        self.id = UUID(str(log.log_recorder.meta("ledger")))

    @classmethod
    def open(
        cls,
        settings: Settings,
        *,
        demonstration: bool = False,
        read_only: bool = False,
        trial: bool = False,
        recalling: bool = False,
    ) -> Self:
        """Open the ledger where the settings say, making it where there is none, unless it is `read_only`.

        In a `trial`, beside a server or without one, commands are decided as ever and nothing of it is saved.
        `recalling` loads what was worked on last before it is asked for.

        Raise `LedgerInUse` where another process writes, `LedgerDamaged` where positions are missing, `NewerSchema`
        for a record of a newer version, `NoLedger` where there is none to read, `NotWhole` for a copy that was not
        finished. `demonstration` marks a new ledger; an old one keeps what it is.
        """
        with ExitStack() as on_failure:
            read_only = read_only or trial
            lock = None if read_only else prepare(settings, on_failure, demonstration=demonstration)
            if not is_there(settings):
                raise NoLedger(f"no record in {named(settings)}")
            log = RecordLog(place_of(settings), read_only=read_only)
            on_failure.callback(log.close)
            if log.log_recorder.meta(MARK) is not None:
                raise NotWhole(f"the record in {named(settings)} is {UNFINISHED}")
            ledger = cls(log, lock, settings, decides=trial or not read_only, trial=trial)
            head_of(log)
            on_failure.pop_all()
        if ledger._writer is not None:
            ledger._writer.start(recalling=recalling)
        return ledger

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish what waits, then close."""
        if self._closed:
            return
        self._closed = True
        if self._writer is not None:
            self._writer.stop()
        self._log.close()
        if self._lock is not None:
            self._lock.close()

    # Writing.

    async def execute(self, request: Request) -> Receipt:
        """Give a command and await its receipt. Who stops waiting does not stop the write.

        Raise `Refused`, `StaleVersion`, `IdempotencyMismatch` or `QueueFull`: nothing is then recorded. Raise
        `Unavailable` where the store is away, or too slow: asking again with the same key tells what became of it.
        """
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Receipt] = loop.create_future()
        self._put(Ticket(request, waiting, loop), wait=False)
        try:
            return await asyncio.wait_for(waiting, self._write_wait)
        except TimeoutError as late:
            raise Unavailable("it is not yet known what becomes of this: ask again, with the same key") from late

    def execute_now(self, request: Request) -> Receipt:
        """Give a command and wait for its receipt, in a thread. Raises as `execute` does."""
        waiting: Future[Receipt] = Future()
        self._put(Ticket(request, waiting), wait=True)
        return waiting.result()

    def execute_many(self, requests: Iterable[Request]) -> list[Outcome]:
        """Give commands in order, and return a receipt or an exception for each, in order."""
        tickets = [Ticket(request) for request in requests]
        if not tickets:
            return []
        # The writer answers in order: with the last one all are answered.
        tickets[-1].waiting = waiting = Future[Receipt]()
        for ticket in tickets:
            self._put(ticket, wait=True)
        waiting.exception()
        return [_outcome(ticket) for ticket in tickets]

    def _put(self, ticket: Ticket, *, wait: bool) -> None:
        if self._writer is None:
            raise Unavailable("this ledger was opened for reading: nothing is written")
        self._inbox.put(ticket, wait=wait)

    def on_commit(self, listener: Callable[[int], None]) -> None:
        """Let a listener be told the new head after each commit, from the writer's thread."""
        assert self._writer is not None, "who reads only commits nothing"
        self._writer.listeners.append(listener)

    # Reading.

    def head(self) -> int:
        """Return the last position of the log, 0 where it is empty."""
        return self._log.log_recorder.last_position()

    def read(self, after: int, limit: int) -> list[Recorded]:
        """Return the events after a position, in log order."""
        return [Recorded.from_bytes(data, at) for at, _, data in self._log.log_recorder.rows(after, limit)]

    @property
    def recorder(self) -> Recorder:
        """Return what keeps the log and the tree above it, for reading."""
        return self._log.log_recorder

    def read_raw(self, after: int, limit: int) -> list[tuple[int, str, bytes]]:
        """Return position, name and stored bytes of the events after a position, in log order."""
        return self._log.log_recorder.rows(after, limit)

    def history(self, aggregate: UUID, after_version: int = 0) -> Iterator[Recorded]:
        """Yield the events of an aggregate after a version."""
        return history(self._log, aggregate, after_version)

    def stored(self, aggregate: UUID | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield position and stored bytes of all events, or of an aggregate's, in log order."""
        recorder, after = self._log.log_recorder, 0
        if aggregate is not None:
            while rows := recorder.aggregate_rows(aggregate, after, PAGE):
                yield from rows
                after += len(rows)
        else:
            while page := recorder.rows(after, PAGE):
                yield from ((position, data) for position, _, data in page)
                after = page[-1][0]

    def position_at(self, moment: datetime) -> int:
        """Return the last position recorded at or before the moment, 0 where there is none."""
        return self._log.log_recorder.position_at(rfc3339(moment.astimezone(UTC)))

    def recorded_at(self, position: int) -> datetime:
        """Return when a position was recorded. Raise KeyError for one that the log does not hold."""
        return datetime.fromisoformat(self._log.log_recorder.recorded_at(position))

    def account(self, account_id: UUID) -> Account | None:
        """Return the account as the log says it stands."""
        state = load(self._log, account_id)
        return state if isinstance(state, Account) else None

    def subject(self, subject_id: UUID) -> Subject | None:
        """Return what has become of what is sealed of a person, as the log says."""
        state = load(self._log, subject_id)
        return state if isinstance(state, Subject) else None

    def holder(self, key_id: str) -> Holder | None:
        """Return whose key this is, None where it is nobody's."""
        return self._keyring.holder(key_id)

    def mark(self, name: str) -> str | None:
        """Return what the last saved request with a mark of this name noted."""
        return self._log.log_recorder.meta(name)

    def check_file(self) -> list[str]:
        """Return what the database itself finds wrong with its file; nothing where it is sound."""
        return self._log.log_recorder.integrity()


def _outcome(ticket: Ticket) -> Outcome:
    assert ticket.outcome is not None
    return ticket.outcome
