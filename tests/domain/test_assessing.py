"""What it takes to hold a claim likely or confirmed (rule 4)."""

import pytest

from domain import incident_events as e
from domain import refusals as r
from domain import source_events as se
from domain import values as v
from tests import examples as x
from tests.domain.stories import AGAINST, FOR, VERIFIED, WITHDRAWN, assess, claim, incident, report, taken
from tests.spec import uid


class TestRule4Assessments:
    def test_confirmed_needs_more_than_the_claim(self) -> None:
        incident(claim()).when(assess("confirmed")).then_refused(r.NotIndependentlyConfirmed)

    def test_confirmed_by_an_independent_source(self) -> None:
        story = incident(claim(), report(uid(22), x.BLOGGER), taken(x.BLOGGER, uid(22), independent=True))
        event = story.when(assess("confirmed")).then_one(e.ClaimAssessed)
        assert (event.independent_origins, event.override, event.previous) == (2, None, "unassessed")

    @pytest.mark.parametrize("kind", ["repeats", "disputes", "denies", "declines_to_confirm"])
    def test_other_stances_confirm_nothing(self, kind: v.StanceKind) -> None:
        story = incident(claim(), report(uid(22), x.BLOGGER), taken(x.BLOGGER, uid(22), independent=True, kind=kind))
        story.when(assess("confirmed")).then_refused(r.NotIndependentlyConfirmed)
        story.when(assess("likely")).then_refused(r.TooFewIndependentSources)

    def test_confirmed_by_concession(self) -> None:
        conceded = taken(x.BLOGGER, uid(22), independent=True, kind="concedes")
        incident(claim(), report(uid(22), x.BLOGGER), conceded).when(assess("confirmed")).then_one(e.ClaimAssessed)

    def test_a_dependent_confirmation_does_not_confirm(self) -> None:
        story = incident(claim(), taken(x.BLOGGER, x.REPORT, independent=False))
        story.when(assess("confirmed")).then_refused(r.NotIndependentlyConfirmed)

    def test_confirmed_by_verified_evidence(self) -> None:
        incident(claim(), FOR, VERIFIED).when(assess("confirmed")).then_one(e.ClaimAssessed)

    def test_evidence_counts_only_when_verified_and_not_withdrawn(self) -> None:
        incident(claim(), FOR).when(assess("confirmed")).then_refused(r.NotIndependentlyConfirmed)
        story = incident(claim(), FOR, VERIFIED, WITHDRAWN)
        story.when(assess("confirmed")).then_refused(r.NotIndependentlyConfirmed)

    def test_verified_evidence_against_must_be_answered(self) -> None:
        story = incident(
            claim(),
            report(uid(22), x.BLOGGER),
            taken(x.BLOGGER, uid(22), independent=True),
            AGAINST,
            VERIFIED,
        )
        story.when(assess("confirmed")).then_refused(r.EvidenceUnanswered, str(x.EVIDENCE))
        story.when(assess("confirmed", answers=[x.EVIDENCE])).then_one(e.ClaimAssessed)

    def test_an_editor_may_override_and_it_is_seen(self) -> None:
        story = incident(claim(), may_override=True)
        event = story.when(assess("confirmed", override=True)).then_one(e.ClaimAssessed)
        assert event.override == "NotIndependentlyConfirmed"

    def test_nobody_else_may_override(self) -> None:
        incident(claim()).when(assess("confirmed", override=True)).then_refused(r.MayNotOverride)

    def test_an_override_of_nothing_is_refused(self) -> None:
        story = incident(claim(), may_override=True)
        story.when(assess("unverified", override=True)).then_refused(r.NothingToOverride)

    def test_what_an_assessment_rests_on_is_attached_to_the_claim(self) -> None:
        incident(claim()).when(assess("unverified", evidence=[uid(999)])).then_refused(r.UnknownEvidence)
        incident(claim()).when(assess("unverified", stances=[uid(999)])).then_refused(r.UnknownStance)

    def test_an_assessment_does_not_rest_on_withdrawn_evidence(self) -> None:
        story = incident(claim(), FOR, WITHDRAWN)
        story.when(assess("unverified", evidence=[x.EVIDENCE])).then_refused(r.AlreadyWithdrawn)
        incident(claim(), FOR).when(assess("unverified", evidence=[x.EVIDENCE])).then_one(e.ClaimAssessed)

    def test_withdrawn_evidence_against_needs_no_answer(self) -> None:
        story = incident(claim(), CONFIRMS_REPORT, CONFIRMS, AGAINST, VERIFIED, WITHDRAWN)
        story.when(assess("confirmed")).then_one(e.ClaimAssessed)

    def test_evidence_for_another_claim_confirms_nothing(self) -> None:
        other = FOR.model_copy(update={"supports": (x.OTHER_CLAIM,)})
        story = incident(claim(), claim(x.OTHER_CLAIM, 2), other, VERIFIED)
        story.when(assess("confirmed")).then_refused(r.NotIndependentlyConfirmed)

    def test_the_newest_examination_counts(self) -> None:
        doubted = VERIFIED.model_copy(update={"finding": "inconclusive"})
        story = incident(claim(), FOR, VERIFIED, doubted)
        story.when(assess("confirmed")).then_refused(r.NotIndependentlyConfirmed)

    @pytest.mark.parametrize("assessment", ["unassessed", "unverified", "unverifiable", "contested", "false"])
    def test_all_else_is_held_on_a_reason_alone(self, assessment: str) -> None:
        incident(claim()).when(assess(assessment)).then_one(e.ClaimAssessed)

    def test_the_assessment_tells_the_one_before(self) -> None:
        held = e.ClaimAssessed(claim=x.CLAIM, assessment="contested", previous="unassessed", independent_origins=1)
        assert incident(claim(), held).when(assess("unverified")).then_one(e.ClaimAssessed).previous == "contested"


