"""The review queue: what comes into it, and what takes it out again. Given these acts, this waits."""

from uuid import UUID

from domain import incident_commands as c
from domain import values as v
from projections.lists import read
from projections.views.review import LIST
from tests.projections.histories import (
    BASE,
    BULLETINS,
    CLAIMS,
    EVIDENCE,
    FIGURES,
    HASH,
    INCIDENT,
    REPORTS,
    SOURCES,
    recorded_from,
)
from tests.projections.test_histories import shown

ONE, OTHER = CLAIMS[0], CLAIMS[1]
Waits = set[tuple[str, UUID, UUID | None]]


def queue(*acts: c.IncidentCommands) -> Waits:
    """Return what waits after these acts, without the claims that nobody has assessed."""
    return {one for one in whole_queue(*acts) if one[0] != "unassessed"}


def whole_queue(*acts: c.IncidentCommands) -> Waits:
    """Return what waits after these acts: kind, subject and the other thing that it is about."""
    history = recorded_from(acts)
    with shown(history) as views, views.connect() as connection:
        items = [
            one.model_dump() for one in read(connection, LIST, len(history), {"incident": str(INCIDENT)}, limit=99)
        ]
    return {(one["kind"], UUID(one["subject"]), UUID(one["other"]) if one["other"] else None) for one in items}


def claim(one: UUID, by: UUID | None = None, killed: int | None = None) -> c.MakeClaim:
    """Return the act of making a claim: by a source, of a number of killed."""
    quantity = None
    if killed is not None:
        quantity = v.Quantity(figure=FIGURES[0], best=killed, bound="exact", wording=str(killed))
    return c.MakeClaim(
        incident=INCIDENT,
        claim=one,
        report=REPORTS[0],
        wording=v.Wording(text="words"),
        attribution=v.Attribution(claimant=by),
        quantity=quantity,
    )


def retract(one: UUID) -> c.RetractClaim:
    return c.RetractClaim(**BASE, claim=one, by="source")


def link(relation: v.Relation, judgement: v.Judgement = "positive") -> c.LinkClaims:
    return c.LinkClaims(incident=INCIDENT, claim=ONE, other=OTHER, relation=relation, judgement=judgement)


def assess(what: v.Assessment) -> c.AssessClaim:
    return c.AssessClaim(**BASE, claim=ONE, assessment=what)


DISPUTE = c.TakeStance(incident=INCIDENT, claim=ONE, source=SOURCES[1], kind="denies", report=REPORTS[1])
PUBLISH = c.PublishBulletin(
    incident=INCIDENT, bulletin=BULLETINS[0], title="T", text="t", cites=(v.Cite(claim=ONE), v.Cite(claim=OTHER))
)
HUNDRED, FIFTY = claim(ONE, SOURCES[0], 100), claim(OTHER, SOURCES[1], 50)


def test_a_claim_waits_until_it_is_assessed_or_retracted() -> None:
    assert whole_queue(claim(ONE)) == {("unassessed", ONE, None)}
    assert whole_queue(claim(ONE), assess("unverified")) == set()
    assert whole_queue(claim(ONE), retract(ONE)) == set()


def test_a_reinstated_claim_waits_again() -> None:
    reinstate = c.ReinstateClaim(**BASE, claim=ONE, basis="a new basis")
    assert whole_queue(claim(ONE), assess("unverified"), retract(ONE), reinstate) == {("unassessed", ONE, None)}


def test_a_disputed_claim_waits_until_it_is_assessed_anew() -> None:
    assert queue(claim(ONE), DISPUTE) == {("disputed", ONE, None)}
    assert queue(claim(ONE), DISPUTE, assess("contested")) == set()


def test_a_link_that_is_unsure_waits_until_somebody_is_sure() -> None:
    unlink = c.UnlinkClaims(**BASE, claim=ONE, other=OTHER, relation="same")
    claims = (claim(ONE), claim(OTHER))
    assert queue(*claims, link("same", "unsure")) == {("unsure_link", ONE, OTHER)}
    assert queue(*claims, link("same", "unsure"), link("same")) == set()
    assert queue(*claims, link("same", "unsure"), unlink) == set()


def test_values_of_two_claimants_that_cannot_both_be_true_wait_until_their_claims_are_linked() -> None:
    assert queue(HUNDRED, FIFTY) == {("contradiction", OTHER, ONE)}
    assert queue(HUNDRED, FIFTY, link("contradicts")) == set()
    assert queue(HUNDRED, FIFTY, link("contradicts", "unsure")) == {
        ("contradiction", OTHER, ONE),
        ("unsure_link", ONE, OTHER),
    }


