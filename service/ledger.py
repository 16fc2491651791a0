"""The ledger: commands in, receipts out, events in the log between.

Law 1: an answer goes out only after the commit. Law 2: a refused command fails alone and leaves nothing behind.
Law 3: one thread writes; it takes all commands that wait, decides each on the current state, and saves the events of
all in one transaction (group commit). Alone, a request waits for nobody; under load, one flush serves many.
"""

import asyncio
import fcntl
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from uuid import UUID, uuid4

import orjson
import structlog

from domain import account, incident, source
from domain.account_commands import AccountCommands
from domain.account_state import Account
from domain.commands import Command
from domain.events import Actor, Event, Recorded
from domain.given import Given
from domain.incident_commands import IncidentCommands
from domain.incident_state import Incident
from domain.refusals import Refused
from domain.source_commands import SourceCommands
from domain.source_state import Source
from service.ids import uuid7
from service.settings import Settings
from service.store.log import RecordLog, StoreError
from service.store.schema import migrate
from service.store.sqlite import KeptAnswer, KeySecret
from service.store.states import KINDS, Known, State, States

log = structlog.get_logger()
TICK = timedelta(microseconds=1)
BATCH = 256
"""Commands that share one commit at the most."""
ANSWERS_KEPT = timedelta(hours=24)
FOREVER = "9999-12-31T23:59:59.999999Z"
"""The time of an answer that never grows old."""
CACHED_STATES = 2_000


class StaleVersion(Exception):
    """The aggregate is at another version than the request expected."""

    def __init__(self, current: int) -> None:
        super().__init__(f"the version is {current}")
        self.current = current


class QueueFull(Exception):
    """As many writes wait as may."""


class IdempotencyMismatch(Exception):
    """The key was used for another request."""


class Unavailable(Exception):
    """The store is away; nothing was recorded."""


class LedgerDamaged(Exception):
    """The log is not what this ledger wrote: restore a backup, and keep this file for the enquiry."""


class LedgerInUse(Exception):
    """Another process writes to this ledger."""


class NotADemonstration(Exception):
    """Recorded times are the ledger's own: only a ledger made as a demonstration takes them from outside."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The key of a request, whose it is, and a fingerprint of what it asks."""

    key: str
    caller: str
    fingerprint: str
    lasting: bool = False
    """Kept as long as the record itself: an import may be repeated after any time."""


@dataclass(frozen=True, slots=True)
class Request:
    """A command with all that the ledger needs to know of who gives it."""

    command: Command
    actor: Actor
    may_override: bool = False
    expected_version: int | None = None
    idempotency: Idempotency | None = None
    correlation: str | None = None
    causation: int | None = None
    at: datetime | None = None
    secret: bytes | None = None
    """The hash of a new key's secret, kept beside the log in the same transaction."""
    mark: tuple[str, str] | None = None
    """A name and what is noted under it in the same transaction: how far an import is."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a command: its events, and where the last of them stands."""

    aggregate: UUID
    version: int
    position: int
    events: tuple[str, ...]
    recorded_at: datetime
    ids: dict[str, str] = field(default_factory=dict)
    replayed: bool = False


Outcome = Receipt | Exception


@dataclass(slots=True)
class Ticket:
    """A request that waits for its answer, in an event loop or in a thread."""

    request: Request
    waiting: "Future[Receipt] | asyncio.Future[Receipt]"
    loop: asyncio.AbstractEventLoop | None
    outcome: Outcome | None = None


@dataclass(slots=True)
class Batch:
    """What one commit saves."""

    recorded: list[Recorded] = field(default_factory=list)
    answers: dict[tuple[str, str], tuple[Idempotency, Receipt]] = field(default_factory=dict)
    secrets: list[KeySecret] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)
    touched: dict[UUID, Event] = field(default_factory=dict)


