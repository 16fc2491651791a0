"""The rules of the record, each in the desk's words."""

from uuid import UUID

import pytest

from domain import account_commands as ac
from domain import account_events as ae
from domain import incident_commands as c
from domain import incident_events as e
from domain import refusals as r
from domain import source_commands as sc
from domain import source_events as se
from domain import values as v
from domain.commands import Command
from domain.events import Event
from tests import examples as x
from tests.spec import Story, uid

OPENED, FIGURE, REPORT = x.EXAMPLES[0], x.EXAMPLES[6], x.EXAMPLES[9]
TEXT = v.Wording(text="They advanced", language="en")


def source(id_: UUID, name: str = "A source") -> tuple[UUID, Event]:
    return id_, se.SourceRegistered(source=id_, name=name, kind="outlet")


SOURCES = tuple(source(id_) for id_ in (x.SOURCE, x.AGENCY, x.BLOGGER, x.GENERAL))


def report(id_: UUID, of: UUID) -> e.ReportReceived:
    return e.ReportReceived(report=id_, source=of, title="A report")


def claim(id_: UUID = x.CLAIM, number: int = 1, by: UUID | None = x.SOURCE, of: UUID = x.REPORT) -> e.ClaimMade:
    attribution = v.Attribution(claimant=by)
    return e.ClaimMade(claim=id_, number=number, report=of, wording=TEXT, attribution=attribution)


def retracted(id_: UUID = x.CLAIM) -> e.ClaimRetracted:
    return e.ClaimRetracted(claim=id_, by="desk", code="error")


def incident(*events: Event, ties: tuple[tuple[UUID, Event], ...] = (), may_override: bool = False) -> Story:
    return Story((OPENED, FIGURE, REPORT, *events), x.INCIDENT, SOURCES + ties, may_override)


def make(**fields: object) -> c.MakeClaim:
    return c.MakeClaim.model_validate({"incident": x.INCIDENT, "report": x.REPORT, "wording": TEXT, **fields})


def assess(assessment: str, reason: str = "checked", **fields: object) -> c.AssessClaim:
    given = {"incident": x.INCIDENT, "claim": x.CLAIM, "assessment": assessment, "reason": reason, **fields}
    return c.AssessClaim.model_validate(given)


def stance(by: UUID, kind: str = "confirms", report_: UUID = x.REPORT, through: tuple[UUID, ...] = ()) -> c.TakeStance:
    given = {"incident": x.INCIDENT, "claim": x.CLAIM, "source": by, "kind": kind, "report": report_}
    return c.TakeStance.model_validate({**given, "through": through})


def taken(by: UUID, of: UUID, *, independent: bool, id_: UUID = x.STANCE, kind: v.StanceKind = "confirms") -> Event:
    return e.StanceTaken(stance=id_, claim=x.CLAIM, source=by, kind=kind, report=of, independent=independent)


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
        assert isinstance(made, e.ClaimMade)
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


