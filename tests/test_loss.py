"""What looks for lost positions finds them."""

import pytest

from bench.loss import Lost, Reading, check

LOG = [(position, "claim.made.v1", b"%d" % position) for position in range(1, 6)]
ACKNOWLEDGED = [("a", 3), ("b", 5)]
TEXTS = ["a first", "x second", "b third"]


def reading(*rows: tuple[int, str, bytes]) -> Reading:
    """Return what one poll of these rows comes to."""
    found = Reading()
    found.poll(lambda after, limit: [row for row in rows if row[0] > after])
    return found


def seen(found: Reading) -> tuple[int, int, str]:
    return found.position, found.polls, found.digest()


def test_a_log_that_all_have_seen_whole_is_well() -> None:
    check(reading(*LOG), ACKNOWLEDGED, [seen(reading(*LOG))], TEXTS)


@pytest.mark.parametrize("wrong", [LOG[1:], [*LOG[:2], *LOG[3:]], [*LOG[:2], LOG[1], LOG[2]], [LOG[0], LOG[2], LOG[1]]])
def test_a_position_that_is_missed_doubled_or_out_of_order_is_found(wrong: list[tuple[int, str, bytes]]) -> None:
    with pytest.raises(Lost, match="came after"):
        reading(*wrong)


@pytest.mark.parametrize("other", [LOG[:4], [*LOG[:4], (5, "claim.made.v1", b"other")], [*LOG[:4], (5, "x", b"5")]])
def test_a_reader_that_saw_less_or_other_bytes_is_found(other: list[tuple[int, str, bytes]]) -> None:
    with pytest.raises(Lost, match="has not read"):
        check(reading(*LOG), ACKNOWLEDGED, [seen(reading(*LOG)), seen(reading(*other))], TEXTS)


@pytest.mark.parametrize("told", [("a", 4), ("c", 5)])
def test_an_acknowledged_claim_that_is_not_where_it_was_said_to_be_is_found(told: tuple[str, int]) -> None:
    with pytest.raises(Lost, match="1 acknowledged"):
        check(reading(*LOG), [*ACKNOWLEDGED, told], [], TEXTS)


def test_a_claim_that_is_recorded_twice_is_found() -> None:
    with pytest.raises(Lost, match="twice"):
        check(reading(*LOG), ACKNOWLEDGED, [], ["a first", "b second", "b third"])
