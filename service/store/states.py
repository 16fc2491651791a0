"""The aggregates in memory: the newest states, loaded from a snapshot and the events after it.

Law: a state is folded from committed events; what was decided but not saved is dropped again (`forget`). Snapshots are
an aid: a missing, old, unreadable or untrue one only costs time.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from pydantic import TypeAdapter, ValidationError
from pydantic_core import SchemaValidator

from domain import account_state, incident_state, source_state, subject_state
from domain.account_state import Account
from domain.event import Aggregate
from domain.events import Recorded, mark_of
from domain.incident_state import Incident
from domain.source_state import Source
from domain.stored import reader_of, without_rules
from domain.subject_state import Subject
from domain.ties import TieEvents, Ties
from service.store.log import RecordLog
from service.store.spill import Spill

State = Incident | Source | Account | Subject
S = TypeVar("S", Incident, Source, Account, Subject)
SNAPSHOT_SHAPE = 2
"""Raised when a state's shape changes: older snapshots are then passed over."""
SNAPSHOT_EVERY = 5_000
PAGE = 2_000


@dataclass(frozen=True)
class Kind(Generic[S]):
    """How an aggregate is folded and kept."""

    name: Aggregate
    state: type[S]
    evolve: Callable[[S | None, Recorded], S]
    adapter: TypeAdapter[S]
    reader: SchemaValidator

    @property
    def topic(self) -> str:
        """Return the topic under which its snapshots are kept."""
        return f"{self.name}.snapshot.v{SNAPSHOT_SHAPE}"


def _kind(name: Aggregate, state: type[S], evolve: Callable[[S | None, Recorded], S]) -> Kind[S]:
    adapter = TypeAdapter(state)
    return Kind(name, state, evolve, adapter, reader_of(without_rules(adapter.core_schema)))


KINDS: dict[Aggregate, Kind[Any]] = {
    "incident": _kind("incident", Incident, incident_state.evolve),
    "source": _kind("source", Source, source_state.evolve),
    "account": _kind("account", Account, account_state.evolve),
    "subject": _kind("subject", Subject, subject_state.evolve),
}


def evolve(state: State | None, recorded: Recorded) -> State:
    """Return the state after the event, whatever its kind; the given state is used up."""
    evolved: State = KINDS[recorded.event.AGGREGATE].evolve(state, recorded)
    return evolved


def history(log: RecordLog, aggregate: UUID, after_version: int = 0) -> Iterator[Recorded]:
    """Yield the events of an aggregate after a version."""
    while rows := log.log_recorder.aggregate_rows(aggregate, after_version, PAGE):
        for position, data in rows:
            yield Recorded.from_bytes(data, position)
        after_version += len(rows)


def load(log: RecordLog, aggregate: UUID) -> State | None:
    """Fold the state, of whichever kind, from its newest snapshot and the events after it."""
    return _follow(log, aggregate, _from_snapshot(log, aggregate))


def _follow(log: RecordLog, aggregate: UUID, state: State | None) -> State | None:
    for recorded in history(log, aggregate, state.version if state else 0):
        state = evolve(state, recorded)
    return state


def _from_snapshot(log: RecordLog, aggregate: UUID) -> State | None:
    """Return the newest snapshot's state, where it can be read and its last event is in the log."""
    for kept in log.snapshot_recorder.select_events(aggregate, desc=True, limit=1):
        kind = next((kind for kind in KINDS.values() if kind.topic == kept.topic), None)
        if kind is None:
            return None
        try:
            state: State = kind.reader.validate_json(kept.state)
        except ValidationError:
            return None
        said = (state.id, state.version) == (aggregate, kept.originator_version)
        return state if said and log.log_recorder.has(aggregate, state.version) else None
    return None