class TestRule4Assessments:
    FOR = e.EvidenceAttached(evidence=x.EVIDENCE, supports=(x.CLAIM,), kind="video", hash=x.HASH)
    AGAINST = e.EvidenceAttached(evidence=x.EVIDENCE, against=(x.CLAIM,), kind="video", hash=x.HASH)
    VERIFIED = e.EvidenceExamined(evidence=x.EVIDENCE, finding="verified", method="geolocation")
    WITHDRAWN = e.EvidenceWithdrawn(evidence=x.EVIDENCE)

    def test_confirmed_needs_more_than_the_claim(self) -> None:
        incident(claim()).when(assess("confirmed")).then_refused(r.NotIndependentlyConfirmed)

    def test_confirmed_by_an_independent_source(self) -> None:
        story = incident(claim(), report(uid(22), x.BLOGGER), taken(x.BLOGGER, uid(22), independent=True))
        event = story.when(assess("confirmed")).then_one(e.ClaimAssessed)
        assert isinstance(event, e.ClaimAssessed)
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
        incident(claim(), self.FOR, self.VERIFIED).when(assess("confirmed")).then_one(e.ClaimAssessed)

    def test_evidence_counts_only_when_verified_and_not_withdrawn(self) -> None:
        incident(claim(), self.FOR).when(assess("confirmed")).then_refused(r.NotIndependentlyConfirmed)
        story = incident(claim(), self.FOR, self.VERIFIED, self.WITHDRAWN)
        story.when(assess("confirmed")).then_refused(r.NotIndependentlyConfirmed)

    def test_verified_evidence_against_must_be_answered(self) -> None:
        story = incident(
            claim(),
            report(uid(22), x.BLOGGER),
            taken(x.BLOGGER, uid(22), independent=True),
            self.AGAINST,
            self.VERIFIED,
        )
        story.when(assess("confirmed")).then_refused(r.EvidenceUnanswered, str(x.EVIDENCE))
        story.when(assess("confirmed", answers=[x.EVIDENCE])).then_one(e.ClaimAssessed)

    def test_an_editor_may_override_and_it_is_seen(self) -> None:
        story = incident(claim(), may_override=True)
        event = story.when(assess("confirmed", override=True)).then_one(e.ClaimAssessed)
        assert isinstance(event, e.ClaimAssessed)
        assert event.override == "NotIndependentlyConfirmed"

    def test_nobody_else_may_override(self) -> None:
        incident(claim()).when(assess("confirmed", override=True)).then_refused(r.MayNotOverride)

    def test_an_override_of_nothing_is_refused(self) -> None:
        story = incident(claim(), may_override=True)
        story.when(assess("unverified", override=True)).then_refused(r.NothingToOverride)

    def test_what_an_assessment_rests_on_is_attached_to_the_claim(self) -> None:
        incident(claim()).when(assess("unverified", evidence=[uid(999)])).then_refused(r.UnknownEvidence)
        incident(claim()).when(assess("unverified", stances=[uid(999)])).then_refused(r.UnknownStance)


class TestRule5Independence:
    def judged(self, command: c.TakeStance, *events: Event, ties: tuple[tuple[UUID, Event], ...] = ()) -> bool:
        event = incident(claim(), *events, ties=ties).when(command).then_one(e.StanceTaken)
        assert isinstance(event, e.StanceTaken)
        return event.independent

    def test_two_strangers_are_independent(self) -> None:
        assert self.judged(stance(x.BLOGGER, report_=uid(22)), report(uid(22), x.BLOGGER))

    def test_a_shared_report_binds(self) -> None:
        assert not self.judged(stance(x.BLOGGER))

    def test_a_shared_relay_binds(self) -> None:
        command = stance(x.BLOGGER, report_=uid(22), through=(x.SOURCE,))
        assert not self.judged(command, report(uid(22), x.BLOGGER))

    @pytest.mark.parametrize("relation", ["same_operator", "relies_on"])
    @pytest.mark.parametrize("ends", [(x.BLOGGER, x.SOURCE), (x.SOURCE, x.BLOGGER)])
    def test_a_tie_binds_either_way(self, relation: v.SourceRelation, ends: tuple[UUID, UUID]) -> None:
        tie = (ends[0], se.SourceRelated(other=ends[1], relation=relation))
        assert not self.judged(stance(x.BLOGGER, report_=uid(22)), report(uid(22), x.BLOGGER), ties=(tie,))

    def test_a_spokesperson_is_not_bound(self) -> None:
        tie = (x.BLOGGER, se.SourceRelated(other=x.SOURCE, relation="spokesperson_of"))
        assert self.judged(stance(x.BLOGGER, report_=uid(22)), report(uid(22), x.BLOGGER), ties=(tie,))

    def test_the_same_source_under_two_names_is_bound(self) -> None:
        tie = (x.SOURCE, se.SourceJudged(other=x.BLOGGER, judgement="same"))
        assert not self.judged(stance(x.BLOGGER, report_=uid(22)), report(uid(22), x.BLOGGER), ties=(tie,))

    def test_channels_that_repeat_one_origin_count_once(self) -> None:
        echo = (x.GENERAL, se.SourceRelated(other=x.BLOGGER, relation="relies_on"))
        story = incident(
            claim(by=None, of=x.REPORT),
            report(uid(22), x.BLOGGER),
            report(uid(23), x.GENERAL),
            taken(x.BLOGGER, uid(22), independent=True),
            taken(x.GENERAL, uid(23), independent=True, id_=uid(62)),
            ties=(echo,),
        )
        event = story.when(assess("likely")).then_one(e.ClaimAssessed)
        assert isinstance(event, e.ClaimAssessed)
        assert event.independent_origins == 2

    def test_likely_counts_claims_that_say_the_same(self) -> None:
        linked = e.ClaimsLinked(claim=x.OTHER_CLAIM, other=x.CLAIM, relation="same", judgement="positive")
        other = claim(x.OTHER_CLAIM, 2, by=x.BLOGGER, of=uid(22))
        story = incident(claim(), report(uid(22), x.BLOGGER), other, linked)
        story.when(assess("likely")).then_one(e.ClaimAssessed)
        gone = incident(claim(), report(uid(22), x.BLOGGER), other, linked, retracted(x.OTHER_CLAIM))
        gone.when(assess("likely")).then_refused(r.TooFewIndependentSources)


