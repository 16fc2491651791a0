"""What the desk published, and the claims that it cites (rule 8)."""

import pytest
from pydantic import ValidationError

from domain import incident_commands as c
from domain import incident_events as e
from domain import refusals as r
from domain import values as v
from domain.events import Event
from tests import examples as x
from tests.domain.stories import FOR, claim, incident, linked, retracted, taken


class TestRule8Citations:
    def publish(self, position: int | None) -> c.PublishBulletin:
        cite = v.Cite(claim=x.CLAIM, position=position)
        return c.PublishBulletin(incident=x.INCIDENT, title="T", text="T", cites=(cite,))

    ASSESSED = e.ClaimAssessed(claim=x.CLAIM, assessment="unverified", previous="unassessed", independent_origins=1)

    def test_a_claim_is_cited_as_it_was_read(self) -> None:
        event = incident(claim()).when(self.publish(4)).then_one(e.BulletinPublished)
        assert event.cites == (v.Citation(claim=x.CLAIM, position=4),)

    def test_a_citation_without_position_is_of_now(self) -> None:
        event = incident(claim(), self.ASSESSED).when(self.publish(None)).then_one(e.BulletinPublished)
        assert event.cites[0].position == 5

    def test_a_claim_that_changed_since_is_refused_with_its_change(self) -> None:
        story = incident(claim(), self.ASSESSED)
        story.when(self.publish(4)).then_refused(r.CitedClaimChanged, "claim.assessed.v1")

    @pytest.mark.parametrize("position", [3, 99])
    def test_a_claim_is_not_cited_before_it_was_made_nor_ahead_of_the_log(self, position: int) -> None:
        incident(claim()).when(self.publish(position)).then_refused(r.CitedTooEarly)

    @pytest.mark.parametrize("judgement", ["positive", "unsure"])
    def test_only_a_link_that_is_held_changes_the_older_claim(self, judgement: v.Judgement) -> None:
        story = incident(claim(), claim(x.OTHER_CLAIM, 2), linked("updates", judgement))
        outcome = story.when(self.publish(5))
        if judgement == "positive":
            outcome.then_refused(r.CitedClaimChanged, "position 6 (claims.linked.v1)")
        else:
            outcome.then_one(e.BulletinPublished)

    def test_a_link_that_was_held_and_is_no_more_changed_it(self) -> None:
        begun = claim(), claim(x.OTHER_CLAIM, 2), linked("updates")
        doubted, undone = (
            linked("updates", "unsure"),
            e.ClaimsUnlinked(claim=x.OTHER_CLAIM, other=x.CLAIM, relation="updates"),
        )
        for event in (doubted, undone):
            incident(*begun, event).when(self.publish(6)).then_refused(
                r.CitedClaimChanged, f"position 7 ({event.NAME})"
            )
        incident(*begun, doubted, undone).when(self.publish(7)).then_one(e.BulletinPublished)

    def test_the_newer_claim_is_not_changed_by_the_link(self) -> None:
        newer = v.Cite(claim=x.OTHER_CLAIM, position=5)
        command = c.PublishBulletin(incident=x.INCIDENT, title="T", text="T", cites=(newer,))
        incident(claim(), claim(x.OTHER_CLAIM, 2), linked("updates")).when(command).then_one(e.BulletinPublished)

    def test_a_claim_changes_when_the_one_that_updates_it_falls_or_stands_again(self) -> None:
        begun = claim(), claim(x.OTHER_CLAIM, 2), linked("updates"), retracted(x.OTHER_CLAIM)
        incident(*begun).when(self.publish(6)).then_refused(r.CitedClaimChanged, "(claim.retracted.v1 of KUR-000001-2)")
        back = e.ClaimReinstated(claim=x.OTHER_CLAIM, basis="b")
        incident(*begun, back).when(self.publish(7)).then_refused(r.CitedClaimChanged, "claim.reinstated.v1 of")

    CHANGES = (
        e.ClaimCorrected(
            claim=x.CLAIM, by="source", before=v.ClaimChanges(kind="other"), after=v.ClaimChanges(kind="order")
        ),
        e.ClaimAssessed(claim=x.CLAIM, assessment="unverified", previous="unassessed", independent_origins=1),
    )
    OTHERS = (
        e.NoteAdded(note=x.NOTE, on=v.Subject(kind="claim", id=x.CLAIM), text="n"),
        taken(x.BLOGGER, x.REPORT, independent=False),
        FOR,
    )

    @pytest.mark.parametrize("event", CHANGES, ids=lambda event: event.NAME)
    def test_what_changes_a_claim(self, event: Event) -> None:
        incident(claim(), event).when(self.publish(4)).then_refused(r.CitedClaimChanged, event.NAME)

    @pytest.mark.parametrize("event", OTHERS, ids=lambda event: event.NAME)
    def test_what_others_say_and_show_changes_no_claim(self, event: Event) -> None:
        incident(claim(), event).when(self.publish(4)).then_one(e.BulletinPublished)

    def test_a_claim_that_fell_and_stands_again_is_read_again(self) -> None:
        back = e.ClaimReinstated(claim=x.CLAIM, basis="b")
        incident(claim(), retracted(), back).when(self.publish(4)).then_refused(r.CitedClaimChanged)
        incident(claim(), retracted(), back).when(self.publish(6)).then_one(e.BulletinPublished)

    def test_a_bulletin_cites_claims_of_its_incident(self) -> None:
        incident().when(self.publish(None)).then_refused(r.UnknownClaim)


