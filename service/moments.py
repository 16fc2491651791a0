"""Moments as people write them: a position of the log, or a time.

Law: a moment that is still to come is refused, never answered with what is known now.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from service.ledger import Ledger

END_OF_SECOND = timedelta(microseconds=999_999)
"""A time given in whole seconds means the end of that second: all that was recorded in it is known then."""


class BadMoment(ValueError):
    """The text is neither a position nor a time."""


class FutureMoment(BadMoment):
    """The moment lies ahead of the record."""


def is_position(text: str) -> bool:
    """Tell whether a text names a position, not a time."""
    return text.isascii() and text.isdigit() and len(text) <= 18


def time_of(text: str, zone: tzinfo | None = UTC) -> datetime:
    """Return the time that a text names, in `zone` where it names none; raise `BadMoment` where it must name one."""
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))  # what a `+` in a query was decoded to
        found = found if found.tzinfo or zone is None else found.replace(tzinfo=zone)
        if found.tzinfo is None:
            raise BadMoment(f"{text!r} names no zone: write 2024-08-08T09:00:00Z or 2024-08-08T12:00:00+03:00")
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        if isinstance(problem, BadMoment):
            raise
        raise BadMoment(f"{text!r} is neither a position nor a time such as 2024-08-08T09:00:00Z") from None


@dataclass(frozen=True, slots=True)
class Found:
    """The position that a moment names, and whether it names it for ever."""

    position: int
    settled: bool


def find(ledger: Ledger, text: str, zone: tzinfo | None = UTC) -> Found:
    """Return the last position that was recorded at the moment that a text names. Raise `BadMoment`.

    A time is settled once something was recorded after it: recorded times only grow, so nothing can come before that.
    The head is read before the time is resolved: what is recorded in between may still belong to the time.
    """
    if is_position(text):
        return Found(_recorded(ledger, int(text)), settled=True)
    time = time_of(text, zone)
    if time > datetime.now(UTC):
        raise FutureMoment(f"{text} lies in the future: the record knows nothing of it yet")
    head = ledger.head()
    position = ledger.position_at(time if "." in text else time + END_OF_SECOND)
    return Found(position, settled=position < head)


def position_of(ledger: Ledger, text: str, zone: tzinfo | None = UTC) -> int:
    """Return the last position that was recorded at the moment that a text names. Raise `BadMoment`."""
    return find(ledger, text, zone).position


def first_from(ledger: Ledger, text: str) -> int:
    """Return the first position that was recorded at or after the moment that a text names."""
    if is_position(text):
        return int(text)
    return ledger.position_at(time_of(text) - timedelta(microseconds=1)) + 1


def _recorded(ledger: Ledger, position: int) -> int:
    head = ledger.head()
    if position > head:
        raise FutureMoment(f"position {position} lies ahead of the record, which ends at {head}")
    return position
