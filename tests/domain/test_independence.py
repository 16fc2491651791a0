"""Who is independent of whom (rule 5), and who is tied to whom."""

from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import incident_commands as c
from domain import incident_events as e
from domain import refusals as r
from domain import source_events as se
from domain import values as v
from domain.events import Event
from domain.independence import Chain, independent, origins
from domain.ties import TieEvents, Ties
from tests import examples as x
from tests.domain.stories import assess, claim, incident, linked, report, retracted, source, stance, taken
from tests.spec import uid

X = uid(15)
Tie = tuple[UUID, Event]


def tie(one: UUID, relation: v.SourceRelation, other: UUID) -> Tie:
    return one, se.SourceRelated(other=other, relation=relation)


def judged(one: UUID, judgement: v.Sameness, other: UUID) -> Tie:
    return one, se.SourceJudged(other=other, judgement=judgement)


def apart(*ties: Tie, through: tuple[UUID, ...] = (), of: UUID = x.BLOGGER) -> bool:
    """Tell whether the blogger's word counts as independent of a claim of the source, with these ties."""
    command = stance(x.BLOGGER, report_=uid(22), through=through)
    story = incident(claim(), report(uid(22), of), ties=(source(X), *ties))
    return story.when(command).then_one(e.StanceTaken).independent


class TestTwoChains:
    def test_two_strangers_are_independent(self) -> None:
        assert apart()

    def test_a_shared_report_binds(self) -> None:
        event = incident(claim()).when(stance(x.BLOGGER)).then_one(e.StanceTaken)
        assert not event.independent

    def test_a_shared_relay_binds(self) -> None:
        assert not apart(through=(x.SOURCE,))

    def test_the_publisher_of_the_report_belongs_to_the_chain(self) -> None:
        assert not apart(of=x.SOURCE)

    @pytest.mark.parametrize("relation", ["same_operator", "relies_on", "spokesperson_of"])
    @pytest.mark.parametrize("ends", [(x.BLOGGER, x.SOURCE), (x.SOURCE, x.BLOGGER)])
    def test_a_tie_binds_whichever_side_recorded_it(self, relation: v.SourceRelation, ends: tuple[UUID, UUID]) -> None:
        assert not apart(tie(ends[0], relation, ends[1]))

    def test_two_that_rely_on_one_origin_are_not_independent(self) -> None:
        assert not apart(tie(x.BLOGGER, "relies_on", X), tie(x.SOURCE, "relies_on", X))

    def test_the_way_to_the_origin_may_be_long(self) -> None:
        assert not apart(
            tie(x.BLOGGER, "relies_on", X), tie(X, "relies_on", x.GENERAL), tie(x.GENERAL, "relies_on", x.SOURCE)
        )

    def test_a_third_that_relies_on_both_does_not_bind_them(self) -> None:
        assert apart(tie(X, "relies_on", x.BLOGGER), tie(X, "relies_on", x.SOURCE))

    def test_an_operator_in_between_is_followed_either_way(self) -> None:
        assert not apart(tie(X, "same_operator", x.BLOGGER), tie(X, "same_operator", x.SOURCE))

    def test_ties_in_a_circle_are_followed_once(self) -> None:
        assert apart(tie(x.BLOGGER, "relies_on", X), tie(X, "relies_on", x.BLOGGER))

    def test_a_tie_taken_back_binds_no_more(self) -> None:
        back = (x.BLOGGER, se.SourceUnrelated(other=x.SOURCE, relation="same_operator"))
        assert apart(tie(x.BLOGGER, "same_operator", x.SOURCE), back)

    def test_a_tie_recorded_on_both_sides_holds_until_both_are_taken_back(self) -> None:
        both = tie(x.BLOGGER, "same_operator", x.SOURCE), tie(x.SOURCE, "same_operator", x.BLOGGER)
        back = (x.BLOGGER, se.SourceUnrelated(other=x.SOURCE, relation="same_operator"))
        assert not apart(*both, back)

    @pytest.mark.parametrize("ends", [(x.BLOGGER, x.SOURCE), (x.SOURCE, x.BLOGGER)])
    def test_one_source_under_two_names_is_not_independent_of_itself(self, ends: tuple[UUID, UUID]) -> None:
        assert not apart(judged(X, "same", ends[0]), judged(ends[1], "same", X))

    @pytest.mark.parametrize("ends", [(x.GENERAL, x.SOURCE), (x.SOURCE, x.GENERAL)])
    def test_different_undoes_same_from_either_side(self, ends: tuple[UUID, UUID]) -> None:
        bridge = tie(x.BLOGGER, "relies_on", x.GENERAL)
        assert not apart(bridge, judged(x.GENERAL, "same", x.SOURCE))
        assert apart(bridge, judged(x.GENERAL, "same", x.SOURCE), judged(ends[0], "different", ends[1]))

    def test_nobody_named_is_independent_of_nothing(self) -> None:
        assert not independent(frozenset(), frozenset({x.SOURCE}), Ties())
        assert not independent(frozenset({x.SOURCE}), frozenset(), Ties())


