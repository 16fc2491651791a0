"""Given these events, when this command, then those events: the rules in the desk's own words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from domain import account, account_state, incident, incident_state, source, source_state, subject, subject_state
from domain.account_state import Account
from domain.commands import Command
from domain.events import Actor, Event, Recorded
from domain.given import Given
from domain.incident_state import Incident
from domain.refusals import Refused
from domain.source_state import Source
from domain.ties import TieEvents, Ties

E = TypeVar("E", bound=Event)
START = datetime(2024, 8, 8, 8, 0, tzinfo=UTC)


def uid(number: int) -> UUID:
    """Return a fixed id."""
    return UUID(int=number)


def recorded(event: Event, aggregate: UUID, version: int, position: int, reason: str = "because") -> Recorded:
    """Return an event in an envelope of fixed times and actor."""
    at = START + timedelta(minutes=position)
    return Recorded(aggregate, version, position, at, Actor(account=uid(900)), reason, None, None, event)


@dataclass
class Story:
    """The events so far, and what a command then leads to."""

    events: tuple[Event, ...]
    aggregate: UUID
    others: tuple[tuple[UUID, Event], ...] = ()
    may_override: bool = False
    actor: UUID | None = None

    def history(self) -> list[Recorded]:
        """Return the events as the log holds them."""
        return [recorded(event, self.aggregate, n, n) for n, event in enumerate(self.events, start=1)]

    def folded(self) -> Incident:
        """Return the incident that the events make."""
        state = fold_incident(self.history())
        assert state is not None
        return state

    def given(self) -> Given:
        """Return what the decision is given: the other aggregates folded from their own events."""
        sources: dict[UUID, Source] = {}
        accounts: dict[UUID, Account] = {}
        ties = Ties()
        own = tuple((self.aggregate, event) for event in self.events)
        for id_, event in (*self.others, *own):
            if isinstance(event, TieEvents):
                ties.note(id_, event)
        for n, (id_, event) in enumerate(self.others, start=1):
            envelope = recorded(event, id_, n, n)
            if event.AGGREGATE == "source":
                sources[id_] = source_state.evolve(sources.get(id_), envelope)
            else:
                accounts[id_] = account_state.evolve(accounts.get(id_), envelope)
        return Given(
            at=START + timedelta(days=1),
            head=len(self.events),
            new_id=counter(5_000),
            sources=sources,
            accounts=accounts,
            incidents={uid(1), uid(2)},
            ties=ties,
            actor=self.actor,
            may_override=self.may_override,
        )

    def when(self, command: Command) -> "Outcome":
        """Return what the command leads to."""
        try:
            return Outcome(decide(self.history(), command, self.given()), None)
        except Refused as refusal:
            return Outcome((), refusal)


def decide(history: list[Recorded], command: Command, given: Given) -> tuple[Event, ...]:
    """Let the aggregate of the command decide on its history."""
    match command.AGGREGATE:
        case "incident":
            return incident.decide(fold_incident(history), command, given)
        case "source":
            return source.decide(source_state.replay(history), command, given)
        case "account":
            return account.decide(account_state.replay(history), command, given)
        case "subject":
            return subject.decide(subject_state.replay(history), command, given)


def fold_incident(history: list[Recorded]) -> Incident | None:
    """Fold a history of an incident."""
    return incident_state.replay(history)


def counter(start: int) -> Callable[[], UUID]:
    """Return a source of new ids that begins at a number."""
    last = start

    def new() -> UUID:
        nonlocal last
        last += 1
        return uid(last)

    return new


@dataclass
class Outcome:
    """What a command led to."""

    events: tuple[Event, ...]
    refusal: Refused | None

    def then(self, *expected: Event) -> None:
        """Assert these events."""
        assert self.refusal is None, f"refused: {self.refusal!r}"
        assert self.events == expected

    def then_one(self, kind: type[E]) -> E:
        """Assert one event of this kind, and return it."""
        assert self.refusal is None, f"refused: {self.refusal!r}"
        (event,) = self.events
        assert isinstance(event, kind)
        return event

    def then_refused(self, kind: type[Refused], saying: str = "") -> None:
        """Assert a refusal of this kind, which says this."""
        assert isinstance(self.refusal, kind), f"not refused as {kind.__name__}: {self.refusal!r} {self.events}"
        assert saying in str(self.refusal)
