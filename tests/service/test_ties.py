"""What a decision is given beyond its own aggregate: the ties among all sources, and who asks."""

from pathlib import Path
from uuid import UUID

import pytest

from domain import incident_commands as c
from domain.account_commands import OpenAccount
from domain.events import Actor
from domain.incident_events import StanceTaken
from domain.refusals import OnlySuspects
from domain.source_commands import JudgeSource, RegisterSource, RelateSource
from service.ledger import Ledger, Receipt, Request
from service.store.states import States
from tests.service.ledgers import ask, claim, open_ledger

pytestmark = pytest.mark.usefixtures("store")


def registered(ledger: Ledger) -> UUID:
    return ledger.execute_now(ask(RegisterSource(name="A source", kind="outlet"))).aggregate


def reported(ledger: Ledger, incident: UUID, source: UUID) -> UUID:
    command = c.ReceiveReport(incident=incident, source=source, title="A report")
    return UUID(ledger.execute_now(ask(command)).ids["report"])


def independent(ledger: Ledger, incident: UUID, made: UUID, source: UUID, report: UUID) -> bool:
    """Tell whether the source's word on the claim counts as independent."""
    command = c.TakeStance(incident=incident, claim=made, source=source, kind="confirms", report=report)
    receipt = ledger.execute_now(ask(command))
    event = ledger.read(receipt.position - 1, 1)[0].event
    assert isinstance(event, StanceTaken)
    return event.independent


def test_a_tie_recorded_before_a_restart_binds_after_it(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        one, other, origin = (registered(ledger) for _ in range(3))
        incident = ledger.execute_now(ask(c.OpenIncident(title="Kursk incursion"))).aggregate
        report, theirs = reported(ledger, incident, one), reported(ledger, incident, other)
        made = UUID(ledger.execute_now(ask(claim(incident, report))).ids["claim"])
        assert independent(ledger, incident, made, other, theirs)
        ledger.execute_now(ask(RelateSource(source=other, other=origin, relation="relies_on")))
        ledger.execute_now(ask(JudgeSource(source=origin, other=one, judgement="same", reason="r")))
        assert not independent(ledger, incident, made, other, theirs)
    with open_ledger(tmp_path) as ledger:
        assert not independent(ledger, incident, made, other, theirs)
        ledger.execute_now(ask(JudgeSource(source=one, other=origin, judgement="different", reason="r")))
        assert independent(ledger, incident, made, other, theirs)


def test_a_tie_binds_what_follows_in_the_same_batch(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        one, other = registered(ledger), registered(ledger)
        incident = ledger.execute_now(ask(c.OpenIncident(title="Kursk incursion"))).aggregate
        report, theirs = reported(ledger, incident, one), reported(ledger, incident, other)
        made = UUID(ledger.execute_now(ask(claim(incident, report))).ids["claim"])
        tie = RelateSource(source=one, other=other, relation="same_operator")
        word = c.TakeStance(incident=incident, claim=made, source=other, kind="confirms", report=theirs)
        outcomes = ledger.execute_many([ask(tie), ask(word)])
        assert all(isinstance(outcome, Receipt) for outcome in outcomes)
        event = ledger.read(ledger.head() - 1, 1)[0].event
        assert isinstance(event, StanceTaken)
        assert not event.independent


def test_after_a_fault_ties_are_folded_anew_from_the_log(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        one, other = registered(ledger), registered(ledger)
        tie = RelateSource(source=one, other=other, relation="same_operator")
        ledger.execute_now(ask(tie))
        states = States(ledger._log, size=100)
        assert states.ties().recorded_as(one, "same_operator", other) is not None
        states.forget([one])
        assert states.ties().recorded_as(other, "same_operator", one) is not None


def test_a_machine_only_suspects(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident = ledger.execute_now(ask(c.OpenIncident(title="Kursk incursion"))).aggregate
        report = reported(ledger, incident, registered(ledger))
        claims = [UUID(ledger.execute_now(ask(claim(incident, report))).ids["claim"]) for _ in range(2)]
        machine = ledger.execute_now(ask(OpenAccount(name="matcher", kind="machine"))).aggregate
        sure = c.LinkClaims(incident=incident, claim=claims[0], other=claims[1], relation="same")
        with pytest.raises(OnlySuspects):
            ledger.execute_now(Request(sure, Actor(account=machine)))
        unsure = sure.model_copy(update={"judgement": "unsure"})
        assert ledger.execute_now(Request(unsure, Actor(account=machine))).events == ("claims.linked.v1",)
