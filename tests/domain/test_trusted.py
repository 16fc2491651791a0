"""What was stored is read as its class reads it, without our functions, and only where it has the class's shape."""

import orjson
import pytest
from pydantic import ValidationError

from domain.events import Event, Recorded
from domain.trusted import read
from tests.domain.test_golden import stored
from tests.examples import EXAMPLES


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.NAME)
def test_an_event_is_read_as_its_class_reads_it_and_written_again_the_same(event: Event) -> None:
    payload = orjson.loads(stored(event).to_bytes())["payload"]
    seen = read(type(event), payload)
    assert seen == type(event).model_validate(payload) == event
    assert type(seen) is type(event)
    data = stored(event).to_bytes()
    assert Recorded.from_bytes(data, 1).to_bytes() == data


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.NAME)
def test_what_an_event_never_held_is_not_read(event: Event) -> None:
    payload = orjson.loads(stored(event).to_bytes())["payload"]
    with pytest.raises(ValidationError):
        read(type(event), {**payload, "colour": "red"})
    for field in payload:
        with pytest.raises(ValidationError):
            read(type(event), {**payload, field: {"colour": "red"}})


def test_a_rule_of_a_value_that_is_tightened_later_does_not_make_history_unreadable() -> None:
    (made,) = (one for one in EXAMPLES if one.NAME == "claim.made.v1")
    payload = orjson.loads(stored(made).to_bytes())["payload"]
    upside_down = {**payload["quantity"], "low": 9, "high": 6}
    with pytest.raises(ValidationError):
        type(made).model_validate({**payload, "quantity": upside_down})
    assert read(type(made), {**payload, "quantity": upside_down}).model_dump()["quantity"]["low"] == 9
