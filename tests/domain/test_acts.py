"""What a command becomes: its event with all that it brought, and the id of what it made."""

from uuid import UUID

import pytest

from domain import incident_commands as c
from domain import incident_events as e
from domain import refusals as r
from domain import source_events as se
from domain import values as v
from domain.commands import Command
from domain.events import Event
from tests import examples as x
from tests.domain.stories import FOR, claim, incident, make, retracted, stance
from tests.spec import Story, uid

NEW = uid(5_001)
"""The id that is assigned where a command brings none."""
ON = v.Subject(kind="claim", id=x.CLAIM)
TASK = c.AssignTask(incident=x.INCIDENT, on=ON, to=x.ACCOUNT, text="Geolocate", task=uid(77))
ACCOUNT: tuple[UUID, Event] = (x.ACCOUNT, x.EXAMPLES[36])


def give(command: type[Command], /, **fields: object) -> Command:
    return command.model_validate({"incident": x.INCIDENT, "reason": "r", **fields})


MAKERS: tuple[tuple[str, Command], ...] = (
    ("figure", give(c.DefineFigure, label="Killed", counting_rule="Since 6 August", figure=uid(77))),
    ("report", give(c.ReceiveReport, source=x.SOURCE, title="A report", language="uk", report=uid(77))),
    ("claim", make(claim=uid(77), kind="advance", parties=["Ukraine"], reference="c-1")),
    ("stance", stance(x.BLOGGER).model_copy(update={"stance": uid(77)})),
    ("evidence", give(c.AttachEvidence, supports=[x.CLAIM], kind="video", hash=x.HASH, evidence=uid(77))),
    ("note", give(c.AddNote, on=ON, text="Ask for the clip", note=uid(77))),
    ("task", TASK),
    ("bulletin", give(c.PublishBulletin, title="T", text="T", bulletin=uid(77))),
)


@pytest.mark.parametrize(("thing", "command"), MAKERS)
def test_an_id_may_be_brought_along_once_and_is_assigned_otherwise(thing: str, command: Command) -> None:
    story = incident(claim(), ties=(ACCOUNT,))
    (made,) = story.when(command).events
    assert getattr(made, thing) == uid(77)
    (assigned,) = story.when(command.model_copy(update={thing: None})).events
    assert getattr(assigned, thing) == NEW
    incident(claim(), made, ties=(ACCOUNT,)).when(command).then_refused(r.AlreadyExists, str(uid(77)))


@pytest.mark.parametrize(("thing", "command"), MAKERS)
def test_an_event_keeps_all_that_its_command_brought(thing: str, command: Command) -> None:
    (made,) = incident(claim(), ties=(ACCOUNT,)).when(command).events
    brought = {name: getattr(command, name) for name in type(command).model_fields if name in type(made).model_fields}
    assert {name: getattr(made, name) for name in brought} == brought | {thing: uid(77)}
    assert type(made).model_fields.keys() >= type(command).model_fields.keys() - {"incident", "reason"}


def test_an_incident_that_is_opened_without_an_id_gets_one() -> None:
    event = Story((), x.INCIDENT).when(c.OpenIncident(title="Kursk incursion")).then_one(e.IncidentOpened)
    assert (event.incident, event.short_id) == (NEW, "KUR-0004W9")


def test_claims_of_an_incident_are_counted() -> None:
    assert incident().when(make()).then_one(e.ClaimMade).number == 1
    assert incident(claim(), retracted()).when(make()).then_one(e.ClaimMade).number == 2


def test_a_claim_that_is_retracted_says_by_whom_and_why() -> None:
    retract = give(c.RetractClaim, claim=x.CLAIM, by="desk", code="fabricated", notice="Taken back")
    expected = e.ClaimRetracted(claim=x.CLAIM, by="desk", code="fabricated", notice="Taken back")
    incident(claim()).when(retract).then(expected)


def test_a_claim_is_reinstated_on_a_new_basis() -> None:
    reinstate = give(c.ReinstateClaim, claim=x.CLAIM, basis="The full clip was found")
    incident(claim(), retracted()).when(reinstate).then(
        e.ClaimReinstated(claim=x.CLAIM, basis="The full clip was found")
    )


