"""The incident itself: opening and closing it (rule 7), reasons (rule 9), its links, evidence, notes and tasks."""

from uuid import UUID

import pytest

from domain import account_events as ae
from domain import incident_commands as c
from domain import incident_events as e
from domain import refusals as r
from domain import values as v
from domain.commands import Command
from tests import examples as x
from tests.domain.stories import FOR, SOURCES, VERIFIED, WITHDRAWN, assess, claim, incident, make
from tests.spec import Story, uid

PUBLISHED = e.BulletinPublished(bulletin=x.BULLETIN, title="T", text="T")
CLOSED = e.IncidentClosed(disposition="settled")


def give(command: type[Command], /, **fields: object) -> Command:
    return command.model_validate({"incident": x.INCIDENT, "reason": "r", **fields})


class TestOpening:
    def test_an_incident_gets_a_name_for_people(self) -> None:
        command = c.OpenIncident(incident=x.INCIDENT, title="Kursk incursion")
        event = Story((), x.INCIDENT).when(command).then_one(e.IncidentOpened)
        assert event.short_id == "KUR-000001"

    def test_an_incident_is_opened_once(self) -> None:
        incident().when(c.OpenIncident(incident=x.INCIDENT, title="T")).then_refused(r.AlreadyExists)

    def test_an_incident_that_is_not_there_takes_nothing(self) -> None:
        Story((), x.INCIDENT, SOURCES).when(make()).then_refused(r.UnknownIncident)

    def test_a_description_says_what_was_and_what_is(self) -> None:
        event = (
            incident()
            .when(give(c.DescribeIncident, changes={"title": "Kursk", "place": None}))
            .then_one(e.IncidentDescribed)
        )
        assert (event.before.title, event.after.title) == ("Kursk incursion", "Kursk")
        assert (event.before.place, event.after.place) == (x.PLACE, None)

    def test_a_description_changes_something(self) -> None:
        command = give(c.DescribeIncident, changes={"title": "Kursk incursion"})
        incident().when(command).then_refused(r.ChangesNothing)

    def test_what_was_described_is_what_it_is_from_then_on(self) -> None:
        described = e.IncidentDescribed(
            before=v.IncidentChanges(title="Kursk incursion"), after=v.IncidentChanges(title="Kursk")
        )
        state = incident(described).folded()
        assert (state.content.title, state.content.place, state.version) == ("Kursk", x.PLACE, 4)
        incident(described).when(give(c.DescribeIncident, changes={"title": "Kursk"})).then_refused(r.ChangesNothing)

    def test_ids_are_not_taken_twice(self) -> None:
        incident(claim()).when(make(claim=x.CLAIM)).then_refused(r.AlreadyExists)


class TestRule7Closed:
    TAKEN = (
        give(c.ReopenIncident),
        give(c.RetractClaim, claim=x.CLAIM, by="source"),
        give(c.CorrectClaim, claim=x.CLAIM, by="source", changes={"kind": "order"}),
        give(c.CorrectReport, report=x.REPORT, kind="correction"),
        give(c.WithdrawReport, report=x.REPORT, kind="kill"),
        give(c.WithdrawEvidence, evidence=x.EVIDENCE),
        give(c.CorrectBulletin, bulletin=x.BULLETIN, wrong="w", right="r"),
        give(c.WithdrawBulletin, bulletin=x.BULLETIN),
        give(c.AddNote, on={"kind": "incident", "id": x.INCIDENT}, text="n"),
    )
    REFUSED = (
        make(),
        assess("unverified"),
        give(c.CloseIncident, disposition="settled"),
        give(c.DescribeIncident, changes={"title": "Kursk"}),
        give(c.ReinstateClaim, claim=x.CLAIM, basis="b"),
        give(c.ExamineEvidence, evidence=x.EVIDENCE, finding="verified", method="metadata"),
        give(c.PublishBulletin, title="T", text="T"),
        give(c.DefineFigure, label="L"),
    )

    @pytest.mark.parametrize("command", TAKEN, ids=lambda command: command.NAME)
    def test_it_takes_retractions_corrections_withdrawals_and_notes(self, command: Command) -> None:
        assert incident(claim(), FOR, PUBLISHED, CLOSED).when(command).refusal is None

    @pytest.mark.parametrize("command", REFUSED, ids=lambda command: command.NAME)
    def test_it_takes_nothing_else(self, command: Command) -> None:
        story = incident(claim(), FOR, PUBLISHED, CLOSED)
        story.when(command).then_refused(r.IncidentClosed, f"reopen it before {command.NAME}")

    def test_it_is_reopened_once(self) -> None:
        reopen = give(c.ReopenIncident)
        incident(CLOSED).when(reopen).then(e.IncidentReopened())
        incident().when(reopen).then_refused(r.NotClosed)
        incident(CLOSED, e.IncidentReopened()).when(make()).then_one(e.ClaimMade)

    def test_it_is_closed_for_a_reason(self) -> None:
        incident().when(give(c.CloseIncident, disposition="duplicate")).then(e.IncidentClosed(disposition="duplicate"))


