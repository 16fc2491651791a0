"""Reading what was stored, by whatever rules it was written."""

import orjson
import pytest
from pydantic import ValidationError

from domain.events import Recorded, UnknownEvent
from domain.incident_events import ClaimMade, ClaimReinstated, NoteAdded
from domain.upcasts import UPCASTS
from tests import examples as x
from tests.spec import recorded

MADE = recorded(x.EXAMPLES[12], x.INCIDENT, 4, 4)
NOTE = recorded(NoteAdded(note=x.NOTE, on={"kind": "claim", "id": x.CLAIM}, text="n"), x.INCIDENT, 5, 5)


def altered(one: Recorded, **parts: object) -> bytes:
    """Return the stored bytes with some parts of the envelope replaced."""
    return orjson.dumps({**orjson.loads(one.to_bytes()), **parts})


def in_payload(one: Recorded, **parts: object) -> bytes:
    """Return the stored bytes with some parts of the payload replaced."""
    return altered(one, payload={**orjson.loads(one.to_bytes())["payload"], **parts})


def test_the_position_is_not_stored_but_said_when_reading() -> None:
    assert b"position" not in MADE.to_bytes()
    assert Recorded.from_bytes(MADE.to_bytes(), position=9) == MADE._replace(position=9)


def test_what_is_read_is_written_as_the_same_bytes() -> None:
    for event in x.EXAMPLES:
        data = recorded(event, x.INCIDENT, 1, 1).to_bytes()
        assert Recorded.from_bytes(data, 1).to_bytes() == data


@pytest.mark.parametrize(
    "parts",
    [
        {"wording": {"text": " ", "language": "not a language"}},
        {"occurred": {"earliest": "2024-08-08T00:00:00Z", "latest": "2024-08-06T00:00:00Z", "zone": "Mars"}},
        {"occurred": {"edtf": "yesterday"}},
        {
            "quantity": {
                "figure": str(x.FIGURE),
                "low": 9,
                "high": 6,
                "unit": "parsnip",
                "bound": "up_to",
                "wording": "",
            }
        },
        {"place": {"name": "x" * 900, "point": [999, 999], "radius_m": -1}},
    ],
)
def test_a_rule_that_was_tightened_since_makes_nothing_unreadable(parts: dict[str, object]) -> None:
    read = Recorded.from_bytes(in_payload(MADE, **parts), 4)
    assert isinstance(read.event, ClaimMade)
    with pytest.raises(ValidationError):
        ClaimMade.model_validate(orjson.loads(in_payload(MADE, **parts))["payload"])


@pytest.mark.parametrize(
    "data",
    [
        in_payload(MADE, claim="c-1"),
        in_payload(MADE, number="twelve"),
        in_payload(MADE, kind="parsnip"),
        in_payload(MADE, more="than is known"),
        altered(MADE, version=None),
        altered(MADE, actor={"name": "somebody"}),
    ],
)
def test_what_no_version_wrote_is_not_read(data: bytes) -> None:
    with pytest.raises(ValidationError):
        Recorded.from_bytes(data, 4)


def test_the_event_of_a_newer_version_is_named() -> None:
    with pytest.raises(UnknownEvent, match=r"claim\.dreamt\.v1"):
        Recorded.from_bytes(altered(MADE, name="claim.dreamt.v1"), 4)


def test_an_old_shape_is_read_as_todays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        UPCASTS, "claim.revived.v1", lambda old: ("claim.revived.v2", {"claim": old["claim"], "why": old["reason"]})
    )
    monkeypatch.setitem(
        UPCASTS, "claim.revived.v2", lambda old: ("claim.reinstated.v1", {"claim": old["claim"], "basis": old["why"]})
    )
    old = altered(MADE, name="claim.revived.v1", payload={"claim": str(x.CLAIM), "reason": "The clip was found"})
    assert Recorded.from_bytes(old, 4).event == ClaimReinstated(claim=x.CLAIM, basis="The clip was found")


def test_what_was_left_out_is_what_it_always_was_by_default() -> None:
    assert Recorded.from_bytes(in_payload(NOTE), 5) == NOTE
    bare = {"report": str(x.REPORT), "wording": {"text": "t"}, "claim": str(x.CLAIM), "number": 1}
    read = Recorded.from_bytes(altered(MADE, payload=bare), 4).event
    assert isinstance(read, ClaimMade)
    assert (read.kind, read.attribution.claimant, read.parties, read.wording.language) == ("other", None, (), "und")