def test_a_contradiction_waits_again_once_its_claims_are_no_longer_linked() -> None:
    unlink = c.UnlinkClaims(**BASE, claim=ONE, other=OTHER, relation="contradicts")
    assert queue(HUNDRED, FIFTY, link("contradicts"), unlink) == {("contradiction", ONE, OTHER)}
    assert queue(HUNDRED, FIFTY, link("contradicts"), link("same"), unlink) == set()
    assert queue(HUNDRED, FIFTY, link("contradicts"), retract(ONE), unlink) == set()


def test_values_of_one_claimant_do_not_contradict() -> None:
    assert queue(claim(ONE, SOURCES[0], 100), claim(OTHER, SOURCES[0], 50)) == set()


def test_who_was_not_named_is_nobody_else() -> None:
    waits = {("contradiction", OTHER, ONE)}
    assert queue(claim(ONE, None, 100), claim(OTHER, SOURCES[0], 50)) == waits
    assert queue(claim(ONE, None, 100), claim(OTHER, None, 50)) == waits


def test_a_value_that_stands_again_is_compared_again() -> None:
    reinstate = c.ReinstateClaim(**BASE, claim=ONE, basis="a new basis")
    again = (HUNDRED, FIFTY, retract(ONE), reinstate)
    assert queue(*again) == {("contradiction", ONE, OTHER)}
    assert queue(HUNDRED, FIFTY, link("contradicts"), retract(ONE), reinstate) == set()


def test_once_the_newest_value_falls_the_one_before_it_counts_again() -> None:
    third = CLAIMS[2]
    newer = (HUNDRED, FIFTY, claim(third, SOURCES[1], 100))
    reinstate = c.ReinstateClaim(**BASE, claim=third, basis="a new basis")
    assert queue(*newer, retract(third)) == {("contradiction", OTHER, ONE)}
    assert queue(*newer, retract(third), reinstate) == set()
    assert queue(*newer, retract(OTHER), retract(third)) == set()


def test_a_contradiction_follows_the_newest_values() -> None:
    third = CLAIMS[2]
    assert queue(HUNDRED, FIFTY, claim(third, SOURCES[1], 60)) == {("contradiction", third, ONE)}
    assert queue(HUNDRED, FIFTY, claim(third, SOURCES[1], 100)) == set()


def test_a_contradiction_ends_with_the_claim_or_the_value() -> None:
    def correct(killed: int) -> c.CorrectClaim:
        quantity = v.Quantity(figure=FIGURES[0], best=killed, bound="exact", wording=str(killed))
        return c.CorrectClaim(**BASE, claim=ONE, by="source", changes=v.ClaimChanges(quantity=quantity))

    assert queue(HUNDRED, FIFTY, retract(OTHER)) == set()
    assert queue(HUNDRED, FIFTY, retract(ONE)) == set()
    assert queue(HUNDRED, FIFTY, correct(50)) == set()
    assert queue(HUNDRED, FIFTY, correct(51)) == {("contradiction", ONE, OTHER)}


def test_a_correction_of_the_claimant_is_compared_anew() -> None:
    def correct(claimant: UUID) -> c.CorrectClaim:
        changes = v.ClaimChanges(attribution=v.Attribution(claimant=claimant))
        return c.CorrectClaim(**BASE, claim=ONE, by="source", changes=changes)

    assert queue(HUNDRED, FIFTY, correct(SOURCES[1])) == set()
    assert queue(HUNDRED, FIFTY, correct(SOURCES[2])) == {("contradiction", ONE, OTHER)}


def test_evidence_waits_until_it_is_examined() -> None:
    attach = c.AttachEvidence(incident=INCIDENT, evidence=EVIDENCE[0], supports=(ONE,), kind="photo", hash=HASH)
    examine = c.ExamineEvidence(**BASE, evidence=EVIDENCE[0], finding="verified", method="metadata")
    assert queue(claim(ONE), attach) == {("unexamined", EVIDENCE[0], None)}
    assert queue(claim(ONE), attach, examine) == set()


def test_a_bulletin_waits_for_its_correction_once_a_claim_that_it_cites_falls() -> None:
    waits = {("bulletin_to_correct", BULLETINS[0], ONE)}
    cited = (claim(ONE), claim(OTHER), PUBLISH)
    correct = c.CorrectClaim(
        **BASE, claim=ONE, by="source", changes=v.ClaimChanges(wording=v.Wording(text="other words"))
    )
    assert queue(*cited, retract(ONE)) == waits
    assert queue(*cited, assess("false")) == waits
    assert queue(*cited, assess("unverified")) == set()
    assert queue(*cited, correct) == waits
    assert queue(*cited, correct, assess("unverified")) == waits