class TestRule9Reasons:
    @pytest.mark.parametrize("reason", ["", "   ", "\n\t", "\u200b", "...", "-"])
    def test_what_says_nothing_is_no_reason(self, reason: str) -> None:
        incident(claim()).when(assess("unverified", reason=reason)).then_refused(r.ReasonOwed)

    @pytest.mark.parametrize("reason", ["5", "перевірено", "确认"])
    def test_a_word_or_a_number_is_one(self, reason: str) -> None:
        incident(claim()).when(assess("unverified", reason=reason)).then_one(e.ClaimAssessed)

    def test_what_owes_no_reason_takes_none(self) -> None:
        incident().when(make()).then_one(e.ClaimMade)


class TestOtherIncidents:
    LINK = give(c.LinkIncident, other=x.OTHER_INCIDENT, relation="caused_by")
    UNLINK = give(c.UnlinkIncident, other=x.OTHER_INCIDENT, relation="caused_by")
    LINKED = e.IncidentLinked(other=x.OTHER_INCIDENT, relation="caused_by")
    UNLINKED = e.IncidentUnlinked(other=x.OTHER_INCIDENT, relation="caused_by")

    def test_links_are_made_once_and_taken_back_once(self) -> None:
        incident().when(self.LINK).then(self.LINKED)
        incident(self.LINKED).when(self.LINK).then_refused(r.AlreadyLinked)
        incident(self.LINKED).when(self.UNLINK).then(self.UNLINKED)
        incident().when(self.UNLINK).then_refused(r.NotLinked)
        incident(self.LINKED, self.UNLINKED).when(self.LINK).then(self.LINKED)

    def test_a_link_is_to_another_incident_that_is_there(self) -> None:
        incident().when(give(c.LinkIncident, other=x.INCIDENT, relation="same")).then_refused(r.LinkToItself)
        incident().when(give(c.LinkIncident, other=uid(999), relation="same")).then_refused(r.UnknownIncident)


class TestReports:
    def test_a_report_is_withdrawn_once_and_may_still_be_corrected(self) -> None:
        withdraw = give(c.WithdrawReport, report=x.REPORT, kind="kill")
        withdrawn = e.ReportWithdrawn(report=x.REPORT, kind="kill")
        incident().when(withdraw).then(withdrawn)
        incident(withdrawn).when(withdraw).then_refused(r.AlreadyWithdrawn)
        incident(withdrawn).when(give(c.CorrectReport, report=x.REPORT, kind="corrective")).then_one(e.ReportCorrected)

    @pytest.mark.parametrize("kind", [c.CorrectReport, c.WithdrawReport])
    def test_only_a_report_that_is_there_is_changed(self, kind: type[Command]) -> None:
        change = "kill" if kind is c.WithdrawReport else "update"
        incident().when(give(kind, report=uid(999), kind=change)).then_refused(r.UnknownReport)


