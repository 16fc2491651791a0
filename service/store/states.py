"""The aggregates in memory: the newest states, loaded from a snapshot and the events after it.

Law: a state is folded from committed events; what was decided but not saved is dropped again (`forget`). Snapshots are
an aid: a missing, old or unreadable one only costs time.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from pydantic import TypeAdapter, ValidationError

from domain import account_state, incident_state, source_state
from domain.account_state import Account
from domain.event import Aggregate
from domain.events import Recorded
from domain.incident_state import Incident
from domain.source_state import Source
from domain.ties import TieEvents, Ties
from service.store.log import RecordLog

State = Incident | Source | Account
S = TypeVar("S", Incident, Source, Account)
SNAPSHOT_SHAPE = 2
"""Raised when a state's shape changes: older snapshots are then passed over."""
SNAPSHOT_EVERY = 1_000
PAGE = 2_000
TIE_NAMES = tuple(kind.NAME for kind in TieEvents.__args__)


@dataclass(frozen=True)
class Kind(Generic[S]):
    """How an aggregate is folded and kept."""

    name: Aggregate
    state: type[S]
    evolve: Callable[[S | None, Recorded], S]
    adapter: TypeAdapter[S]

    @property
    def topic(self) -> str:
        """Return the topic under which its snapshots are kept."""
        return f"{self.name}.snapshot.v{SNAPSHOT_SHAPE}"


KINDS: dict[Aggregate, Kind[Any]] = {
    "incident": Kind("incident", Incident, incident_state.evolve, TypeAdapter(Incident)),
    "source": Kind("source", Source, source_state.evolve, TypeAdapter(Source)),
    "account": Kind("account", Account, account_state.evolve, TypeAdapter(Account)),
}


class States:
    """A cache of the states that were used last. Only the writer's thread changes what is in it."""

    def __init__(self, log: RecordLog, size: int) -> None:
        self._log, self._size = log, size
        self._states: OrderedDict[UUID, State] = OrderedDict()
        self._snapshots: dict[UUID, int] = {}
        self._ties: Ties | None = None

    def get(self, kind: Aggregate, aggregate: UUID) -> State | None:
        """Return the state of an aggregate, loaded where need be; None where there is none of this kind."""
        state = self._states.get(aggregate)
        if state is None:
            state = self.load(kind, aggregate)
            if state is None:
                return None
            self._states[aggregate] = state
        else:
            self._states.move_to_end(aggregate)
        return state if isinstance(state, KINDS[kind].state) else None

    def peek(self, kind: Aggregate, aggregate: UUID) -> State | None:
        """Return the state for reading from another thread, leaving the cache as it is."""
        state = self._states.get(aggregate) or self.load(kind, aggregate)
        return state if isinstance(state, KINDS[kind].state) else None

    def load(self, kind: Aggregate, aggregate: UUID) -> State | None:
        """Fold the state from its newest snapshot and the events after it."""
        state: State | None = self._from_snapshot(kind, aggregate)
        for recorded in self.history(aggregate, state.version if state else 0):
            if kind != recorded.event.AGGREGATE:
                return None
            state = KINDS[kind].evolve(state, recorded)
        return state

    def history(self, aggregate: UUID, after_version: int = 0) -> Iterator[Recorded]:
        """Yield the events of an aggregate after a version."""
        while rows := self._log.log_recorder.aggregate_rows(aggregate, after_version, PAGE):
            for position, data in rows:
                yield Recorded.from_bytes(data, position)
            after_version += len(rows)

    def ties(self) -> Ties:
        """Return the ties among all sources, folded from the log where need be."""
        if self._ties is None:
            ties, after, recorder = Ties(), 0, self._log.log_recorder
            while found := recorder.select_notifications(after, PAGE, topics=TIE_NAMES, inclusive_of_start=False):
                for one in found:
                    _note(ties, Recorded.from_bytes(one.state, one.id))
                after = found[-1].id
            self._ties = ties
        return self._ties

    def put(self, aggregate: UUID, state: State, recorded: Recorded) -> None:
        """Take the state that an event made."""
        self._states[aggregate] = state
        _note(self.ties(), recorded)

    def forget(self, aggregates: Iterable[UUID]) -> None:
        """Drop states whose events were not saved."""
        self._ties = None
        for aggregate in aggregates:
            self._states.pop(aggregate, None)

    def settle(self, touched: Iterable[tuple[Aggregate, UUID]]) -> None:
        """After a commit: keep snapshots where they pay, and drop the states that were not used for longest."""
        for kind, aggregate in touched:
            state = self._states[aggregate]
            last = self._snapshots.get(aggregate, 0)
            # Half as much again before the next: the cost of all snapshots stays in proportion to the log.
            if state.version - last >= max(SNAPSHOT_EVERY, last // 2):
                self._snapshot(kind, aggregate, state)
        while len(self._states) > self._size:
            self._states.popitem(last=False)

    def _snapshot(self, kind: Aggregate, aggregate: UUID, state: State) -> None:
        data = KINDS[kind].adapter.dump_json(state)
        self._log.snapshot_recorder.insert_events([StoredEvent(aggregate, state.version, KINDS[kind].topic, data)])
        self._snapshots[aggregate] = state.version

    def _from_snapshot(self, kind: Aggregate, aggregate: UUID) -> State | None:
        for kept in self._log.snapshot_recorder.select_events(aggregate, desc=True, limit=1):
            if kept.topic != KINDS[kind].topic:
                return None
            try:
                state: State = KINDS[kind].adapter.validate_json(kept.state)
            except ValidationError:
                return None
            self._snapshots[aggregate] = state.version
            return state
        return None


def _note(ties: Ties, recorded: Recorded) -> None:
    if isinstance(recorded.event, TieEvents):
        ties.note(recorded.aggregate, recorded.event)


class Known(Mapping[UUID, S]):
    """A mapping onto the aggregates of one kind, loaded when asked for."""

    def __init__(self, states: States, kind: Aggregate) -> None:
        self._states, self._kind = states, kind

    def __getitem__(self, aggregate: UUID) -> S:
        state = self._states.get(self._kind, aggregate)
        if state is None:
            raise KeyError(aggregate)
        return state  # type: ignore[return-value]  # the kind names the type

    def __iter__(self) -> Iterator[UUID]:
        raise TypeError("the aggregates are not listed here: ask for one")

    def __len__(self) -> int:
        raise TypeError("the aggregates are not counted here: ask for one")
