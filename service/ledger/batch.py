"""What is decided and not yet saved: the commands that will share a commit.

Law: each command is decided on what the log says and what those before it in the batch did. One that fails, by a rule
or by a fault, leaves the batch as it was.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, cast, get_args
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from domain import account, incident, source, subject
from domain.account_commands import AccountCommands
from domain.account_state import Account
from domain.commands import Command
from domain.events import Event, Recorded, mark_of
from domain.given import Given
from domain.incident_commands import IncidentCommands
from domain.incident_state import Incident
from domain.refusals import AlreadyExists, Refused
from domain.seals import CLOSING, OPENING, check_seals, seals_in
from domain.source_commands import SourceCommands
from domain.source_state import Source
from domain.subject_commands import SubjectCommands
from domain.subject_state import Subject
from service.access import caller_of, wanted
from service.ids import uuid7
from service.ledger.asking import (
    FutureTime,
    Idempotency,
    IdempotencyMismatch,
    KeyNoLongerValid,
    NotADemonstration,
    NotAllowed,
    Outcome,
    Receipt,
    Request,
    StaleVersion,
    TooLong,
    Unavailable,
)
from service.ledger.things import Taken, things_of
from service.store.log import RecordLog, StoreError
from service.store.recorder import KeptAnswer, KeySecret
from service.store.spill import Spill
from service.store.states import KINDS, Known, State, States, evolve

TICK = timedelta(microseconds=1)
LONGEST = 65_535
"""Bytes of an event: an entry of a tiled log has its length in two bytes before it (c2sp.org/tlog-tiles)."""
_SEALED = OPENING.encode(), CLOSING.encode()
FOREVER = "9999-12-31T23:59:59.999999Z"
"""The time of an answer that never grows old."""
ALONE = (
    Refused,
    StaleVersion,
    IdempotencyMismatch,
    KeyNoLongerValid,
    NotAllowed,
    NotADemonstration,
    FutureTime,
    TooLong,
)
Asked = tuple[str, str]
"""Who asks, and the key of the request."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last position, when it was recorded, and what marks its event; nothing does before it is saved."""

    position: int
    at: datetime
    mark: str | None = None


