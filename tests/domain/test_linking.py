"""Relations between claims: what links say, and who may say it for certain."""

from uuid import UUID

import pytest

from domain import account_events as ae
from domain import incident_commands as c
from domain import incident_events as e
from domain import refusals as r
from domain import values as v
from domain.events import Event
from tests import examples as x
from tests.domain.stories import claim, incident, linked, retracted
from tests.spec import Story, uid

THIRD = uid(33)
PERSON, MACHINE = uid(901), uid(902)
ACCOUNTS: tuple[tuple[UUID, Event], ...] = (
    (PERSON, ae.AccountOpened(account=PERSON, name="verifier-1", kind="person")),
    (MACHINE, ae.AccountOpened(account=MACHINE, name="matcher", kind="machine")),
)


def two(*events: Event, actor: UUID | None = None) -> Story:
    both = claim(), claim(x.OTHER_CLAIM, 2), claim(THIRD, 3)
    return incident(*both, *events, ties=ACCOUNTS, actor=actor)


def link(
    relation: v.Relation, judgement: v.Judgement = "positive", ends: tuple[UUID, UUID] = (x.OTHER_CLAIM, x.CLAIM)
) -> c.LinkClaims:
    return c.LinkClaims(incident=x.INCIDENT, claim=ends[0], other=ends[1], relation=relation, judgement=judgement)


def unlink(relation: v.Relation, ends: tuple[UUID, UUID] = (x.OTHER_CLAIM, x.CLAIM)) -> c.UnlinkClaims:
    return c.UnlinkClaims(incident=x.INCIDENT, claim=ends[0], other=ends[1], relation=relation, reason="r")


class TestLinks:
    def test_a_link_is_made_once_and_taken_back_once(self) -> None:
        two().when(link("updates")).then(linked("updates"))
        two(linked("updates")).when(link("updates")).then_refused(r.AlreadyLinked)
        two(linked("updates")).when(unlink("updates")).then_one(e.ClaimsUnlinked)
        two().when(unlink("updates")).then_refused(r.NotLinked)
        back = e.ClaimsUnlinked(claim=x.OTHER_CLAIM, other=x.CLAIM, relation="updates")
        two(linked("updates"), back).when(unlink("updates")).then_refused(r.NotLinked)

    def test_a_suspicion_becomes_certain(self) -> None:
        two(linked("updates", "unsure")).when(link("updates")).then(linked("updates"))

    def test_a_claim_is_not_linked_to_itself_nor_to_one_that_is_not_there(self) -> None:
        two().when(link("same", ends=(x.CLAIM, x.CLAIM))).then_refused(r.LinkToItself)
        two().when(link("same", ends=(x.CLAIM, uid(999)))).then_refused(r.UnknownClaim)
        two().when(unlink("same", ends=(uid(999), x.CLAIM))).then_refused(r.UnknownClaim)

    @pytest.mark.parametrize("relation", ["same", "different", "contradicts"])
    def test_what_holds_both_ways_is_recorded_once(self, relation: v.Relation) -> None:
        story = two(linked(relation, ends=(x.CLAIM, x.OTHER_CLAIM)))
        story.when(link(relation)).then_refused(r.AlreadyLinked)

    @pytest.mark.parametrize("relation", ["supports", "refines", "part_of", "responds_to"])
    def test_what_has_a_direction_may_stand_in_both(self, relation: v.Relation) -> None:
        two(linked(relation, ends=(x.CLAIM, x.OTHER_CLAIM))).when(link(relation)).then_one(e.ClaimsLinked)

    @pytest.mark.parametrize("relations", [("same", "different"), ("different", "same")])
    @pytest.mark.parametrize("ends", [(x.OTHER_CLAIM, x.CLAIM), (x.CLAIM, x.OTHER_CLAIM)])
    def test_two_claims_are_not_the_same_and_different(
        self, relations: tuple[v.Relation, v.Relation], ends: tuple[UUID, UUID]
    ) -> None:
        story = two(linked(relations[0], ends=ends))
        story.when(link(relations[1])).then_refused(r.LinksDisagree, "take that back first")
        two(linked(relations[0], "unsure", ends=ends)).when(link(relations[1])).then_one(e.ClaimsLinked)
        story.when(link(relations[1], "unsure")).then_one(e.ClaimsLinked)

    def test_updates_do_not_run_in_a_circle(self) -> None:
        chain = linked("updates"), linked("updates", ends=(THIRD, x.OTHER_CLAIM))
        back = link("updates", ends=(x.CLAIM, THIRD))
        two(*chain).when(back).then_refused(r.LinksDisagree, "updates")
        two(chain[0]).when(link("updates", ends=(x.CLAIM, x.OTHER_CLAIM))).then_refused(r.LinksDisagree)
        two(chain[0], linked("updates", "unsure", ends=(THIRD, x.OTHER_CLAIM))).when(back).then_one(e.ClaimsLinked)
        also = claim(uid(34), 4), linked("updates", ends=(uid(34), x.CLAIM))
        two(*chain, *also).when(back).then_refused(r.LinksDisagree)
        two(*chain).when(link("updates", ends=(THIRD, x.CLAIM))).then_one(e.ClaimsLinked)


