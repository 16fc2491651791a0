"""The track record of a source: what became of what it claimed. Given these acts, this counts for it."""

from uuid import UUID

from domain import incident_commands as c
from domain import values as v
from projections.lists import one
from projections.views.sources import LIST
from tests.projections.histories import BASE, SOURCES, recorded_from
from tests.projections.test_histories import shown
from tests.projections.test_review import ONE, assess, claim

US, THEM = SOURCES[0], SOURCES[1]


def record(source: UUID, *acts: c.IncidentCommands) -> dict[str, int]:
    """Return what counts for a source after these acts."""
    history = recorded_from(acts)
    with shown(history) as views, views.connect() as connection:
        found = one(connection, LIST, len(history), str(source))
    assert found is not None
    counts: dict[str, int] = found.model_dump()["record"]
    return counts


def correct(changes: v.ClaimChanges) -> c.CorrectClaim:
    return c.CorrectClaim(**BASE, claim=ONE, by="source", changes=changes)


def test_corrections_count_for_the_one_to_whom_the_claim_is_laid() -> None:
    reword = correct(v.ClaimChanges(wording=v.Wording(text="other words")))
    move = correct(v.ClaimChanges(attribution=v.Attribution(claimant=THEM)))
    acts = (claim(ONE, US), reword, assess("false"), move)
    assert record(US, *acts[:3]) == {"claims": 1, "corrected_by_source": 1, "assessed_false": 1}
    assert record(US, *acts) == {}
    assert record(THEM, *acts) == {"claims": 1, "corrected_by_source": 2, "assessed_false": 1}