def test_a_bulletin_waits_no_more_once_it_is_corrected_for_that_cause_or_withdrawn() -> None:
    fallen = (claim(ONE), claim(OTHER), PUBLISH, retract(ONE))
    mend = c.CorrectBulletin(**BASE, bulletin=BULLETINS[0], wrong="not so", right="so", cause=ONE)
    elsewhere = c.CorrectBulletin(**BASE, bulletin=BULLETINS[0], wrong="not so", right="so", cause=OTHER)
    withdraw = c.WithdrawBulletin(**BASE, bulletin=BULLETINS[0])
    assert queue(*fallen, mend) == set()
    assert queue(*fallen, elsewhere) == {("bulletin_to_correct", BULLETINS[0], ONE)}
    assert queue(*fallen, withdraw) == set()
    assert queue(*fallen, withdraw, retract(OTHER)) == set()


def test_an_adopted_figure_waits_once_a_claim_that_it_rests_on_falls_until_it_is_adopted_anew() -> None:
    def adopt(on: UUID) -> c.AdoptFigure:
        return c.AdoptFigure(**BASE, figure=FIGURES[0], value=v.Estimate(best=100), rests_on=(on,), method="by hand")

    third = CLAIMS[2]
    same = (HUNDRED, claim(third, SOURCES[0], 100), adopt(ONE), retract(ONE))
    assert queue(*same) == {("figure_to_adopt", FIGURES[0], ONE)}
    assert queue(*same, adopt(third)) == set()
    assert queue(*same, c.ReinstateClaim(**BASE, claim=ONE, basis="a new basis")) == set()


REINSTATE = c.ReinstateClaim(**BASE, claim=ONE, basis="a new basis")
REWORD = c.CorrectClaim(**BASE, claim=ONE, by="source", changes=v.ClaimChanges(wording=v.Wording(text="other words")))
MEND = c.CorrectBulletin(**BASE, bulletin=BULLETINS[0], wrong="not so", right="so", cause=ONE)
CITED = (claim(ONE), claim(OTHER), PUBLISH)
WAITS: Waits = {("bulletin_to_correct", BULLETINS[0], ONE)}


def test_reinstatement_ends_only_what_waits_for_the_retraction() -> None:
    assert queue(*CITED, retract(ONE), REINSTATE) == set()
    assert queue(*CITED, REWORD, retract(ONE), REINSTATE) == WAITS
    assert queue(*CITED, assess("false"), retract(ONE), REINSTATE) == WAITS
    assert queue(*CITED, REWORD, retract(ONE), REINSTATE, MEND) == set()


def test_what_waits_for_an_assessment_ends_with_another() -> None:
    assert queue(*CITED, assess("false"), assess("unverified")) == set()
    assert queue(*CITED, REWORD, assess("false"), assess("unverified")) == WAITS


def test_a_bulletin_that_was_corrected_does_not_wait_for_another_word_for_untrue() -> None:
    assert queue(*CITED, assess("false"), MEND, assess("discounted")) == set()
    assert queue(*CITED, assess("false"), assess("discounted")) == WAITS
    assert queue(*CITED, assess("false"), MEND, assess("unverified"), assess("discounted")) == WAITS


def test_a_bulletin_waits_while_a_claim_that_stands_updates_one_that_it_cites() -> None:
    waits = {("bulletin_to_correct", BULLETINS[0], OTHER)}
    third = CLAIMS[2]
    publish = c.PublishBulletin(**BASE, bulletin=BULLETINS[0], title="T", text="t", cites=(v.Cite(claim=OTHER),))
    cited = (claim(ONE), claim(OTHER), claim(third), publish)
    unlink = c.UnlinkClaims(**BASE, claim=ONE, other=OTHER, relation="updates")
    also = c.LinkClaims(**BASE, claim=third, other=OTHER, relation="updates")
    unsure = {("unsure_link", ONE, OTHER)}
    assert queue(*cited, link("updates")) == waits
    assert queue(*cited, link("updates", "unsure")) == unsure
    assert queue(*cited, link("updates"), link("updates", "unsure")) == unsure
    assert queue(*cited, link("updates"), unlink) == set()
    assert queue(*cited, link("updates"), retract(ONE)) == set()
    assert queue(*cited, link("updates"), also, retract(ONE)) == waits
    assert queue(*cited, link("updates"), retract(ONE), REINSTATE) == waits
