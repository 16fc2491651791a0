"""Claims: what they name, how they fall and stand again (rules 1 to 3)."""

import pytest

from domain import incident_commands as c
from domain import incident_events as e
from domain import refusals as r
from domain import values as v
from domain.commands import Command
from tests import examples as x
from tests.domain.stories import assess, claim, incident, make, retracted, stance
from tests.spec import uid


class TestRule1Chains:
    def test_a_claim_names_a_report_of_its_incident(self) -> None:
        incident().when(make(report=uid(999))).then_refused(r.UnknownReport, "receive the report first")

    def test_a_report_names_a_registered_source(self) -> None:
        command = c.ReceiveReport(incident=x.INCIDENT, source=uid(999), title="A report")
        incident().when(command).then_refused(r.UnknownSource, "register it first")

    def test_a_chain_names_registered_sources(self) -> None:
        incident().when(make(attribution={"claimant": uid(999)})).then_refused(r.UnknownSource)

    def test_a_chain_holds_no_source_twice(self) -> None:
        twice = {"claimant": x.SOURCE, "through": [x.AGENCY, x.SOURCE]}
        incident().when(make(attribution=twice)).then_refused(r.ChainRepeats)

    def test_a_claim_may_be_unattributed(self) -> None:
        made = incident().when(make(attribution={"claimant": None, "through": [x.AGENCY]})).then_one(e.ClaimMade)
        assert made.attribution.claimant is None


class TestRule2Retracted:
    @pytest.mark.parametrize(
        "command",
        [
            assess("unverified"),
            stance(x.BLOGGER),
            c.PublishBulletin(incident=x.INCIDENT, title="T", text="T", cites=(v.Cite(claim=x.CLAIM),)),
            c.CorrectClaim(
                incident=x.INCIDENT, claim=x.CLAIM, by="source", changes=v.ClaimChanges(kind="order"), reason="r"
            ),
        ],
        ids=["assessment", "stance", "citation", "correction"],
    )
    def test_a_retracted_claim_takes_none_of_these(self, command: Command) -> None:
        incident(claim(), retracted()).when(command).then_refused(r.ClaimIsRetracted, "reinstate it first")

    def test_a_retracted_claim_cannot_be_retracted_again(self) -> None:
        again = c.RetractClaim(incident=x.INCIDENT, claim=x.CLAIM, by="source", reason="r")
        incident(claim(), retracted()).when(again).then_refused(r.AlreadyRetracted)

    def test_a_claim_that_stands_cannot_be_reinstated(self) -> None:
        command = c.ReinstateClaim(incident=x.INCIDENT, claim=x.CLAIM, basis="b", reason="r")
        incident(claim()).when(command).then_refused(r.NotRetracted)

    def test_a_reinstated_claim_can_be_assessed(self) -> None:
        back = e.ClaimReinstated(claim=x.CLAIM, basis="b")
        incident(claim(), retracted(), back).when(assess("unverified")).then_one(e.ClaimAssessed)

    def test_notes_and_links_stay_possible(self) -> None:
        note = c.AddNote(incident=x.INCIDENT, on=v.Subject(kind="claim", id=x.CLAIM), text="n")
        link = c.LinkClaims(incident=x.INCIDENT, claim=x.CLAIM, other=x.OTHER_CLAIM, relation="same")
        story = incident(claim(), claim(x.OTHER_CLAIM, 2), retracted())
        story.when(note).then_one(e.NoteAdded)
        story.when(link).then_one(e.ClaimsLinked)

    def test_the_desk_says_why_by_code_and_a_source_does_not(self) -> None:
        desk = c.RetractClaim(incident=x.INCIDENT, claim=x.CLAIM, by="desk", reason="r")
        theirs = c.RetractClaim(incident=x.INCIDENT, claim=x.CLAIM, by="source", code="error", reason="r")
        incident(claim()).when(desk).then_refused(r.CodeMissing)
        incident(claim()).when(theirs).then_refused(r.CodeMissing)


def test_rule_3_a_claimants_word_on_its_own_claim_is_no_stance() -> None:
    incident(claim()).when(stance(x.SOURCE)).then_refused(r.OwnClaim, "`updates`")


class TestCorrectingWords:
    """A correction of the words alone says nothing of their language: it stays what it was."""

    @pytest.mark.parametrize(
        ("given", "kept"), [({}, "en"), ({"language": "und"}, "und"), ({"language": "ru"}, "ru")], ids=str
    )
    def test_the_language_stays_unless_another_is_named(self, given: dict[str, str], kept: str) -> None:
        changes = v.ClaimChanges(wording=v.Wording.model_validate({"text": "шість кілометрів", **given}))
        correct = c.CorrectClaim(incident=x.INCIDENT, claim=x.CLAIM, by="source", changes=changes, reason="heard again")
        corrected = incident(claim()).when(correct).then_one(e.ClaimCorrected)
        assert corrected.after.wording == v.Wording(text="шість кілометрів", language=kept)