class TestOrigins:
    def counted(self, *events: Event, ties: tuple[Tie, ...] = ()) -> int:
        story = incident(claim(), report(uid(22), x.BLOGGER), report(uid(23), x.GENERAL), *events, ties=ties)
        return story.when(assess("unverified")).then_one(e.ClaimAssessed).independent_origins

    CONFIRMED = (
        taken(x.BLOGGER, uid(22), independent=True),
        taken(x.GENERAL, uid(23), independent=True, id_=uid(62)),
    )

    def test_a_claim_alone_has_one_origin(self) -> None:
        assert self.counted() == 1

    def test_strangers_count_each(self) -> None:
        assert self.counted(*self.CONFIRMED) == 3

    def test_channels_that_repeat_one_origin_count_once(self) -> None:
        assert self.counted(*self.CONFIRMED, ties=(tie(x.GENERAL, "relies_on", x.BLOGGER),)) == 2

    def test_one_that_draws_on_two_takes_nothing_from_them(self) -> None:
        echo = tie(x.GENERAL, "relies_on", x.BLOGGER), tie(x.GENERAL, "relies_on", x.SOURCE)
        assert self.counted(*self.CONFIRMED, ties=echo) == 2

    @pytest.mark.parametrize("relation", ["same", "supports"])
    def test_claims_that_say_the_same_count(self, relation: v.Relation) -> None:
        other = claim(x.OTHER_CLAIM, 2, by=x.BLOGGER, of=uid(22))
        assert self.counted(other, linked(relation)) == 2

    def test_to_say_the_same_holds_both_ways(self) -> None:
        other = claim(x.OTHER_CLAIM, 2, by=x.BLOGGER, of=uid(22))
        assert self.counted(other, linked("same", ends=(x.CLAIM, x.OTHER_CLAIM))) == 2

    def test_a_claim_that_is_supported_lends_nothing(self) -> None:
        other = claim(x.OTHER_CLAIM, 2, by=x.BLOGGER, of=uid(22))
        assert self.counted(other, linked("supports", ends=(x.CLAIM, x.OTHER_CLAIM))) == 1

    @pytest.mark.parametrize("relation", ["contradicts", "updates", "refines", "responds_to", "part_of"])
    def test_other_relations_support_nothing(self, relation: v.Relation) -> None:
        other = claim(x.OTHER_CLAIM, 2, by=x.BLOGGER, of=uid(22))
        assert self.counted(other, linked(relation)) == 1

    def test_a_suspicion_supports_nothing(self) -> None:
        other = claim(x.OTHER_CLAIM, 2, by=x.BLOGGER, of=uid(22))
        assert self.counted(other, linked("same", "unsure")) == 1

    @pytest.mark.parametrize("held", ["false", "discounted"])
    def test_what_is_held_untrue_or_was_retracted_supports_nothing(self, held: v.Assessment) -> None:
        other = claim(x.OTHER_CLAIM, 2, by=x.BLOGGER, of=uid(22))
        untrue = e.ClaimAssessed(claim=x.OTHER_CLAIM, assessment=held, previous="unassessed", independent_origins=1)
        assert self.counted(other, linked("same"), untrue) == 1
        assert self.counted(other, linked("same"), retracted(x.OTHER_CLAIM)) == 1

    def test_likely_counts_two(self) -> None:
        story = incident(claim(), report(uid(22), x.BLOGGER))
        story.when(assess("likely")).then_refused(r.TooFewIndependentSources, "shows 1")
        other = incident(claim(), report(uid(22), x.BLOGGER), self.CONFIRMED[0])
        other.when(assess("likely")).then_one(e.ClaimAssessed)

    def test_an_unattributed_claim_comes_from_its_publisher(self) -> None:
        command = c.TakeStance(incident=x.INCIDENT, claim=x.CLAIM, source=x.SOURCE, kind="confirms", report=x.REPORT)
        event = incident(claim(by=None)).when(command).then_one(e.StanceTaken)
        assert not event.independent