class Ledger:
    """The one writer of a record, and its readers. Open it with `Ledger.open`."""

    def __init__(self, log: RecordLog, lock: IO[str] | None, queue_size: int, *, trial: bool = False) -> None:
        self._log, self._lock, self._trial = log, lock, trial
        self._states = States(log, CACHED_STATES)
        self._position, self._last_at = _check(log)
        self._queue: queue.Queue[Ticket | None] = queue.Queue(maxsize=queue_size)
        self._listeners: list[Callable[[int], None]] = []
        self._closed = False
        self.is_demonstration = log.log_recorder.meta("demonstration") == "yes"
        self.id = UUID(str(log.log_recorder.meta("ledger")))
        self._sources: Known[Source] = Known(self._states, "source")
        self._accounts: Known[Account] = Known(self._states, "account")
        self._incidents: Known[Incident] = Known(self._states, "incident")
        self._writer = threading.Thread(target=self._write, name="ledger-writer", daemon=True)

    @classmethod
    def open(
        cls, settings: Settings, *, demonstration: bool = False, read_only: bool = False, trial: bool = False
    ) -> Self:
        """Open the ledger in the data folder, making it where there is none.

        In a `trial`, beside a server or without one, commands are decided as ever and nothing of it is saved.

        Raise `LedgerInUse` where another process writes, `LedgerDamaged` where positions are missing, `NewerSchema`
        for a record of a newer version. `demonstration` marks a new ledger; an old one keeps what it is.
        """
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = None if read_only or trial else _lock(settings.data)
        file = settings.data / "ledger.sqlite"
        with ExitStack() as on_failure:
            if lock is not None:
                on_failure.callback(lock.close)
                _prepare(file, demonstration)
            log = RecordLog(file)
            on_failure.callback(log.close)
            ledger = cls(log, lock, settings.queue_size, trial=trial)
            on_failure.pop_all()
        if not read_only:
            ledger._writer.start()
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
        if self._writer.is_alive():
            self._queue.put(None)
            self._writer.join()
        self._log.close()
        if self._lock is not None:
            self._lock.close()

    # Writing.

    async def execute(self, request: Request) -> Receipt:
        """Give a command and await its receipt.

        Raise `Refused`, `StaleVersion`, `IdempotencyMismatch`, `QueueFull` or `Unavailable`; nothing is then recorded.
        """
        loop = asyncio.get_running_loop()
        ticket = Ticket(request, loop.create_future(), loop)
        self._enqueue(ticket, block=False)
        return await asyncio.shield(ticket.waiting)  # type: ignore[arg-type]  # made by this loop

    def execute_now(self, request: Request) -> Receipt:
        """Give a command and wait for its receipt, in a thread. Raises as `execute` does."""
        waiting: Future[Receipt] = Future()
        self._enqueue(Ticket(request, waiting, None), block=True)
        return waiting.result()

    def execute_many(self, requests: Iterable[Request]) -> list[Outcome]:
        """Give commands in order, and return a receipt or an exception for each, in order."""
        waiting: list[Future[Receipt]] = []
        for request in requests:
            waiting.append(Future())
            self._enqueue(Ticket(request, waiting[-1], None), block=True)
        return [one.exception() or one.result() for one in waiting]  # type: ignore[misc]  # never a BaseException

    def _enqueue(self, ticket: Ticket, *, block: bool) -> None:
        if self._closed:
            raise Unavailable("the ledger is closing: try again")
        try:
            self._queue.put(ticket, block=block)
        except queue.Full:
            raise QueueFull(f"{self._queue.maxsize} writes wait: try again") from None

    def _write(self) -> None:
        running = True
        while running:
            tickets, running = self._take()
            if tickets:
                self._serve(tickets)

    def _take(self) -> tuple[list[Ticket], bool]:
        """Return all tickets that wait, up to a batch, and whether to go on."""
        first = self._queue.get()
        if first is None:
            return [], False
        tickets = [first]
        with suppress(queue.Empty):
            while len(tickets) < BATCH:
                ticket = self._queue.get_nowait()
                if ticket is None:
                    return tickets, False
                tickets.append(ticket)
        return tickets, True

    def _serve(self, tickets: list[Ticket]) -> None:
        batch = Batch()
        for ticket in tickets:
            ticket.outcome = self._try(ticket.request, batch)
        if batch.recorded and not self._save(batch):
            for ticket in tickets:
                if isinstance(ticket.outcome, Receipt):
                    ticket.outcome = Unavailable("the record could not be written: try again")
        _answer(tickets)
        if batch.recorded:
            for listener in self._listeners:
                listener(self._position)

    def _try(self, request: Request, batch: Batch) -> Outcome:
        try:
            return self._replayed(request, batch) or self._decide(request, batch)
        except (Refused, StaleVersion, IdempotencyMismatch, NotADemonstration) as refusal:
            return refusal
        except StoreError as problem:
            return Unavailable(f"the record could not be read: {type(problem).__name__}")
        except Exception as fault:  # noqa: BLE001  # one fault must not stop the writer: its caller is told
            return fault

    def _replayed(self, request: Request, batch: Batch) -> Receipt | None:
        """Return the answer that a retry gets: the stored one, or that of this very batch."""
        asked = request.idempotency
        if asked is None:
            return None
        pending = batch.answers.get((asked.caller, asked.key))
        if pending is not None:
            fingerprint, receipt = pending[0].fingerprint, pending[1]
        else:
            kept = self._log.log_recorder.answer(asked.caller, asked.key)
            if kept is None or kept.recorded_at < _text(datetime.now(UTC) - ANSWERS_KEPT):
                return None
            fingerprint, receipt = kept.fingerprint, _receipt_from(kept.receipt)
        if fingerprint != asked.fingerprint:
            raise IdempotencyMismatch(asked.key)
        return Receipt(
            receipt.aggregate, receipt.version, receipt.position, receipt.events, receipt.recorded_at, receipt.ids, True
        )

    def _decide(self, request: Request, batch: Batch) -> Receipt:
        command = request.command
        target: UUID | None = getattr(command, command.AGGREGATE)
        state = self._states.get(command.AGGREGATE, target) if target is not None else None
        current = state.version if state is not None else 0
        if request.expected_version is not None and request.expected_version != current:
            raise StaleVersion(current)
        at = self._clock(request.at)
        events = _decide(state, command, self._given(at, request))
        aggregate = target if target is not None else _id_of(events[0])
        return self._record(request, batch, aggregate, state, events, at)

    def _record(
        self,
        request: Request,
        batch: Batch,
        aggregate: UUID,
        state: State | None,
        events: tuple[Event, ...],
        at: datetime,
    ) -> Receipt:
        version = state.version if state is not None else 0
        evolve = KINDS[request.command.AGGREGATE].evolve
        for event in events:
            version, self._position = version + 1, self._position + 1
            recorded = Recorded(
                aggregate=aggregate,
                version=version,
                position=self._position,
                recorded_at=at,
                actor=request.actor,
                reason=request.command.reason,
                correlation=request.correlation,
                causation=request.causation,
                event=event,
            )
            self._last_at, at = at, at + TICK
            batch.touched[aggregate] = event
            state = evolve(state, recorded)
            self._states.put(aggregate, state, recorded)
            batch.recorded.append(recorded)
        names = tuple(event.NAME for event in events)
        receipt = Receipt(aggregate, version, self._position, names, self._last_at, _ids(events[0]))
        if request.idempotency is not None:
            batch.answers[request.idempotency.caller, request.idempotency.key] = request.idempotency, receipt
        if request.secret is not None:
            batch.secrets.append(KeySecret(receipt.ids["key"], aggregate, request.secret))
        if request.mark is not None:
            batch.marks[request.mark[0]] = request.mark[1]
        return receipt

    def _clock(self, scripted: datetime | None) -> datetime:
        """Return the next recorded time: now, or the scripted one; always later than the last."""
        if scripted is not None and not self.is_demonstration:
            raise NotADemonstration("this ledger assigns recorded times itself: leave `at` out")
        return max(scripted or datetime.now(UTC), self._last_at + TICK)

    def _given(self, at: datetime, request: Request) -> Given:
        return Given(
            at=at,
            head=self._position,
            new_id=uuid7,
            sources=self._sources,
            accounts=self._accounts,
            incidents=self._incidents,
            ties=self._states.ties(),
            actor=request.actor.account,
            may_override=request.may_override,
        )

    def _save(self, batch: Batch) -> bool:
        """Save the batch in one transaction, and tell whether it is in the log.

        A crash before the commit leaves nothing, after it everything. Where the store raises, the log is asked whether
        the batch is there: that is never guessed.
        """
        if self._trial:
            return True  # the states in memory know it, and none is dropped: nothing settles
        now = _text(datetime.now(UTC))
        answers = [
            KeptAnswer(
                asked.caller, asked.key, asked.fingerprint, _receipt_bytes(receipt), FOREVER if asked.lasting else now
            )
            for asked, receipt in batch.answers.values()
        ]
        last = batch.recorded[-1].position
        try:
            self._log.append(batch.recorded, answers=answers, secrets=batch.secrets, marks=list(batch.marks.items()))
            self._states.settle((event.AGGREGATE, aggregate) for aggregate, event in batch.touched.items())
        except Exception as fault:  # whatever it is, the writer goes on and the callers are told
            log.error("batch not saved", events=len(batch.recorded), exc_info=fault)
            self._states.forget(batch.touched)
            with suppress(StoreError):
                self._position, self._last_at = _check(self._log)
            return self._position >= last
        return True

    # Reading.

    def head(self) -> int:
        """Return the last position of the log, 0 where it is empty."""
        return self._log.log_recorder.last_position()

    def read(self, after: int, limit: int) -> list[Recorded]:
        """Return the events after a position, in log order."""
        return [Recorded.from_bytes(data, at) for at, _, data in self._log.log_recorder.rows(after, limit)]

    def read_raw(self, after: int, limit: int) -> list[tuple[int, str, bytes]]:
        """Return position, name and stored bytes of the events after a position, in log order."""
        return self._log.log_recorder.rows(after, limit)

    def history(self, aggregate: UUID, after_version: int = 0) -> Iterator[Recorded]:
        """Yield the events of an aggregate after a version."""
        return self._states.history(aggregate, after_version)

    def position_at(self, moment: datetime) -> int:
        """Return the last position recorded at or before the moment, 0 where there is none."""
        return self._log.log_recorder.position_at(_text(moment.astimezone(UTC)))

    def recorded_at(self, position: int) -> datetime:
        """Return when a position was recorded. Raise KeyError for one that the log does not hold."""
        return datetime.fromisoformat(self._log.log_recorder.recorded_at(position))

    def account(self, account_id: UUID) -> Account | None:
        """Return the account as it stands."""
        state = self._states.peek("account", account_id)
        return state if isinstance(state, Account) else None

    def secret(self, key_id: str) -> KeySecret | None:
        """Return what is kept of a key."""
        return self._log.log_recorder.secret(key_id)

    def mark(self, name: str) -> str | None:
        """Return what the last saved request with a mark of this name noted."""
        return self._log.log_recorder.meta(name)

    def check_file(self) -> list[str]:
        """Return what the database itself finds wrong with its file; nothing where it is sound."""
        return self._log.log_recorder.integrity()

    def on_commit(self, listener: Callable[[int], None]) -> None:
        """Let a listener be told the new head after each commit, from the writer's thread."""
        self._listeners.append(listener)