class TestRule6Figures:
    def quantity(self, **fields: object) -> dict[str, object]:
        return {"figure": x.FIGURE, "unit": "km", "wording": "w", **fields}

    def test_the_unit_has_the_figures_dimension(self) -> None:
        wrong = self.quantity(unit="kg", best=6, bound="about")
        incident().when(make(quantity=wrong)).then_refused(r.WrongDimension)

    @pytest.mark.parametrize(
        "fields",
        [
            {"bound": "up_to", "low": 6},
            {"bound": "at_least", "high": 6},
            {"bound": "about", "low": 6},
            {"bound": "exact", "best": 6, "high": 7},
            {"bound": "between", "low": 6},
            {"bound": "up_to", "low": 1, "high": 6},
        ],
    )
    def test_the_numbers_agree_with_the_bound(self, fields: dict[str, object]) -> None:
        incident().when(make(quantity=self.quantity(**fields))).then_refused(r.BoundDisagrees)

    @pytest.mark.parametrize("number", [2.5, -1])
    def test_counts_are_whole_and_not_negative(self, number: float) -> None:
        killed = e.FigureDefined(figure=uid(42), label="Killed", unit="1")
        wrong = {"figure": uid(42), "unit": "1", "best": number, "bound": "about", "wording": "w"}
        incident(killed).when(make(quantity=wrong)).then_refused(r.NotACount)

    def test_a_quantity_names_a_figure_of_the_incident(self) -> None:
        wrong = {"figure": uid(999), "unit": "1", "best": 1, "bound": "about", "wording": "w"}
        incident().when(make(quantity=wrong)).then_refused(r.UnknownFigure)

    def test_a_correction_changes_something(self) -> None:
        same = v.ClaimChanges(wording=TEXT)
        command = c.CorrectClaim(incident=x.INCIDENT, claim=x.CLAIM, by="source", changes=same, reason="r")
        incident(claim()).when(command).then_refused(r.ChangesNothing)

    def test_a_correction_says_what_was_and_what_is(self) -> None:
        new = v.Wording(text="They advanced six miles", language="en")
        command = c.CorrectClaim(
            incident=x.INCIDENT,
            claim=x.CLAIM,
            by="desk",
            slip="transcription",
            changes=v.ClaimChanges(wording=new),
            reason="Half was left out",
        )
        event = incident(claim()).when(command).then_one(e.ClaimCorrected)
        assert isinstance(event, e.ClaimCorrected)
        assert (event.before.wording, event.after.wording) == (TEXT, new)

    def test_a_value_can_be_removed(self) -> None:
        made = claim().model_copy(update={"quantity": x.SIX_MILES})
        command = c.CorrectClaim.model_validate(
            {"incident": x.INCIDENT, "claim": x.CLAIM, "by": "source", "changes": {"quantity": None}, "reason": "r"}
        )
        event = incident(made).when(command).then_one(e.ClaimCorrected)
        assert isinstance(event, e.ClaimCorrected)
        assert (event.before.quantity, event.after.quantity) == (x.SIX_MILES, None)


class TestRule7Closed:
    CLOSED = e.IncidentClosed(disposition="settled")

    def test_a_closed_incident_takes_no_new_claim(self) -> None:
        incident(self.CLOSED).when(make()).then_refused(r.IncidentClosed, "reopen it")

    def test_it_takes_retractions_and_notes(self) -> None:
        story = incident(claim(), self.CLOSED)
        retract = c.RetractClaim(incident=x.INCIDENT, claim=x.CLAIM, by="source", reason="r")
        story.when(retract).then_one(e.ClaimRetracted)
        story.when(c.AddNote(incident=x.INCIDENT, on=v.Subject(kind="incident", id=x.INCIDENT), text="n")).then_one(
            e.NoteAdded
        )

    def test_it_can_be_reopened_once(self) -> None:
        reopen = c.ReopenIncident(incident=x.INCIDENT, reason="new figures")
        incident(self.CLOSED).when(reopen).then(e.IncidentReopened())
        incident().when(reopen).then_refused(r.NotClosed)


