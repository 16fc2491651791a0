"""What is sealed of a person: passages, looks, and the end of all of it."""

import pytest

from domain import refusals as r
from domain import subject_commands as pc
from domain import subject_events as pe
from domain.events import Event
from domain.seals import Seal, check_seals, opened, seal_of, seals_in, short_id_of
from domain.subject_commands import SubjectCommands
from tests import examples as x
from tests.spec import Story, uid

SHORT_ID = short_id_of(x.SUBJECT)
SEALED = "c2VhbGVk"


def sealed(number: int) -> pe.SubjectSealed:
    return pe.SubjectSealed(subject=x.SUBJECT, short_id=SHORT_ID, number=number, incident=x.INCIDENT, sealed=SEALED)


FIRST = sealed(1)
ERASED = pe.SubjectErased(ordered_by="the person concerned", ground="consent_withdrawn")
ANOTHER = pc.SealPassage(subject=x.SUBJECT, sealed=SEALED)
LOOK = pc.DiscloseSubject(subject=x.SUBJECT, reason="To reach her for consent")
ERASE = pc.EraseSubject(
    subject=x.SUBJECT, ordered_by="the person concerned", ground="consent_withdrawn", reason="Asked by telephone"
)


def person(*events: Event) -> Story:
    return Story((FIRST, *events), x.SUBJECT)


class TestSealing:
    def test_the_first_passage_gives_a_person_a_name_that_says_nothing(self) -> None:
        command = pc.SealSubject(subject=x.SUBJECT, incident=x.INCIDENT, sealed=SEALED)
        Story((), x.SUBJECT).when(command).then(FIRST)
        person().when(command).then_refused(r.AlreadyExists, SHORT_ID)

    def test_it_may_be_for_no_incident_and_not_for_one_that_is_not_there(self) -> None:
        Story((), x.SUBJECT).when(pc.SealSubject(subject=x.SUBJECT, sealed=SEALED)).then(
            FIRST.model_copy(update={"incident": None})
        )
        command = pc.SealSubject(subject=x.SUBJECT, incident=uid(77), sealed=SEALED)
        Story((), x.SUBJECT).when(command).then_refused(r.UnknownIncident)

    def test_passages_are_counted(self) -> None:
        person().when(ANOTHER).then(sealed(2))
        person(sealed(2)).when(ANOTHER).then(sealed(3))

    @pytest.mark.parametrize("command", [ANOTHER, LOOK, ERASE])
    def test_of_whom_nothing_is_sealed_nothing_can_be_said(self, command: SubjectCommands) -> None:
        Story((), x.SUBJECT).when(command).then_refused(r.UnknownSubject)

    @pytest.mark.parametrize("command", [ANOTHER, LOOK, ERASE])
    def test_who_has_a_role_for_one_incident_acts_on_what_was_sealed_for_it(self, command: SubjectCommands) -> None:
        assert person().when(command.model_copy(update={"incident": x.INCIDENT})).refusal is None
        elsewhere = command.model_copy(update={"incident": x.OTHER_INCIDENT})
        person().when(elsewhere).then_refused(r.UnknownSubject, str(x.OTHER_INCIDENT))


class TestDisclosing:
    def test_a_look_says_at_which_passages(self) -> None:
        person(sealed(2)).when(LOOK).then(pe.SubjectDisclosed(passages=(1, 2)))
        some = LOOK.model_copy(update={"passages": (2, 2)})
        person(sealed(2)).when(some).then(pe.SubjectDisclosed(passages=(2,)))

    def test_it_owes_a_reason(self) -> None:
        person().when(LOOK.model_copy(update={"reason": " "})).then_refused(r.ReasonOwed)

    def test_what_was_never_sealed_cannot_be_disclosed(self) -> None:
        person().when(LOOK.model_copy(update={"passages": (2,)})).then_refused(r.UnknownPassage, seal_of(SHORT_ID, 2))


class TestErasing:
    def test_it_says_by_whose_order_on_what_ground_and_why(self) -> None:
        person().when(ERASE).then(ERASED)
        person().when(ERASE.model_copy(update={"reason": ""})).then_refused(r.ReasonOwed)

    @pytest.mark.parametrize("command", [ANOTHER, LOOK, ERASE])
    def test_it_is_the_end(self, command: SubjectCommands) -> None:
        person(ERASED).when(command).then_refused(r.SubjectErased, SHORT_ID)


HALF = ["⟦her name⟧", "⟦S-000000XP⟧", "⟦S-000000XP-0⟧", "⟦S-00000OXP-1⟧", "⟦s-000000xp-1⟧", "⟦S-000000XP-1", "1⟧"]


class TestSeals:
    def test_a_seal_is_found_in_any_text(self) -> None:
        text = f'{{"name":"{FIRST.seal}, a nurse","said":"to {seal_of(SHORT_ID, 12)}"}}'
        assert list(seals_in(text)) == [Seal(SHORT_ID, 1), Seal(SHORT_ID, 12)]
        assert str(Seal(SHORT_ID, 1)) == FIRST.seal

    @pytest.mark.parametrize("text", HALF)
    def test_what_only_looks_like_one_is_refused(self, text: str) -> None:
        assert list(seals_in(text)) == []
        with pytest.raises(r.UnknownPassage, match="stand in seals alone"):
            check_seals(f"{FIRST.seal} and {text}", {FIRST.seal})

    def test_a_seal_of_nothing_is_refused(self) -> None:
        check_seals(f"{FIRST.seal} saw it", {FIRST.seal})
        with pytest.raises(r.UnknownPassage, match=SHORT_ID):
            check_seals(f"{FIRST.seal} saw {sealed(2).seal}", {FIRST.seal})

    def test_a_text_is_opened_as_far_as_that_is_possible(self) -> None:
        text = f"{FIRST.seal} and {sealed(2).seal}"
        assert opened(text, {FIRST.seal: sealed(2).seal}) == f"{sealed(2).seal} and {sealed(2).seal}"
        assert opened(text, {}) == text
