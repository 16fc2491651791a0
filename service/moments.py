"""Moments as people write them: a position of the log, or a time.

Law: a moment that is still to come is refused, never answered with what is known now.
"""

from datetime import UTC, datetime, timedelta

from service.ledger import Ledger

END_OF_SECOND = timedelta(microseconds=999_999)
"""A time given in whole seconds means the end of that second: all that was recorded in it is known then."""


class BadMoment(ValueError):
    """The text is neither a position nor a time, or it lies ahead of the record."""


def time_of(text: str) -> datetime:
    """Return the time that a text names, in UTC where it names no zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadMoment(f"{text!r} is neither a position nor a time such as 2024-08-08T09:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def position_of(ledger: Ledger, text: str) -> int:
    """Return the last position that was recorded at the moment that a text names."""
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return _recorded(ledger, int(text))
    time = time_of(text)
    if time > datetime.now(UTC):
        raise BadMoment(f"{text} lies in the future: the record knows nothing of it yet")
    return ledger.position_at(time if "." in text else time + END_OF_SECOND)


def first_from(ledger: Ledger, text: str) -> int:
    """Return the first position that was recorded at or after the moment that a text names."""
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    return ledger.position_at(time_of(text) - timedelta(microseconds=1)) + 1


def _recorded(ledger: Ledger, position: int) -> int:
    head = ledger.head()
    if position > head:
        raise BadMoment(f"position {position} lies ahead of the record, which ends at {head}")
    return position
