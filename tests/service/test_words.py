"""Words for what happened and for what differs."""

import pytest

from domain.events import Event
from service.cli.stage import rooms_of
from service.cli.terminal import plain
from service.words import in_words, spread, state, words_of
from tests.examples import EXAMPLES


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.NAME)
def test_every_event_is_told_in_one_line_of_words(event: Event) -> None:
    words = in_words(event)
    assert words.strip() == words != ""
    assert "\n" not in words
    assert "{" not in words


@pytest.mark.parametrize(
    ("low", "best", "high", "words"),
    [
        (12, None, 35, "12-35"),
        (12, 20, 35, "12-35 (best 20)"),
        (28, 28, 28, "28"),
        (28, None, 28, "28"),
        (None, 6, None, "6"),
        (None, None, 9, "9"),
        (None, 35, 35, "35"),
        (1, 2, None, "1 (best 2)"),
        (None, None, None, ""),
    ],
)
def test_a_spread_is_written_as_people_write_it(
    low: float | None, best: float | None, high: float | None, words: str
) -> None:
    assert spread(low, best, high) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        ("withdrawn_by_source", "withdrawn by source"),
        ("As it was said_so", "As it was said_so"),
        (3, "3"),
        ({"best": 24, "unit": "1", "wording": "24 people"}, "24 (“24 people”)"),
        ({"high": 10, "unit": "km"}, "10 km"),
        ({"value": {"low": 24, "high": 31, "unit": "1"}, "reason": "two sources"}, "24-31"),
        ({"text": "exact words", "language": "en"}, "exact words"),
        ({"any": 1}, '{"any":1}'),
    ],
)
def test_a_value_is_told_as_people_say_it(value: object, words: str) -> None:
    assert words_of(value) == words


def test_a_name_of_the_vocabulary_is_words_and_a_sentence_stays_itself() -> None:
    assert state("retracted_by_desk") == "retracted by desk"
    assert state("at least_two words") == "at least_two words"


def test_no_control_character_of_a_text_reaches_a_terminal() -> None:
    assert plain("a\x1b[31mb\x9b2Jc\u202ed\ne\tf") == "a [31mb 2Jc d e\tf"


def test_small_groups_are_shown_whole_and_the_others_share_what_is_left() -> None:
    assert rooms_of({"confirmed": 2, "disputed": 1, "unverified": 100}, 20) == {
        "disputed": 1,
        "confirmed": 2,
        "unverified": 17,
    }
