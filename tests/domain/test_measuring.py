"""Figures and what is said of them (rule 6)."""

import pytest

from domain import incident_commands as c
from domain import incident_events as e
from domain import refusals as r
from domain import values as v
from tests import examples as x
from tests.domain.stories import TEXT, claim, incident, make, retracted, stance
from tests.spec import uid

KILLED = e.FigureDefined(figure=uid(42), label="Killed", unit="1")
NUMBERS = ("low", "best", "high")
SPOKEN_OF: dict[str, tuple[str, str]] = {
    # The numbers that a bound needs, and those that it allows beside them.
    "exact": ("b", "lh"),
    "about": ("b", "lh"),
    "at_least": ("l", "b"),
    "more_than": ("l", "b"),
    "at_most": ("h", "b"),
    "up_to": ("h", "b"),
    "fewer_than": ("h", "b"),
    "between": ("lh", "b"),
    "dozens": ("", "lbh"),
    "hundreds": ("", "lbh"),
}


def depth(**fields: object) -> dict[str, object]:
    return {"figure": x.FIGURE, "unit": "km", "wording": "w", **fields}


def killed(**fields: object) -> dict[str, object]:
    return {"figure": uid(42), "unit": "1", "bound": "exact", "wording": "w", **fields}


class TestQuantities:
    def test_the_unit_has_the_figures_dimension(self) -> None:
        incident().when(make(quantity=depth(unit="kg", best=6, bound="about"))).then_refused(r.WrongDimension)
        incident().when(make(quantity=depth(unit="1", best=6, bound="about"))).then_refused(r.WrongDimension)
        made = incident().when(make(quantity=depth(unit="mile", best=6, bound="about"))).then_one(e.ClaimMade)
        assert made.quantity is not None
        assert made.quantity.unit == "mile", "what was given is kept as given"

    @pytest.mark.parametrize("bound", SPOKEN_OF)
    @pytest.mark.parametrize("given", ["l", "b", "h", "lb", "lh", "bh", "lbh"])
    def test_the_numbers_agree_with_the_bound(self, bound: str, given: str) -> None:
        needed, allowed = SPOKEN_OF[bound]
        numbers = {name: 600 for name in NUMBERS if name[0] in given}
        outcome = incident().when(make(quantity=depth(bound=bound, **numbers)))
        if set(needed) <= set(given) <= set(needed + allowed):
            outcome.then_one(e.ClaimMade)
        else:
            outcome.then_refused(r.BoundDisagrees, bound)

    def test_an_exact_figure_is_one_number(self) -> None:
        incident().when(make(quantity=depth(bound="exact", best=6, high=7))).then_refused(r.BoundDisagrees)
        incident().when(make(quantity=depth(bound="about", best=6, high=7))).then_one(e.ClaimMade)

    @pytest.mark.parametrize(("bound", "least"), [("dozens", 12), ("hundreds", 100)])
    def test_a_word_for_a_number_has_its_size(self, bound: str, least: int) -> None:
        incident(KILLED).when(make(quantity=killed(bound=bound, low=least))).then_one(e.ClaimMade)
        incident(KILLED).when(make(quantity=killed(bound=bound, low=least - 1))).then_refused(r.BoundDisagrees)

    @pytest.mark.parametrize("number", [2.5, -1])
    def test_counts_are_whole_and_not_negative(self, number: float) -> None:
        incident(KILLED).when(make(quantity=killed(best=number))).then_refused(r.NotACount)
        incident().when(make(quantity=depth(best=number, bound="exact"))).then_one(e.ClaimMade)

    @pytest.mark.parametrize("number", [0, 2.0])
    def test_nobody_is_a_count_too(self, number: float) -> None:
        incident(KILLED).when(make(quantity=killed(best=number))).then_one(e.ClaimMade)

    def test_a_quantity_names_a_figure_of_the_incident(self) -> None:
        incident().when(make(quantity=killed(best=1))).then_refused(r.UnknownFigure, "define it first")

    def test_a_stance_may_bring_a_figure_of_its_own(self) -> None:
        said = stance(x.BLOGGER).model_copy(update={"quantity": v.Quantity.model_validate(killed(best=1))})
        incident(claim(), KILLED).when(said).then_one(e.StanceTaken)
        incident(claim()).when(said).then_refused(r.UnknownFigure)