class TestRule8Citations:
    def publish(self, position: int | None) -> c.PublishBulletin:
        cite = v.Cite(claim=x.CLAIM, position=position)
        return c.PublishBulletin(incident=x.INCIDENT, title="T", text="T", cites=(cite,))

    ASSESSED = e.ClaimAssessed(claim=x.CLAIM, assessment="unverified", previous="unassessed", independent_origins=1)

    def test_a_claim_is_cited_as_it_was_read(self) -> None:
        event = incident(claim()).when(self.publish(4)).then_one(e.BulletinPublished)
        assert isinstance(event, e.BulletinPublished)
        assert event.cites == (v.Citation(claim=x.CLAIM, position=4),)

    def test_a_citation_without_position_is_of_now(self) -> None:
        event = incident(claim(), self.ASSESSED).when(self.publish(None)).then_one(e.BulletinPublished)
        assert isinstance(event, e.BulletinPublished)
        assert event.cites[0].position == 5

    def test_a_claim_that_changed_since_is_refused_with_its_change(self) -> None:
        story = incident(claim(), self.ASSESSED)
        story.when(self.publish(4)).then_refused(r.CitedClaimChanged, "claim.assessed.v1")

    @pytest.mark.parametrize("position", [3, 99])
    def test_a_claim_is_not_cited_before_it_was_made_nor_ahead_of_the_log(self, position: int) -> None:
        incident(claim()).when(self.publish(position)).then_refused(r.CitedTooEarly)


class TestRule9Reasons:
    @pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
    def test_empty_and_white_reasons_are_refused(self, reason: str) -> None:
        incident(claim()).when(assess("unverified", reason=reason)).then_refused(r.ReasonOwed)

    def test_what_owes_no_reason_takes_none(self) -> None:
        incident().when(make()).then_one(e.ClaimMade)


class TestTheRest:
    def test_ids_are_not_taken_twice(self) -> None:
        incident(claim()).when(make(claim=x.CLAIM)).then_refused(r.AlreadyExists)

    def test_an_incident_that_is_not_there_takes_nothing(self) -> None:
        Story((), x.INCIDENT, SOURCES).when(make()).then_refused(r.UnknownIncident)

    def test_links_are_made_once_and_taken_back_once(self) -> None:
        link = c.LinkIncident(incident=x.INCIDENT, other=x.OTHER_INCIDENT, relation="caused_by")
        linked = e.IncidentLinked(other=x.OTHER_INCIDENT, relation="caused_by")
        unlink = c.UnlinkIncident(incident=x.INCIDENT, other=x.OTHER_INCIDENT, relation="caused_by", reason="r")
        incident().when(link).then(linked)
        incident(linked).when(link).then_refused(r.AlreadyLinked)
        incident().when(unlink).then_refused(r.NotLinked)
        itself = c.LinkIncident(incident=x.INCIDENT, other=x.INCIDENT, relation="same")
        incident().when(itself).then_refused(r.LinkToItself)

    def test_custody_is_a_chain_of_hashes(self) -> None:
        attached = TestRule4Assessments.FOR
        fields = {"incident": x.INCIDENT, "evidence": x.EVIDENCE, "from_whom": "a", "to_whom": "b", "purpose": "p"}
        broken = {**fields, "hash_before": x.OTHER_HASH, "hash_after": x.HASH, "reason": "r"}
        story = incident(claim(), attached)
        story.when(c.TransferEvidence.model_validate(broken)).then_refused(r.CustodyBroken)
        whole = {**broken, "hash_before": x.HASH}
        story.when(c.TransferEvidence.model_validate(whole)).then_one(e.EvidenceTransferred)

    def test_evidence_is_not_for_and_against(self) -> None:
        both = {"supports": [x.CLAIM], "against": [x.CLAIM], "kind": "video", "hash": x.HASH}
        command = c.AttachEvidence.model_validate({"incident": x.INCIDENT, **both})
        incident(claim()).when(command).then_refused(r.ForAndAgainst)

    def test_corrections_of_a_bulletin_are_numbered(self) -> None:
        published = e.BulletinPublished(bulletin=x.BULLETIN, title="T", text="T")
        first = e.BulletinCorrected(bulletin=x.BULLETIN, number=1, right="It is so")
        command = c.CorrectBulletin(incident=x.INCIDENT, bulletin=x.BULLETIN, right="No, so", reason="r")
        event = incident(published, first).when(command).then_one(e.BulletinCorrected)
        assert isinstance(event, e.BulletinCorrected)
        assert event.number == 2

    def test_a_task_goes_to_an_open_account_and_is_done_once(self) -> None:
        command = c.AssignTask(incident=x.INCIDENT, on=v.Subject(kind="claim", id=x.CLAIM), to=x.ACCOUNT)
        incident(claim()).when(command).then_refused(r.UnknownAccount)
        given = (x.ACCOUNT, ae.AccountOpened(account=x.ACCOUNT, name="a", kind="person"))
        incident(claim(), ties=(given,)).when(command).then_one(e.TaskAssigned)
        assigned = e.TaskAssigned(task=x.TASK, on=v.Subject(kind="claim", id=x.CLAIM), to=x.ACCOUNT)
        done = c.FinishTask(incident=x.INCIDENT, task=x.TASK)
        incident(claim(), assigned).when(done).then(e.TaskDone(task=x.TASK))
        incident(claim(), assigned, e.TaskDone(task=x.TASK)).when(done).then_refused(r.AlreadyDone)


