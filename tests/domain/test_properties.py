"""What holds of every rule, whatever is asked in whatever state that can be reached."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain import account, account_state, incident, incident_state, source, source_state, subject, subject_state
from domain import account_commands as ac
from domain import account_events as ae
from domain import incident_commands as c
from domain import source_commands as sc
from domain import source_events as se
from domain import subject_commands as pc
from domain import values as v
from domain.account_state import Account
from domain.commands import Command
from domain.events import Recorded
from domain.given import Given
from domain.incident_state import Incident
from domain.refusals import Refused
from domain.source_state import Source
from domain.subject_state import Subject
from domain.ties import TieEvents, Ties
from tests.domain.wishes import (
    ACCOUNTS,
    CLAIMS,
    HASHES,
    INCIDENTS,
    SOURCES,
    STOCKS,
    SUBJECTS,
    account_wishes,
    incident_wishes,
    source_wishes,
    subject_wishes,
)
from tests.spec import START, counter, recorded, uid

OPENING: tuple[c.IncidentCommands, ...] = (
    c.OpenIncident(incident=INCIDENTS[0], title="Kursk incursion"),
    *(c.DefineFigure(incident=INCIDENTS[0], figure=one, label="Killed") for one in STOCKS["figure"]),
    *(
        c.ReceiveReport(incident=INCIDENTS[0], report=one, source=of, title="A report")
        for one, of in zip(STOCKS["report"], SOURCES, strict=True)
    ),
    *(
        c.MakeClaim(
            incident=INCIDENTS[0],
            claim=one,
            report=report,
            wording=v.Wording(text="six miles"),
            attribution=v.Attribution(claimant=of),
        )
        for one, report, of in zip(CLAIMS, STOCKS["report"], SOURCES, strict=True)
    ),
    c.AttachEvidence(
        incident=INCIDENTS[0], evidence=uid(51), supports=CLAIMS[:1], against=CLAIMS[1:], kind="video", hash=HASHES[0]
    ),
    c.PublishBulletin(incident=INCIDENTS[0], bulletin=uid(91), title="T", text="T"),
)
REGISTERING = (sc.RegisterSource(source=SOURCES[0], name="A source", kind="outlet"),)
SEALING = (pc.SealSubject(subject=SUBJECTS[0], incident=INCIDENTS[0], sealed="c2VhbGVk"),)
BEGINNING = (ac.OpenAccount(account=ACCOUNTS[0], name="reporter-1"),)


@dataclass
class World:
    """One aggregate with all that its decisions are given, as far as it has come."""

    decide: Callable[[Any, Any, Given], tuple[Any, ...]]
    evolve: Callable[[Any, Recorded], Any]
    aggregate: UUID
    may_override: bool = False
    actor: UUID | None = None
    state: Any = None
    history: list[Recorded] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    ties: Ties = field(default_factory=Ties)
    new_id: Callable[[], UUID] = field(default_factory=lambda: counter(5_000))

    def given(self) -> Given:
        sources, accounts = {}, {}
        for one in SOURCES:
            event = se.SourceRegistered(source=one, name="A source", kind="outlet")
            sources[one] = source_state.evolve(None, recorded(event, one, 1, 1))
        for one, kind in zip(ACCOUNTS, ("person", "machine"), strict=True):
            opened = ae.AccountOpened.model_validate({"account": one, "name": "a", "kind": kind})
            accounts[one] = account_state.evolve(None, recorded(opened, one, 1, 1))
        return Given(
            at=START + timedelta(days=1),
            head=len(self.history),
            new_id=self.new_id,
            sources=sources,
            accounts=accounts,
            incidents=set(INCIDENTS),
            ties=self.ties,
            actor=self.actor,
            may_override=self.may_override,
        )

    def ask(self, command: Command) -> None:
        """Let the aggregate decide and evolve; whatever is not `Refused` is a fault and fails the test."""
        state, ties = deepcopy(self.state), deepcopy(self.ties)
        try:
            events = self.decide(self.state, command, self.given())
        except Refused as refusal:
            self.refused.append(refusal)
            events = ()
        assert (self.state, self.ties) == (state, ties), "a decision changes nothing"
        for event in events:
            at = len(self.history) + 1
            self.history.append(recorded(event, self.aggregate, at, at))
            self.state = self.evolve(self.state, self.history[-1])
            if isinstance(event, TieEvents):
                self.ties.note(self.aggregate, event)

    def check(self, adapter: TypeAdapter[Any]) -> None:
        """Assert that what was recorded is read again, folds to the same state, and that the state can be kept."""
        read = [Recorded.from_bytes(one.to_bytes(), one.position) for one in self.history]
        assert read == self.history
        state = None
        for one in read:
            state = self.evolve(state, one)
        assert state == self.state
        assert adapter.validate_json(adapter.dump_json(self.state)) == self.state


def told(world: World, commands: Sequence[Command], adapter: TypeAdapter[Any]) -> None:
    for command in commands:
        world.ask(command)
    world.check(adapter)


@given(st.lists(incident_wishes(), min_size=10, max_size=30), st.booleans(), st.sampled_from([None, *ACCOUNTS]))
def test_an_incident_refuses_by_name_or_records(
    wishes: list[c.IncidentCommands], may_override: bool, actor: UUID | None
) -> None:
    world = World(incident.decide, incident_state.evolve, INCIDENTS[0], may_override, actor)
    told(world, [*OPENING, *wishes], TypeAdapter(Incident))


@given(st.lists(source_wishes(), min_size=5, max_size=15))
def test_a_source_refuses_by_name_or_records(wishes: list[sc.SourceCommands]) -> None:
    told(World(source.decide, source_state.evolve, SOURCES[0]), [*REGISTERING, *wishes], TypeAdapter(Source))


@given(st.lists(account_wishes(), min_size=5, max_size=15))
def test_an_account_refuses_by_name_or_records(wishes: list[ac.AccountCommands]) -> None:
    told(World(account.decide, account_state.evolve, ACCOUNTS[0]), [*BEGINNING, *wishes], TypeAdapter(Account))


@given(st.lists(subject_wishes(), min_size=5, max_size=15))
def test_a_person_refuses_by_name_or_records(wishes: list[pc.SubjectCommands]) -> None:
    told(World(subject.decide, subject_state.evolve, SUBJECTS[0]), [*SEALING, *wishes], TypeAdapter(Subject))


@given(incident_wishes() | source_wishes() | account_wishes() | subject_wishes())
def test_what_was_never_begun_takes_nothing_but_its_beginning(wish: Command) -> None:
    worlds = {
        "incident": World(incident.decide, incident_state.evolve, INCIDENTS[0]),
        "source": World(source.decide, source_state.evolve, SOURCES[0]),
        "account": World(account.decide, account_state.evolve, ACCOUNTS[0]),
        "subject": World(subject.decide, subject_state.evolve, SUBJECTS[0]),
    }
    world = worlds[wish.AGGREGATE]
    world.ask(wish)
    begins = wish.NAME in ("incident.open", "source.register", "account.open", "subject.seal")
    assert bool(world.history) == begins, world.refused