class TestCorrections:
    def correct(self, **fields: object) -> c.CorrectClaim:
        return c.CorrectClaim.model_validate(
            {"incident": x.INCIDENT, "claim": x.CLAIM, "by": "source", "reason": "r", **fields}
        )

    def test_a_correction_changes_something(self) -> None:
        incident(claim()).when(self.correct(changes={"wording": TEXT})).then_refused(r.ChangesNothing)
        both = self.correct(changes={"wording": TEXT, "kind": "order"})
        incident(claim()).when(both).then_one(e.ClaimCorrected)

    def test_a_correction_says_what_was_and_what_is(self) -> None:
        new = v.Wording(text="They advanced six miles", language="en")
        command = self.correct(by="desk", slip="transcription", changes={"wording": new})
        event = incident(claim()).when(command).then_one(e.ClaimCorrected)
        assert (event.before.wording, event.after.wording) == (TEXT, new)

    def test_the_desk_names_its_slip_and_a_source_has_none(self) -> None:
        incident(claim()).when(self.correct(by="desk", changes={"kind": "order"})).then_refused(r.CodeMissing)
        theirs = self.correct(slip="figure", changes={"kind": "order"})
        incident(claim()).when(theirs).then_refused(r.CodeMissing)

    def test_a_value_can_be_removed(self) -> None:
        made = claim().model_copy(update={"quantity": x.SIX_MILES})
        event = incident(made).when(self.correct(changes={"quantity": None})).then_one(e.ClaimCorrected)
        assert (event.before.quantity, event.after.quantity) == (x.SIX_MILES, None)

    def test_what_is_new_is_held_to_the_rules_of_a_claim(self) -> None:
        story = incident(claim())
        story.when(self.correct(changes={"report": uid(999)})).then_refused(r.UnknownReport)
        story.when(self.correct(changes={"attribution": {"claimant": uid(999)}})).then_refused(r.UnknownSource)
        twice = {"claimant": x.AGENCY, "through": [x.AGENCY]}
        story.when(self.correct(changes={"attribution": twice})).then_refused(r.ChainRepeats)
        story.when(self.correct(changes={"quantity": killed(best=1)})).then_refused(r.UnknownFigure)


class TestFigures:
    def adopt(self, **fields: object) -> c.AdoptFigure:
        return c.AdoptFigure.model_validate(
            {
                "incident": x.INCIDENT,
                "figure": x.FIGURE,
                "value": {"low": 12, "high": 35, "unit": "km"},
                "rests_on": [x.CLAIM],
                "reason": "r",
                **fields,
            }
        )

    def describe(self, **fields: object) -> c.DescribeFigure:
        return c.DescribeFigure.model_validate(
            {"incident": x.INCIDENT, "figure": x.FIGURE, **x.DEPTH.model_dump(), "reason": "r", **fields}
        )

    def test_an_adopted_figure_rests_on_claims_that_stand(self) -> None:
        incident(claim()).when(self.adopt()).then_one(e.FigureAdopted)
        incident().when(self.adopt()).then_refused(r.UnknownClaim)
        incident(claim(), retracted()).when(self.adopt()).then_refused(r.ClaimIsRetracted)

    def test_what_is_left_out_may_be_retracted_but_is_there(self) -> None:
        left_out = [{"claim": x.OTHER_CLAIM, "why": "earlier"}]
        begun = incident(claim(), claim(x.OTHER_CLAIM, 2), retracted(x.OTHER_CLAIM))
        begun.when(self.adopt(left_out=left_out)).then_one(e.FigureAdopted)
        incident(claim()).when(self.adopt(left_out=left_out)).then_refused(r.UnknownClaim)

    def test_a_figure_does_not_rest_on_what_it_leaves_out(self) -> None:
        left_out = [{"claim": x.CLAIM, "why": "earlier"}]
        incident(claim()).when(self.adopt(left_out=left_out)).then_refused(r.RestsOnWhatIsLeftOut)

    def test_an_adopted_value_measures_what_the_figure_measures(self) -> None:
        incident(claim()).when(self.adopt(value={"best": 3, "unit": "1"})).then_refused(r.WrongDimension)
        count = self.adopt(figure=uid(42), value={"best": 2.5})
        incident(claim(), KILLED).when(count).then_refused(r.NotACount)
        incident(claim()).when(count).then_refused(r.UnknownFigure)

    def test_a_definition_keeps_its_dimension(self) -> None:
        incident().when(self.describe(unit="mile")).then_one(e.FigureDescribed)
        incident().when(self.describe(unit="kg")).then_refused(r.WrongDimension)

    def test_a_definition_changes_something(self) -> None:
        incident().when(self.describe()).then_refused(r.ChangesNothing)
        counted = incident().when(self.describe(counting_rule="From the river")).then_one(e.FigureDescribed)
        assert (counted.before.counting_rule, counted.after.counting_rule) == ("From the border", "From the river")
        incident(counted).when(self.describe()).then_one(e.FigureDescribed)