class TestEvidence:
    def test_custody_is_a_chain_of_hashes(self) -> None:
        fields = {"evidence": x.EVIDENCE, "from_whom": "a", "to_whom": "b", "purpose": "p"}
        first = give(c.TransferEvidence, **fields, hash_before=x.HASH, hash_after=x.OTHER_HASH)
        broken = give(c.TransferEvidence, **fields, hash_before=x.OTHER_HASH, hash_after=x.HASH)
        incident(claim(), FOR).when(broken).then_refused(r.CustodyBroken, x.HASH)
        transferred = incident(claim(), FOR).when(first).then_one(e.EvidenceTransferred)
        incident(claim(), FOR, transferred).when(broken).then_one(e.EvidenceTransferred)

    def test_evidence_is_not_for_and_against(self) -> None:
        command = give(c.AttachEvidence, supports=[x.CLAIM], against=[x.CLAIM], kind="video", hash=x.HASH)
        incident(claim()).when(command).then_refused(r.ForAndAgainst)

    @pytest.mark.parametrize("side", ["supports", "against"])
    def test_evidence_is_about_claims_of_the_incident(self, side: str) -> None:
        command = give(c.AttachEvidence, **{side: [uid(999)]}, kind="video", hash=x.HASH)
        incident(claim()).when(command).then_refused(r.UnknownClaim)

    def test_evidence_may_be_about_no_claim_yet(self) -> None:
        incident().when(give(c.AttachEvidence, kind="video", hash=x.HASH)).then_one(e.EvidenceAttached)

    def test_withdrawn_evidence_takes_nothing_more(self) -> None:
        story = incident(claim(), FOR, WITHDRAWN)
        story.when(give(c.WithdrawEvidence, evidence=x.EVIDENCE)).then_refused(r.AlreadyWithdrawn, "attach it anew")
        examine = give(c.ExamineEvidence, evidence=x.EVIDENCE, finding="verified", method="metadata")
        story.when(examine).then_refused(r.AlreadyWithdrawn)
        incident(claim(), FOR, VERIFIED).when(examine).then_one(e.EvidenceExamined)

    def test_only_what_was_attached_is_examined(self) -> None:
        examine = give(c.ExamineEvidence, evidence=x.EVIDENCE, finding="verified", method="metadata")
        incident().when(examine).then_refused(r.UnknownEvidence)


class TestNotesAndTasks:
    ON = v.Subject(kind="claim", id=x.CLAIM)
    OPEN = (x.ACCOUNT, ae.AccountOpened(account=x.ACCOUNT, name="a", kind="person"))
    SHUT = (x.ACCOUNT, ae.AccountClosed())
    SUBJECTS: tuple[tuple[v.SubjectKind, UUID, type[r.Refused]], ...] = (
        ("incident", x.INCIDENT, r.UnknownIncident),
        ("report", x.REPORT, r.UnknownReport),
        ("claim", x.CLAIM, r.UnknownClaim),
        ("figure", x.FIGURE, r.UnknownFigure),
        ("evidence", x.EVIDENCE, r.UnknownEvidence),
        ("bulletin", x.BULLETIN, r.UnknownBulletin),
    )

    @pytest.mark.parametrize(("kind", "there", "refusal"), SUBJECTS)
    def test_a_note_is_on_a_thing_of_the_incident(
        self, kind: v.SubjectKind, there: UUID, refusal: type[r.Refused]
    ) -> None:
        story = incident(claim(), FOR, PUBLISHED)
        story.when(give(c.AddNote, on={"kind": kind, "id": there}, text="n")).then_one(e.NoteAdded)
        story.when(give(c.AddNote, on={"kind": kind, "id": uid(999)}, text="n")).then_refused(refusal)

    def test_a_task_goes_to_an_open_account(self) -> None:
        command = give(c.AssignTask, on=self.ON, to=x.ACCOUNT)
        incident(claim()).when(command).then_refused(r.UnknownAccount)
        incident(claim(), ties=(self.OPEN, self.SHUT)).when(command).then_refused(r.UnknownAccount)
        incident(claim(), ties=(self.OPEN,)).when(command).then_one(e.TaskAssigned)
        incident(ties=(self.OPEN,)).when(command).then_refused(r.UnknownClaim)

    def test_a_task_is_done_once(self) -> None:
        assigned, done = e.TaskAssigned(task=x.TASK, on=self.ON, to=x.ACCOUNT), e.TaskDone(task=x.TASK)
        finish = give(c.FinishTask, task=x.TASK)
        incident(claim(), assigned).when(finish).then(done)
        incident(claim(), assigned, done).when(finish).then_refused(r.AlreadyDone)
        incident().when(finish).then_refused(r.UnknownTask)