class TestAccounts:
    OPENED = ae.AccountOpened(account=x.ACCOUNT, name="reporter-1", kind="person")

    def account(self, *events: Event) -> Story:
        return Story((self.OPENED, *events), x.ACCOUNT)

    def test_a_role_is_granted_once_and_revoked_once(self) -> None:
        grant, granted = ac.GrantRole(account=x.ACCOUNT, role="editor"), ae.RoleGranted(role="editor")
        self.account().when(grant).then(granted)
        self.account(granted).when(grant).then_refused(r.AlreadyGranted)
        revoke = ac.RevokeRole(account=x.ACCOUNT, role="editor", reason="r")
        self.account().when(revoke).then_refused(r.NotGranted)
        self.account(granted).when(revoke).then(ae.RoleRevoked(role="editor"))

    def test_a_closed_account_gets_nothing(self) -> None:
        grant = ac.GrantRole(account=x.ACCOUNT, role="editor")
        self.account(ae.AccountClosed()).when(grant).then_refused(r.AccountClosed)

    def test_a_key_does_not_begin_expired(self) -> None:
        issue = ac.IssueKey(account=x.ACCOUNT, key="abcdefghijkl", expires=x.WHEN)
        self.account().when(issue).then_refused(r.ExpiryPassed)

    def test_a_key_is_revoked_once(self) -> None:
        issued, revoked = ae.KeyIssued(key="abcdefghijkl"), ae.KeyRevoked(key="abcdefghijkl")
        revoke = ac.RevokeKey(account=x.ACCOUNT, key="abcdefghijkl", reason="lost")
        self.account(issued).when(revoke).then(revoked)
        self.account(issued, revoked).when(revoke).then_refused(r.AlreadyWithdrawn)
        self.account().when(revoke).then_refused(r.UnknownKey)


class TestSources:
    REGISTERED = se.SourceRegistered(source=x.SOURCE, name="ISW", kind="monitor")

    def test_a_grade_tells_the_one_before(self) -> None:
        graded = se.SourceGraded(reliability="B")
        command = sc.GradeSource(source=x.SOURCE, reliability="C", reason="Late corrections")
        event = Story((self.REGISTERED, graded), x.SOURCE).when(command).then_one(se.SourceGraded)
        assert isinstance(event, se.SourceGraded)
        assert event.previous == "B"

    def test_ties_are_between_two_registered_sources(self) -> None:
        story = Story((self.REGISTERED,), x.SOURCE, SOURCES)
        unknown = sc.RelateSource(source=x.SOURCE, other=uid(999), relation="relies_on")
        itself = sc.RelateSource(source=x.SOURCE, other=x.SOURCE, relation="relies_on")
        story.when(unknown).then_refused(r.UnknownSource)
        story.when(itself).then_refused(r.LinkToItself)

    def test_a_judgement_can_be_undone(self) -> None:
        same = se.SourceJudged(other=x.AGENCY, judgement="same")
        different = sc.JudgeSource(source=x.SOURCE, other=x.AGENCY, judgement="different", reason="r")
        story = Story((self.REGISTERED, same), x.SOURCE, SOURCES)
        story.when(different).then(se.SourceJudged(other=x.AGENCY, judgement="different"))