class TestMending:
    PUBLISHED = e.BulletinPublished(bulletin=x.BULLETIN, title="T", text="T")

    def correct(self, **fields: object) -> c.CorrectBulletin:
        given = {"incident": x.INCIDENT, "bulletin": x.BULLETIN, "wrong": "Not so", "right": "So", "reason": "r"}
        return c.CorrectBulletin.model_validate({**given, **fields})

    def test_corrections_are_numbered(self) -> None:
        first = incident(self.PUBLISHED).when(self.correct()).then_one(e.BulletinCorrected)
        assert first.number == 1
        assert incident(self.PUBLISHED, first).when(self.correct()).then_one(e.BulletinCorrected).number == 2

    @pytest.mark.parametrize("label", ["Correction", "Second correction", "Berichtigung", "Виправлення"])
    def test_a_correction_is_called_correction(self, label: str) -> None:
        incident(self.PUBLISHED).when(self.correct(label=label)).then_one(e.BulletinCorrected)

    @pytest.mark.parametrize("label", ["Update", "Clarification", "Editor's note"])
    def test_and_nothing_else(self, label: str) -> None:
        incident(self.PUBLISHED).when(self.correct(label=label)).then_refused(r.NotCalledCorrection)

    @pytest.mark.parametrize("field", ["wrong", "right"])
    @pytest.mark.parametrize("text", ["", "  "])
    def test_it_says_what_was_wrong_and_what_is_right(self, field: str, text: str) -> None:
        with pytest.raises(ValidationError, match=field):
            self.correct(**{field: text})

    def test_its_cause_is_a_claim_of_the_incident(self) -> None:
        incident(self.PUBLISHED).when(self.correct(cause=x.CLAIM)).then_refused(r.UnknownClaim)
        incident(claim(), retracted(), self.PUBLISHED).when(self.correct(cause=x.CLAIM)).then_one(e.BulletinCorrected)

    def test_a_withdrawn_bulletin_takes_nothing_more(self) -> None:
        withdraw = c.WithdrawBulletin(incident=x.INCIDENT, bulletin=x.BULLETIN, reason="r")
        incident(self.PUBLISHED).when(withdraw).then(e.BulletinWithdrawn(bulletin=x.BULLETIN))
        story = incident(self.PUBLISHED, e.BulletinWithdrawn(bulletin=x.BULLETIN))
        story.when(withdraw).then_refused(r.AlreadyWithdrawn)
        story.when(self.correct()).then_refused(r.AlreadyWithdrawn, "publish a new one")

    def test_only_what_was_published_is_mended(self) -> None:
        incident().when(self.correct()).then_refused(r.UnknownBulletin)