def _decide(state: State | None, command: Command, given: Given) -> tuple[Event, ...]:
    """Let the aggregate that the command is for decide."""
    if isinstance(command, IncidentCommands):
        assert state is None or isinstance(state, Incident)
        return incident.decide(state, command, given)
    if isinstance(command, SourceCommands):
        assert state is None or isinstance(state, Source)
        return source.decide(state, command, given)
    assert isinstance(command, AccountCommands)
    assert state is None or isinstance(state, Account)
    return account.decide(state, command, given)


def _id_of(event: Event) -> UUID:
    """Return the id of the aggregate that an event begins."""
    found = getattr(event, event.AGGREGATE)
    assert isinstance(found, UUID)
    return found


def _ids(event: Event) -> dict[str, str]:
    """Return the ids that an event carries, by name; for people its short id too."""
    values = {name: getattr(event, name) for name in type(event).model_fields}
    ids = {name: str(value) for name, value in values.items() if isinstance(value, UUID)}
    return ids | {name: str(values[name]) for name in ("short_id", "number", "key") if name in values}


def _answer(tickets: list[Ticket]) -> None:
    """Give each ticket its outcome; those of one event loop in one call."""
    loops: dict[asyncio.AbstractEventLoop, list[Ticket]] = {}
    for ticket in tickets:
        if ticket.loop is None:
            _resolve(ticket)
        else:
            loops.setdefault(ticket.loop, []).append(ticket)
    for loop, waiting in loops.items():
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve_all, waiting)