CONFIRMS_REPORT = report(uid(22), x.BLOGGER)
CONFIRMS = taken(x.BLOGGER, uid(22), independent=True)


class TestWhatCountsIsJudgedNow:
    def test_a_tie_that_was_learnt_since_binds(self) -> None:
        echo = (x.BLOGGER, se.SourceRelated(other=x.SOURCE, relation="relies_on"))
        story = incident(claim(), CONFIRMS_REPORT, CONFIRMS, ties=(echo,))
        story.when(assess("confirmed")).then_refused(r.NotIndependentlyConfirmed)
        story.when(assess("likely")).then_refused(r.TooFewIndependentSources)

    def test_a_correction_of_the_claimant_is_taken_into_account(self) -> None:
        theirs = v.ClaimChanges(attribution=v.Attribution(claimant=x.BLOGGER))
        before = v.ClaimChanges(attribution=v.Attribution(claimant=x.SOURCE))
        corrected = e.ClaimCorrected(claim=x.CLAIM, by="desk", slip="attribution", before=before, after=theirs)
        story = incident(claim(), CONFIRMS_REPORT, CONFIRMS, corrected)
        story.when(assess("confirmed")).then_refused(r.NotIndependentlyConfirmed)

    @pytest.mark.parametrize("kind", ["denies", "disputes", "declines_to_confirm"])
    def test_the_last_word_of_a_source_counts(self, kind: v.StanceKind) -> None:
        after = taken(x.BLOGGER, uid(22), independent=True, id_=uid(62), kind=kind)
        story = incident(claim(), CONFIRMS_REPORT, CONFIRMS, after)
        story.when(assess("confirmed")).then_refused(r.NotIndependentlyConfirmed)
        incident(claim(), CONFIRMS_REPORT, after, CONFIRMS).when(assess("confirmed")).then_one(e.ClaimAssessed)

    def test_to_repeat_a_claim_takes_no_word_back(self) -> None:
        after = taken(x.BLOGGER, uid(22), independent=True, id_=uid(62), kind="repeats")
        incident(claim(), CONFIRMS_REPORT, CONFIRMS, after).when(assess("confirmed")).then_one(e.ClaimAssessed)