PEOPLE = tuple(uid(n) for n in range(1, 8))
people = st.sampled_from(PEOPLE)
relations = st.sampled_from(["same_operator", "relies_on", "spokesperson_of"])
tie_events = st.tuples(
    people,
    st.one_of(
        st.builds(se.SourceRelated, other=people, relation=relations),
        st.builds(se.SourceRelated, other=people, relation=relations),
        st.builds(se.SourceUnrelated, other=people, relation=relations),
        st.builds(se.SourceJudged, other=people, judgement=st.sampled_from(["same", "different"])),
    ),
)
chains = st.frozensets(people, min_size=1, max_size=3)


def folded(history: list[tuple[UUID, TieEvents]]) -> Ties:
    ties = Ties()
    for one, event in history:
        ties.note(one, event)
    return ties


def naive_steps(history: list[tuple[UUID, TieEvents]]) -> set[tuple[UUID, UUID]]:
    """Return who is bound to whom in one step, read off the whole history each time."""
    steps: set[tuple[UUID, UUID]] = set()
    for n, (one, event) in enumerate(history):
        later = history[n + 1 :]
        if isinstance(event, se.SourceRelated):
            undone = se.SourceUnrelated(other=event.other, relation=event.relation)
            if (one, undone) not in later:
                steps.add((one, event.other))
                if event.relation == "same_operator":
                    steps.add((event.other, one))
        elif isinstance(event, se.SourceJudged) and event.judgement == "same":
            pair = {one, event.other}
            if not any(isinstance(late, se.SourceJudged) and {by, late.other} == pair for by, late in later):
                steps |= {(one, event.other), (event.other, one)}
    return steps


def naive_reach(chain: Chain, steps: set[tuple[UUID, UUID]]) -> set[UUID]:
    reach = set(chain)
    for _ in PEOPLE:
        reach |= {to for of, to in steps if of in reach}
    return reach


@given(st.lists(tie_events, max_size=12), chains, chains)
def test_independence_is_what_the_naive_reading_says(
    history: list[tuple[UUID, TieEvents]], one: Chain, other: Chain
) -> None:
    steps = naive_steps(history)
    expected = not naive_reach(one, steps) & naive_reach(other, steps)
    assert independent(one, other, folded(history)) == expected
    assert independent(other, one, folded(history)) == expected


@given(st.lists(tie_events, max_size=8), st.lists(chains, max_size=5))
def test_origins_are_chains_that_are_all_apart(history: list[tuple[UUID, TieEvents]], given_: list[Chain]) -> None:
    ties = folded(history)
    most = max(
        (
            size
            for size in range(len(given_) + 1)
            for chosen in combinations(given_, size)
            if all(independent(a, b, ties) for a, b in combinations(chosen, 2))
        ),
        default=0,
    )
    counted = origins(given_, ties)
    assert counted <= most
    assert min(counted, 2) == min(most, 2)
    assert origins(reversed(given_), ties) == counted, "the order in which they came does not matter"


@given(st.lists(tie_events, max_size=12), people, people, relations)
def test_a_tie_is_found_where_it_binds(
    history: list[tuple[UUID, TieEvents]], one: UUID, other: UUID, relation: v.SourceRelation
) -> None:
    ties = folded(history)
    held = ties.recorded_as(one, relation, other)
    if held is not None:
        assert other in ties.bound_to(one) or one == other
        assert held[1] == relation