class States:
    """A cache of the states that were used last. Only the writer's thread touches it."""

    def __init__(self, log: RecordLog, size: int, spill: Spill | None = None) -> None:
        """Keep the states of about `size` events, and of the longest aggregate beside them.

        What makes room goes into the `spill` where there is one: in a trial the log does not know it.
        """
        self._log, self._size, self._spill = log, size, spill
        self._states: OrderedDict[UUID, State] = OrderedDict()
        self._weights: dict[UUID, int] = {}
        self._marks: dict[UUID, str] = {}
        self._total = 0
        self._snapshots: dict[UUID, int] = {}
        self._ties: Ties | None = None

    def __len__(self) -> int:
        return len(self._states)

    def find(self, aggregate: UUID) -> State | None:
        """Return the state of an aggregate of any kind, loaded where need be; None where there is none."""
        state = self._states.get(aggregate)
        if state is not None:
            self._states.move_to_end(aggregate)
            return state
        state = self._spilled(aggregate) or self._loaded(aggregate)
        if state is not None:
            self.put(aggregate, state)
        return state

    def mark_of(self, aggregate: UUID, version: int) -> str | None:
        """Return what marks the event of this version, the newest of its aggregate; None where it is to be the first.

        Raise `LookupError` where the log does not hold it: an event that named none would break the chain.
        """
        if version == 0 or aggregate in self._marks:
            return self._marks.get(aggregate)
        rows = self._log.log_recorder.aggregate_rows(aggregate, version - 1, 1)
        if rows:
            return mark_of(rows[0][1])
        if self._spill is None:
            raise LookupError(f"the log does not hold version {version} of {aggregate}")
        return None  # what made room in a trial is in no log, and nothing of a trial is saved

    def mark(self, aggregate: UUID, mark: str) -> None:
        """Take in what marks the newest event of an aggregate that is at hand."""
        self._marks[aggregate] = mark

    def _loaded(self, aggregate: UUID) -> State | None:
        kept = _from_snapshot(self._log, aggregate)
        if kept is not None:
            self._snapshots[aggregate] = kept.version
        return _follow(self._log, aggregate, kept)

    def _spilled(self, aggregate: UUID) -> State | None:
        kept = self._spill.get(aggregate) if self._spill is not None else None
        if kept is None:
            return None
        kind, data = kept
        state: State = KINDS[kind].reader.validate_json(data)
        return state

    def ties(self) -> Ties:
        """Return the ties among all sources, folded from the log where need be."""
        if self._ties is None:
            ties, after = Ties(), 0
            while rows := self._log.log_recorder.rows_of_sources(after, PAGE):
                for position, data in rows:
                    _note(ties, Recorded.from_bytes(data, position))
                after = rows[-1][0]
            self._ties = ties
        return self._ties

    def note(self, recorded: Recorded) -> None:
        """Take in what an event says of ties among sources."""
        if isinstance(recorded.event, TieEvents):
            _note(self.ties(), recorded)

    def concerns(self, aggregate: UUID, name: str) -> bool:
        """Tell whether an event of another process changes anything that is at hand."""
        return aggregate in self._states or (self._ties is not None and name.startswith("source."))

    def follow(self, recorded: Recorded, mark: str) -> None:
        """Take in an event of another process, unless what is at hand has it; where one is missing between, drop it."""
        state = self._states.get(recorded.aggregate)
        if state is not None and recorded.version > state.version:
            self._drop([recorded.aggregate])  # whatever fails now: what is at hand is whole
            if recorded.version == state.version + 1:
                self.put(recorded.aggregate, evolve(state, recorded))
                self.mark(recorded.aggregate, mark)
        if self._ties is not None:
            self.note(recorded)

    def put(self, aggregate: UUID, state: State) -> None:
        """Take the state that events made."""
        self._states[aggregate] = state
        self._states.move_to_end(aggregate)
        self._total += state.version - self._weights.get(aggregate, 0)
        self._weights[aggregate] = state.version

    def forget(self, aggregates: Iterable[UUID]) -> None:
        """Drop states whose events were not saved, and the ties that they may have made."""
        self._ties = None
        self._drop(aggregates)

    def _drop(self, aggregates: Iterable[UUID]) -> None:
        for aggregate in aggregates:
            if self._states.pop(aggregate, None) is not None:
                self._total -= self._weights.pop(aggregate)
                self._marks.pop(aggregate, None)

    def clear(self) -> None:
        """Drop all."""
        self.forget(list(self._states))

    def trim(self) -> None:
        """Drop the states that were not used for longest, where too many are kept. Only while nothing is unsaved."""
        if self._total <= self._size:
            return
        while len(self._states) > 1 and self._total - max(self._weights.values()) > self._size:
            oldest = next(iter(self._states))
            if self._spill is not None:
                kind = _kind_of(self._states[oldest])
                self._spill.put(oldest, kind.name, kind.adapter.dump_json(self._states[oldest]))
            self._drop([oldest])

    def keep(self, aggregates: Iterable[UUID]) -> None:
        """Keep snapshots of what was committed, where they pay."""
        for aggregate in aggregates:
            state, last = self._states.get(aggregate), self._snapshots.get(aggregate, 0)
            # Half as much again before the next: the cost of all snapshots stays in proportion to the log.
            if state is not None and state.version - last >= max(SNAPSHOT_EVERY, last // 2):
                self._snapshot(aggregate, state)

    def _snapshot(self, aggregate: UUID, state: State) -> None:
        kind = _kind_of(state)
        data = kind.adapter.dump_json(state)
        self._log.snapshot_recorder.insert_events([StoredEvent(aggregate, state.version, kind.topic, data)])
        self._snapshots[aggregate] = state.version


def _kind_of(state: State) -> Kind[Any]:
    return next(kind for kind in KINDS.values() if isinstance(state, kind.state))


def _note(ties: Ties, recorded: Recorded) -> None:
    if isinstance(recorded.event, TieEvents):
        ties.note(recorded.aggregate, recorded.event)


class Known(Mapping[UUID, S]):
    """A mapping onto the aggregates of one kind, loaded when asked for."""

    def __init__(self, states: States, kind: Aggregate) -> None:
        self._states = states
        self._kind: type[S] = KINDS[kind].state

    def __getitem__(self, aggregate: UUID) -> S:
        state = self._states.find(aggregate)
        if not isinstance(state, self._kind):
            raise KeyError(aggregate)
        return state

    def __contains__(self, aggregate: object) -> bool:
        return isinstance(aggregate, UUID) and isinstance(self._states.find(aggregate), self._kind)

    def __iter__(self) -> Iterator[UUID]:
        raise TypeError("the aggregates are not listed here: ask for one")

    def __len__(self) -> int:
        raise TypeError("the aggregates are not counted here: ask for one")
