"""Figures: what stands, whether it differs, and between whom. Given these acts, these values stand."""

from uuid import UUID

from domain import incident_commands as c
from domain import values as v
from projections.views.figures import FigureDetail, get_figure
from tests.projections.histories import BASE, CLAIMS, FIGURES, REPORTS, SOURCES, recorded_from
from tests.projections.test_histories import shown
from tests.projections.test_review import claim, retract

ONE, OTHER, THIRD = CLAIMS[:3]
US, THEM = SOURCES[0], SOURCES[1]


def figure(*acts: c.IncidentCommands) -> FigureDetail:
    """Return the figure after these acts."""
    history = recorded_from(acts)
    with shown(history) as views, views.connect() as connection:
        found = get_figure(connection, len(history), str(FIGURES[0]))
    assert found is not None
    return found


def pairs(*acts: c.IncidentCommands) -> list[tuple[UUID, UUID]]:
    """Return the claims whose values are apart after these acts."""
    return [(UUID(one), UUID(other)) for one, other in figure(*acts).apart]


def test_only_the_newest_value_of_a_claimant_is_compared() -> None:
    updated = (claim(ONE, US, 100), claim(OTHER, US, 50), claim(THIRD, THEM, 50))
    assert not figure(*updated).differs
    assert not figure(*updated).contested
    assert pairs(*updated, retract(OTHER)) == [(ONE, THIRD)]


def test_values_of_one_claimant_do_not_differ() -> None:
    assert not figure(claim(ONE, US, 100), claim(OTHER, US, 50)).differs


def test_who_was_not_named_is_nobody_else() -> None:
    unnamed = (claim(ONE, None, 100), claim(OTHER, None, 50))
    assert figure(*unnamed).differs
    assert pairs(*unnamed) == [(ONE, OTHER)]


def test_what_was_conceded_stands_when_the_claim_is_retracted_and_the_claimed_value_does_not() -> None:
    ten = v.Quantity(figure=FIGURES[0], best=10, bound="exact", wording="ten")
    concede = c.TakeStance(**BASE, claim=ONE, source=THEM, report=REPORTS[1], kind="concedes", quantity=ten)
    values = figure(claim(ONE, US, 100), concede, retract(ONE)).values
    assert [(one.how, one.standing) for one in values] == [("claimed", False), ("conceded", True)]