def _resolve_all(tickets: list[Ticket]) -> None:
    for ticket in tickets:
        if not ticket.waiting.cancelled():
            _resolve(ticket)


def _resolve(ticket: Ticket) -> None:
    if isinstance(ticket.outcome, Receipt):
        ticket.waiting.set_result(ticket.outcome)
    else:
        assert ticket.outcome is not None
        ticket.waiting.set_exception(ticket.outcome)


def _check(log: RecordLog) -> tuple[int, datetime]:
    """Return the last position and time, or raise `LedgerDamaged` where positions are missing."""
    position, at, count = log.log_recorder.last()
    if position != count:
        raise LedgerDamaged(f"the log ends at position {position} but holds {count} events: restore a backup")
    return position, datetime.fromisoformat(at) if at else datetime.min.replace(tzinfo=UTC)


def _prepare(file: Path, demonstration: bool) -> None:
    """Make or migrate the file, and mark a new one."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        migrate(connection)
        marks = [("ledger", str(uuid4())), ("demonstration", "yes" if demonstration else "no")]
        connection.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", marks)


def _lock(folder: Path) -> IO[str]:
    """Take the lock of the data folder; the system lets it go when the process ends, however it ends."""
    file = (folder / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise LedgerInUse(f"another process writes to {folder}: stop it first, or use its API") from None
    return file


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _receipt_bytes(receipt: Receipt) -> bytes:
    return orjson.dumps(
        {
            "aggregate": receipt.aggregate,
            "version": receipt.version,
            "position": receipt.position,
            "events": receipt.events,
            "recorded_at": receipt.recorded_at,
            "ids": receipt.ids,
        }
    )


def _receipt_from(data: bytes) -> Receipt:
    kept = orjson.loads(data)
    return Receipt(
        aggregate=UUID(kept["aggregate"]),
        version=kept["version"],
        position=kept["position"],
        events=tuple(kept["events"]),
        recorded_at=datetime.fromisoformat(kept["recorded_at"]),
        ids=kept["ids"],
    )
