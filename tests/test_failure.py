"""What looks for what a failure has lost finds it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from bench.cluster.found import Found, Log, compared
from bench.cluster.readers import Line, Read, Reader, line_of
from bench.cluster.writers import Acknowledged, Told
from domain.events import Actor, Recorded
from domain.incident_events import ClaimMade
from domain.values import Wording
from projections.shapes import text_of

INCIDENT, BEGAN = UUID(int=7), datetime(2026, 1, 1, tzinfo=UTC)


def line(position: int, key: str) -> Line:
    """Return the line of the log in which the claim of a key is made."""
    event = ClaimMade(
        claim=uuid4(),
        number=position,
        report=uuid4(),
        wording=Wording(text=f"{key} six miles"),
    )
    recorded = Recorded(
        aggregate=INCIDENT,
        version=position,
        position=position,
        recorded_at=BEGAN + timedelta(seconds=position),
        actor=Actor(),
        reason="",
        correlation=None,
        causation=None,
        event=event,
    )
    return position, ClaimMade.NAME, recorded.to_bytes()


LOG = [line(4, "a"), line(5, "b"), line(6, "c")]
TOLD = [("a", 4), ("b", 5), ("c", 6)]


def reading(*lines: Line) -> Read:
    return lambda after, limit: [one for one in lines if one[0] > after]


def shown(*lines: Line) -> list[Line]:
    """Return lines as the change log shows them."""
    return [
        line_of(at, name, str(INCIDENT), at, text_of(Recorded.from_bytes(data, at).recorded_at))
        for at, name, data in lines
    ]


def found(log: list[Line], told: list[tuple[str, int]], readers: list[Reader] | None = None, **more: object) -> Found:
    acknowledged = [Acknowledged(key, position, 0.0, 1) for key, position in told]
    answer = compared(reading(*log), 3, Told(acknowledged=acknowledged, **more), readers or [])  # type: ignore[arg-type]
    answer.works = True
    return answer


def follower(*lines: Line) -> Reader:
    """Return a reader that has read these lines."""
    reader = Reader("a reader", reading(*lines), 3)
    while reader.reading.position < lines[-1][0] and reader.lost is None:
        pass
    reader.stop()
    return reader


def test_a_failure_that_left_all_as_it_was_told_is_well() -> None:
    left = found(LOG, TOLD, [follower(*LOG), follower(*shown(*LOG))], others={"503": 3, "no answer": 1})
    assert left.is_well, left.line()
    assert (left.acknowledged, left.lost, left.doubled, left.readers) == (3, 0, 0, {"a reader": ""})


@pytest.mark.parametrize("told", [("x", 7), ("a", 5)])
def test_a_claim_that_is_not_where_it_was_said_to_be_is_lost(told: tuple[str, int]) -> None:
    left = found(LOG, [*TOLD, told])
    assert left.lost == 1
    assert not left.is_well


def test_a_claim_that_is_recorded_twice_is_doubled() -> None:
    left = found([*LOG, line(7, "a")], TOLD)
    assert (left.lost, left.doubled, left.is_well) == (0, 1, False)


def test_positions_that_do_not_follow_are_told() -> None:
    left = found([*LOG, line(8, "d")], TOLD)
    assert "8 came after 6" in left.gaps
    assert not left.is_well


@pytest.mark.parametrize(
    "seen",
    [
        [*LOG[:2], line(6, "other")],
        [*shown(*LOG[:2]), line_of(6, ClaimMade.NAME, str(INCIDENT), 6, text_of(BEGAN))],
        [LOG[0], LOG[2]],
    ],
)
def test_a_reader_that_has_read_what_the_log_does_not_hold_is_found(seen: list[Line]) -> None:
    left = found(LOG, TOLD, [follower(*seen)])
    assert left.readers["a reader"]
    assert not left.is_well


@pytest.mark.parametrize(
    "answers", [{"others": {"500": 1}}, {"others": {"503 without Retry-After": 1}}, {"given_up": ["k"]}]
)
def test_an_answer_that_a_client_cannot_act_on_is_not_well(answers: dict[str, object]) -> None:
    assert not found(LOG, TOLD, **answers).is_well


def test_writes_that_do_not_work_again_are_not_well() -> None:
    left = found(LOG, TOLD)
    left.works = False
    assert not left.is_well


def test_the_longest_time_without_an_acknowledgement_is_counted_from_the_failure_on() -> None:
    told = Told(acknowledged=[Acknowledged("k", 1, at, asked=2) for at in (1.0, 5.0, 6.0, 9.5)])
    assert told.gap(since=5.5) == 3.5
    assert told.repeated() == 4


def test_the_log_is_read_from_where_it_was_before() -> None:
    log = Log.read(reading(*LOG), 3)
    assert (log.whole.position, log.shown.position, list(log.places)) == (6, 6, ["a", "b", "c"])
