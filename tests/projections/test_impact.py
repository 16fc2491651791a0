"""The impact of a claim: what leans on it, and how it stands. Given these acts, this leaned on it."""

from uuid import UUID

from domain import incident_commands as c
from domain import values as v
from projections.views.bulletins import Impact, impact
from projections.views.claims import get_claim
from tests.projections.histories import BASE, CLAIMS, recorded_from
from tests.projections.test_histories import shown
from tests.projections.test_review import claim, link, retract

ONE, OTHER, THIRD = CLAIMS[:3]
MADE = (claim(ONE), claim(OTHER), claim(THIRD))


def impact_of(one: UUID, *acts: c.IncidentCommands) -> Impact:
    """Return the impact of a claim after these acts, which stands as the view of claims has it."""
    history = recorded_from((*MADE, *acts))
    with shown(history) as views, views.connect() as connection:
        found = impact(connection, len(history), str(one))
        seen = get_claim(connection, len(history), str(one))
    assert found is not None
    assert seen is not None
    assert found.state == seen.record_state
    return found


def leaning(one: UUID, *acts: c.IncidentCommands) -> list[tuple[UUID, int]]:
    """Return what leans on a claim after these acts, each with its depth."""
    return [(UUID(found.id), found.depth) for found in impact_of(one, *acts).leanings]


def test_a_claim_leans_on_what_supports_it() -> None:
    assert leaning(ONE, link("supports"), retract(ONE)) == [(OTHER, 1)]
    assert leaning(OTHER, link("supports"), retract(OTHER)) == []


def test_a_claim_leans_on_what_it_updates_or_refines() -> None:
    assert leaning(OTHER, link("updates")) == [(ONE, 1)]
    assert leaning(ONE, link("updates")) == []
    assert leaning(OTHER, link("refines")) == [(ONE, 1)]


def test_claims_that_say_the_same_lean_on_each_other_and_are_listed_once() -> None:
    assert leaning(ONE, link("same")) == [(OTHER, 1)]
    assert leaning(OTHER, link("same")) == [(ONE, 1)]


def test_what_leans_on_what_leans_is_further_away() -> None:
    further = c.LinkClaims(**BASE, claim=THIRD, other=OTHER, relation="same")
    assert leaning(ONE, link("supports"), further) == [(OTHER, 1), (THIRD, 2)]


def test_only_a_link_that_is_held_counts() -> None:
    unlink = c.UnlinkClaims(**BASE, claim=ONE, other=OTHER, relation="supports")
    assert leaning(ONE, link("supports", "unsure")) == []
    assert leaning(ONE, link("supports", "unsure"), link("supports")) == [(OTHER, 1)]
    assert leaning(ONE, link("supports"), link("supports", "unsure")) == []
    assert leaning(ONE, link("supports"), unlink) == []
    assert leaning(OTHER, link("same"), link("same", "unsure")) == []


def test_contradiction_carries_nothing() -> None:
    assert leaning(ONE, link("contradicts")) == leaning(OTHER, link("contradicts")) == []


def test_it_stands_as_the_claims_have_it() -> None:
    reworded = v.ClaimChanges(wording=v.Wording(text="other words"))
    correct = c.CorrectClaim(**BASE, claim=OTHER, by="source", changes=reworded)
    reinstate = c.ReinstateClaim(**BASE, claim=OTHER, basis="a new basis")
    assert impact_of(OTHER).state == "standing"
    assert impact_of(OTHER, correct).state == "corrected"
    assert impact_of(OTHER, link("updates")).state == "superseded"
    assert impact_of(OTHER, link("updates", "unsure")).state == "standing"
    assert impact_of(OTHER, link("updates"), retract(ONE)).state == "standing"
    assert impact_of(OTHER, link("updates"), retract(OTHER)).state == "withdrawn_by_source"
    assert impact_of(OTHER, correct, retract(OTHER), reinstate).state == "standing"