def test_a_claim_may_turn_out_to_be_of_another_report() -> None:
    other = e.ReportReceived(report=uid(22), source=x.BLOGGER, title="Another report")
    correct = give(c.CorrectClaim, claim=x.CLAIM, by="desk", slip="attribution", changes={"report": uid(22)})
    event = incident(claim(), other).when(correct).then_one(e.ClaimCorrected)
    assert (event.before.report, event.after.report) == (x.REPORT, uid(22))
    folded = incident(claim(), other, event).folded()
    assert folded.chain_of(folded.claims[x.CLAIM]) == {x.SOURCE, x.BLOGGER}


def test_evidence_may_speak_for_one_claim_and_against_another() -> None:
    attach = give(c.AttachEvidence, supports=[x.CLAIM], against=[x.OTHER_CLAIM], kind="video", hash=x.HASH)
    event = incident(claim(), claim(x.OTHER_CLAIM, 2)).when(attach).then_one(e.EvidenceAttached)
    assert (event.supports, event.against) == ((x.CLAIM,), (x.OTHER_CLAIM,))


@pytest.mark.parametrize("ends", [(x.BLOGGER, x.SOURCE), (x.SOURCE, x.BLOGGER)])
def test_a_claimant_under_another_name_is_the_claimant(ends: tuple[UUID, UUID]) -> None:
    same = (ends[0], se.SourceJudged(other=ends[1], judgement="same"))
    incident(claim(), ties=(same,)).when(stance(x.BLOGGER)).then_refused(r.OwnClaim)
    apart = (ends[0], se.SourceJudged(other=ends[1], judgement="different"))
    incident(claim(), ties=(same, apart)).when(stance(x.BLOGGER)).then_one(e.StanceTaken)


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (give(c.CloseIncident, disposition="settled"), e.IncidentClosed(disposition="settled")),
        (
            give(c.CorrectReport, report=x.REPORT, kind="silent_edit", hash=x.HASH, what_changed="Miles"),
            e.ReportCorrected(report=x.REPORT, kind="silent_edit", hash=x.HASH, what_changed="Miles"),
        ),
        (
            give(c.ExamineEvidence, evidence=x.EVIDENCE, finding="rejected", method="comparison", rating=["staged"]),
            e.EvidenceExamined(evidence=x.EVIDENCE, finding="rejected", method="comparison", rating=("staged",)),
        ),
        (give(c.WithdrawEvidence, evidence=x.EVIDENCE), e.EvidenceWithdrawn(evidence=x.EVIDENCE)),
        (
            give(c.CorrectClaim, claim=x.CLAIM, by="source", changes={"parties": ["Ukraine"]}, notice="N"),
            e.ClaimCorrected(
                claim=x.CLAIM,
                by="source",
                before=v.ClaimChanges(parties=()),
                after=v.ClaimChanges(parties=("Ukraine",)),
                notice="N",
            ),
        ),
    ],
    ids=lambda one: getattr(one, "NAME", None),
)
def test_an_act_is_recorded_as_it_was_asked(command: Command, event: Event) -> None:
    incident(claim(), FOR).when(command).then(event)


def test_a_retracted_claim_is_named_with_what_it_does_not_take() -> None:
    story = incident(claim(), retracted())
    correct = give(c.CorrectClaim, claim=x.CLAIM, by="source", changes={"kind": "order"})
    assess = give(c.AssessClaim, claim=x.CLAIM, assessment="unverified")
    adopt = give(c.AdoptFigure, figure=x.FIGURE, value={"best": 6, "unit": "km"}, rests_on=[x.CLAIM])
    for command, what in (
        (correct, "takes no correction"),
        (assess, "takes no assessment"),
        (stance(x.BLOGGER), "takes no stance"),
        (adopt, "cannot carry an adopted figure"),
    ):
        story.when(command).then_refused(r.ClaimIsRetracted, f"KUR-000001-1 is retracted and {what}")