@dataclass(slots=True)
class Batch:
    """What one commit saves; `kept` are the answers to these requests that were given before.

    `things` are the ids and names that came to be and are not saved.
    """

    log: RecordLog
    states: States
    head: Head
    kept: dict[Asked, tuple[str, Receipt]]
    is_demonstration: bool
    things: set[str] | Spill = field(default_factory=set)
    brought: set[str] = field(default_factory=set)
    recorded: list[Recorded] = field(default_factory=list)
    stored: list[StoredEvent] = field(default_factory=list)
    fresh: dict[Asked, tuple[Idempotency, Receipt]] = field(default_factory=dict)
    secrets: list[KeySecret] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)
    sources: Known[Source] = field(init=False)
    accounts: Known[Account] = field(init=False)
    incidents: Known[Incident] = field(init=False)
    taken: Taken = field(init=False)

    def __post_init__(self) -> None:
        self.sources, self.accounts = Known(self.states, "source"), Known(self.states, "account")
        self.incidents = Known(self.states, "incident")
        self.taken = Taken(self.log, self.things, self.brought)

    @property
    def touched(self) -> set[UUID]:
        """Return the aggregates that the batch changes."""
        return {one.aggregate for one in self.recorded}

    @property
    def changes_accounts(self) -> bool:
        """Tell whether an account changes, and with it who may do what."""
        return any(one.event.AGGREGATE == "account" for one in self.recorded)

    def answers(self, now: str) -> list[KeptAnswer]:
        """Return the answers to keep with the events."""
        return [
            KeptAnswer(
                asked.caller, asked.key, asked.fingerprint, receipt.to_bytes(), FOREVER if asked.lasting else now
            )
            for asked, receipt in self.fresh.values()
        ]

    def decide(self, request: Request) -> Outcome:
        """Return what becomes of a request, once the batch is saved."""
        try:
            request = self._permitted(request)
            return self._replayed(request) or self._decided(request)
        except ALONE as refusal:
            return refusal
        except StoreError as problem:
            return Unavailable(f"the record could not be read: {type(problem).__name__}")
        except Exception as fault:  # noqa: BLE001  # one fault must not stop the writer: its caller is told
            return fault

    def _permitted(self, request: Request) -> Request:
        """Return the request with the rights that its actor has still, where it has a key: it may have waited.

        Raise `KeyNoLongerValid` where the key no longer counts, `NotAllowed` where its roles no longer suffice.
        """
        actor, command = request.actor, request.command
        if actor.account is None or actor.key is None:
            return request
        account = self.accounts.get(actor.account)
        caller = caller_of(account, actor.key, datetime.now(UTC)) if account is not None else None
        if caller is None:
            raise KeyNoLongerValid("the key has expired or was revoked: ask an administrator for one")
        if not caller.may(command):
            raise NotAllowed(f"{wanted(type(command))}: ask an administrator")
        if request.may_override and not caller.may_override(getattr(command, "incident", None)):
            return replace(request, may_override=False)
        return request

    def _replayed(self, request: Request) -> Receipt | None:
        """Return the answer that a retry gets: the one kept, or that of this very batch."""
        asked = request.idempotency
        if asked is None:
            return None
        name = (asked.caller, asked.key)
        if name in self.fresh:
            fingerprint, receipt = self.fresh[name][0].fingerprint, self.fresh[name][1]
        elif name in self.kept:
            fingerprint, receipt = self.kept[name]
        else:
            return None
        if fingerprint != asked.fingerprint:
            raise IdempotencyMismatch(asked.key)
        return replace(receipt, replayed=True)

    def _decided(self, request: Request) -> Receipt:
        command = request.command
        target: UUID | None = getattr(command, command.AGGREGATE)
        found = self.states.find(target) if target is not None else None
        state = found if isinstance(found, KINDS[command.AGGREGATE].state) else None
        current = state.version if state is not None else 0
        if request.expected_version is not None and request.expected_version != current:
            raise StaleVersion(current)
        at = self._clock(request.at)
        events = _decide(state, command, self._given(at, request))
        if found is not None and state is None:
            raise AlreadyExists(f"{target} is the id of something else: leave it out, and one is given")
        return self._record(request, target or _id_of(events[0]), state, events, at)

    def _clock(self, scripted: datetime | None) -> datetime:
        """Return the next recorded time: now, or the scripted one; always later than the last."""
        now = datetime.now(UTC)
        if scripted is not None and not self.is_demonstration:
            raise NotADemonstration("this ledger assigns recorded times itself: leave `at` out")
        if scripted is not None and scripted > now:
            raise FutureTime(f"{scripted.isoformat()} lies in the future: a recorded time is now or was")
        return max(scripted or now, self.head.at + TICK)

    def _given(self, at: datetime, request: Request) -> Given:
        return Given(
            at=at,
            head=self.head.position,
            new_id=uuid7,
            sources=self.sources,
            accounts=self.accounts,
            incidents=self.incidents,
            ties=self.states.ties(),
            actor=request.actor.account,
            may_override=request.may_override,
            taken=self.taken,
        )

    def _record(
        self, request: Request, aggregate: UUID, state: State | None, events: tuple[Event, ...], at: datetime
    ) -> Receipt:
        """Take the events into the batch. Whatever can fail comes before the first change."""
        recorded, stored = self._envelopes(request, aggregate, state.version if state is not None else 0, events, at)
        last = recorded[-1]
        names = tuple(event.NAME for event in events)
        receipt = Receipt(aggregate, last.version, last.position, names, last.recorded_at, _ids(events[0]))
        secret = KeySecret(receipt.ids["key"], aggregate, request.secret) if request.secret is not None else None
        self._evolve(aggregate, state, recorded)
        self.states.mark(aggregate, mark_of(stored[-1].state))
        self.recorded += recorded
        self.stored += stored
        self.things.update(name for event in events for name in things_of(event))
        self.head = Head(last.position, last.recorded_at)
        if request.idempotency is not None:
            self.fresh[request.idempotency.caller, request.idempotency.key] = request.idempotency, receipt
        if secret is not None:
            self.secrets.append(secret)
        if request.mark is not None:
            self.marks[request.mark[0]] = request.mark[1]
        return receipt

    def _envelopes(
        self, request: Request, aggregate: UUID, version: int, events: tuple[Event, ...], at: datetime
    ) -> tuple[list[Recorded], list[StoredEvent]]:
        """Return the events in their envelopes, and as they are stored: each names the one before."""
        recorded: list[Recorded] = []
        stored: list[StoredEvent] = []
        previous = self.states.mark_of(aggregate, version)
        for n, event in enumerate(events, start=1):
            one = Recorded(
                aggregate=aggregate,
                version=version + n,
                position=self.head.position + n,
                recorded_at=at + (n - 1) * TICK,
                actor=request.actor,
                reason=request.command.reason,
                correlation=request.correlation,
                causation=request.causation,
                event=event,
                previous=previous,
            )
            recorded.append(one)
            stored.append(self._checked(self.log.mapper.to_stored_event(cast(Any, one))))
            previous = mark_of(stored[-1].state)
        return recorded, stored

    def _checked(self, stored: StoredEvent) -> StoredEvent:
        """Return an event that can be stored. Raise `TooLong` or `UnknownPassage`."""
        if len(stored.state) > LONGEST:
            raise TooLong(
                f"this would take {len(stored.state):,} bytes of the record, and an event has {LONGEST:,} at the most:"
                " keep a long text as evidence, and quote what matters of it"
            )
        if any(one in stored.state for one in _SEALED):
            text = stored.state.decode()
            self.taken.look_up({str(seal) for seal in seals_in(text)})
            check_seals(text, self.taken)
        return stored

    def _evolve(self, aggregate: UUID, state: State | None, recorded: list[Recorded]) -> None:
        try:
            for one in recorded:
                state = evolve(state, one)
        except Exception:
            self._restore(aggregate)
            raise
        assert state is not None
        self.states.put(aggregate, state)
        for one in recorded:
            self.states.note(one)

    def _restore(self, aggregate: UUID) -> None:
        """Fold an aggregate anew, from the log and the batch: a fault left it changed in part."""
        self.states.forget([aggregate])
        state = self.states.find(aggregate)
        for one, stored in zip(self.recorded, self.stored, strict=True):
            self.states.note(one)
            if one.aggregate == aggregate:
                state = evolve(state, one)
                self.states.put(aggregate, state)
                self.states.mark(aggregate, mark_of(stored.state))


def _decide(state: State | None, command: Command, given: Given) -> tuple[Event, ...]:
    """Let the aggregate that the command is for decide."""
    if isinstance(command, IncidentCommands):
        assert state is None or isinstance(state, Incident)
        return incident.decide(state, command, given)
    if isinstance(command, SourceCommands):
        assert state is None or isinstance(state, Source)
        return source.decide(state, command, given)
    if isinstance(command, SubjectCommands):
        assert state is None or isinstance(state, Subject)
        return subject.decide(state, command, given)
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
    held = event.__dict__
    return {name: str(held[name]) for name in _names_of_ids(type(event)) if held[name] is not None}


@cache
def _names_of_ids(kind: type[Event]) -> tuple[str, ...]:
    fields = kind.model_fields
    ids = tuple(name for name, known in fields.items() if _is_id(known.annotation))
    return ids + tuple(name for name in ("short_id", "number", "key") if name in fields)


def _is_id(annotation: object) -> bool:
    """Tell whether a field holds one id, or none: not a list of them."""
    if annotation is UUID:
        return True
    options = get_args(annotation)
    return type(None) in options and any(one is UUID or UUID in get_args(one) for one in options)