class TestMachines:
    def test_a_machine_may_suspect(self) -> None:
        two(actor=MACHINE).when(link("same", "unsure")).then_one(e.ClaimsLinked)
        two(linked("same", "unsure"), actor=MACHINE).when(unlink("same")).then_one(e.ClaimsUnlinked)

    def test_a_machine_holds_nothing(self) -> None:
        two(actor=MACHINE).when(link("same")).then_refused(r.OnlySuspects, "matcher")

    def test_a_machine_does_not_undo_what_people_hold(self) -> None:
        two(linked("same"), actor=MACHINE).when(link("same", "unsure")).then_refused(r.OnlySuspects)
        two(linked("same"), actor=MACHINE).when(unlink("same")).then_refused(r.OnlySuspects)

    @pytest.mark.parametrize("actor", [PERSON, None, uid(999)])
    def test_people_and_the_operator_may(self, actor: UUID | None) -> None:
        two(actor=actor).when(link("same")).then_one(e.ClaimsLinked)


class TestRecordState:
    def state(self, *events: Event) -> v.RecordState:
        folded = two(*events).folded()
        return folded.record_state(folded.claims[x.CLAIM])

    CORRECTED = e.ClaimCorrected(
        claim=x.CLAIM, by="source", before=v.ClaimChanges(kind="other"), after=v.ClaimChanges(kind="order")
    )
    BACK = e.ClaimReinstated(claim=x.CLAIM, basis="b")

    def test_it_follows_from_what_happened(self) -> None:
        assert self.state() == "standing"
        assert self.state(self.CORRECTED) == "corrected"
        assert self.state(linked("updates")) == "superseded"
        assert self.state(self.CORRECTED, linked("updates")) == "superseded"
        assert self.state(linked("updates"), retracted()) == "retracted_by_desk"
        assert self.state(e.ClaimRetracted(claim=x.CLAIM, by="source")) == "withdrawn_by_source"

    def test_only_a_link_that_is_held_supersedes(self) -> None:
        back = e.ClaimsUnlinked(claim=x.OTHER_CLAIM, other=x.CLAIM, relation="updates")
        assert self.state(linked("updates", "unsure")) == "standing"
        assert self.state(linked("updates"), back) == "standing"
        assert self.state(linked("updates"), linked("updates", "unsure")) == "standing"
        assert self.state(linked("refines")) == "standing"
        assert self.state(linked("updates", ends=(x.CLAIM, x.OTHER_CLAIM))) == "standing"

    def test_a_retracted_claim_supersedes_nothing(self) -> None:
        assert self.state(linked("updates"), retracted(x.OTHER_CLAIM)) == "standing"

    def test_reinstatement_returns_it_to_standing(self) -> None:
        assert self.state(self.CORRECTED, retracted(), self.BACK) == "standing"
