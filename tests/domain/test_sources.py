"""Sources: grading, ties and judgements of identity."""

from uuid import UUID

import pytest

from domain import refusals as r
from domain import source_commands as sc
from domain import source_events as se
from domain.events import Event
from tests import examples as x
from tests.domain.stories import SOURCES
from tests.spec import Story, uid

REGISTERED = se.SourceRegistered(source=x.SOURCE, name="ISW", kind="monitor")


def source(*events: Event, others: tuple[tuple[UUID, Event], ...] = ()) -> Story:
    return Story((REGISTERED, *events), x.SOURCE, SOURCES + others)


class TestRegistration:
    def test_a_source_is_registered_once(self) -> None:
        command = sc.RegisterSource(source=x.SOURCE, name="ISW", kind="monitor")
        Story((), x.SOURCE).when(command).then(REGISTERED)
        source().when(command).then_refused(r.AlreadyExists)

    def test_a_source_that_is_not_there_takes_nothing(self) -> None:
        command = sc.GradeSource(source=x.SOURCE, reliability="B", reason="r")
        Story((), x.SOURCE).when(command).then_refused(r.UnknownSource)

    def test_a_description_says_what_was_and_what_is(self) -> None:
        command = sc.DescribeSource(source=x.SOURCE, name="ISW", kind="ngo", reason="They say so themselves")
        event = source().when(command).then_one(se.SourceDescribed)
        assert (event.before.kind, event.after.kind) == ("monitor", "ngo")

    def test_a_description_changes_something(self) -> None:
        command = sc.DescribeSource(source=x.SOURCE, name="ISW", kind="monitor", reason="r")
        source().when(command).then_refused(r.ChangesNothing)


class TestGrading:
    def test_a_grade_tells_the_one_before(self) -> None:
        command = sc.GradeSource(source=x.SOURCE, reliability="C", reason="Late corrections")
        event = source(se.SourceGraded(reliability="B")).when(command).then_one(se.SourceGraded)
        assert event.previous == "B"

    def test_grades_are_per_topic(self) -> None:
        command = sc.GradeSource(source=x.SOURCE, reliability="C", topic="maps", reason="r")
        event = source(se.SourceGraded(reliability="B")).when(command).then_one(se.SourceGraded)
        assert event.previous is None


class TestTies:
    def relate(self, other: UUID = x.AGENCY) -> sc.RelateSource:
        return sc.RelateSource(source=x.SOURCE, other=other, relation="same_operator")

    def unrelate(self) -> sc.UnrelateSource:
        return sc.UnrelateSource(source=x.SOURCE, other=x.AGENCY, relation="same_operator", reason="r")

    HELD = se.SourceRelated(other=x.AGENCY, relation="same_operator")
    MIRRORED = se.SourceRelated(other=x.SOURCE, relation="same_operator")

    def test_ties_are_between_two_registered_sources(self) -> None:
        source().when(self.relate(uid(999))).then_refused(r.UnknownSource)
        source().when(self.relate(x.SOURCE)).then_refused(r.LinkToItself)

    def test_a_tie_is_recorded_once_on_either_side(self) -> None:
        source().when(self.relate()).then(self.HELD)
        source(self.HELD).when(self.relate()).then_refused(r.AlreadyLinked)
        source(others=((x.AGENCY, self.MIRRORED),)).when(self.relate()).then_refused(r.AlreadyLinked, str(x.AGENCY))

    def test_who_relies_on_whom_is_no_question_of_sides(self) -> None:
        mirrored = se.SourceRelated(other=x.SOURCE, relation="relies_on")
        command = sc.RelateSource(source=x.SOURCE, other=x.AGENCY, relation="relies_on")
        source(others=((x.AGENCY, mirrored),)).when(command).then_one(se.SourceRelated)

    def test_a_tie_is_taken_back_where_it_was_recorded(self) -> None:
        source(self.HELD).when(self.unrelate()).then_one(se.SourceUnrelated)
        source().when(self.unrelate()).then_refused(r.NotLinked)
        source(others=((x.AGENCY, self.MIRRORED),)).when(self.unrelate()).then_refused(r.NotLinked, str(x.AGENCY))


class TestJudgements:
    SAME = se.SourceJudged(other=x.AGENCY, judgement="same")
    DIFFERENT = sc.JudgeSource(source=x.SOURCE, other=x.AGENCY, judgement="different", reason="r")

    def test_two_sources_are_judged(self) -> None:
        same = sc.JudgeSource(source=x.SOURCE, other=x.AGENCY, judgement="same", reason="r")
        source().when(same).then(self.SAME)
        source().when(self.DIFFERENT).then_one(se.SourceJudged)

    def test_a_judgement_can_be_undone(self) -> None:
        source(self.SAME).when(self.DIFFERENT).then(se.SourceJudged(other=x.AGENCY, judgement="different"))

    @pytest.mark.parametrize("other", [uid(999), x.SOURCE])
    def test_a_judgement_is_of_two_registered_sources(self, other: UUID) -> None:
        command = sc.JudgeSource(source=x.SOURCE, other=other, judgement="same", reason="r")
        source().when(command).then_refused(r.LinkToItself if other == x.SOURCE else r.UnknownSource)

    def test_a_judgement_changes_something_on_whichever_side_the_last_one_stands(self) -> None:
        again = sc.JudgeSource(source=x.SOURCE, other=x.AGENCY, judgement="same", reason="r")
        source(self.SAME).when(again).then_refused(r.ChangesNothing)
        mirrored = (x.AGENCY, se.SourceJudged(other=x.SOURCE, judgement="same"))
        source(others=(mirrored,)).when(again).then_refused(r.ChangesNothing)
        source(others=(mirrored,)).when(self.DIFFERENT).then_one(se.SourceJudged)
