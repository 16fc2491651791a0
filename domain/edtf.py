"""Vague dates: the subset of EDTF (ISO 8601-2:2019, level 0 and the useful part of level 1) that desks write.

Law 1: a text is read into an interval with a precision; what cannot be read is refused, never guessed.
Law 2: a text written for an interval holds the interval, at the precision it has; hours and weeks have no form in EDTF,
and are written as days.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from domain.codes import Precision
from domain.zones import zone_of

_ONE = re.compile(
    r"""(?: (?P<century>\d{2})XX
          | (?P<decade>\d{3})X
          | (?P<year>\d{4})
            (?: -XX (?: -XX )?
              | -(?P<month>\d{2})
                (?: -XX
                  | -(?P<day>\d{2})
                    (?: T(?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))? (?P<offset>Z|[+-]\d{2}:\d{2})? )?
                )?
            )?
        )
        (?P<mark>[?~%]?)""",
    re.VERBOSE | re.ASCII,
)
LONGEST = 80
_TICK = timedelta(microseconds=1)
_MARKS = {(False, False): "", (True, False): "~", (False, True): "?", (True, True): "%"}
_LENGTHS: dict[Precision, int] = {"year": 4, "month": 7}
"""How much of 2024-08-06 is written at a precision; the whole day at all others."""


class BadEdtf(ValueError):
    """The text is not in the subset that is read."""


@dataclass(frozen=True, slots=True)
class Span:
    """An interval with inclusive bounds in UTC (None: open or unknown) and what is said of its certainty."""

    earliest: datetime | None
    latest: datetime | None
    precision: Precision
    approximate: bool
    uncertain: bool


def parse(text: str, zone: tzinfo = UTC) -> Span:
    """Read an EDTF text; dates without a zone are read in `zone`. Raise `BadEdtf` for what is not understood."""
    if len(text) > LONGEST:
        raise BadEdtf(f"{text[:LONGEST]!r}... is longer than any date that is read here")
    start, slash, end = text.partition("/")
    if not slash:
        return _one(text, zone)
    first, last = _end(start, zone), _end(end, zone)
    if first is None and last is None:
        raise BadEdtf(f"{text!r} says nothing: give at least one end, as in 2024-08-06/..")
    span = Span(
        earliest=first.earliest if first else None,
        latest=last.latest if last else None,
        precision=_shared(first, last),
        approximate=any(end.approximate for end in (first, last) if end),
        uncertain=any(end.uncertain for end in (first, last) if end),
    )
    if span.earliest and span.latest and span.latest < span.earliest:
        raise BadEdtf(f"{text!r} ends before it begins: write the earlier end first")
    return span


def _end(text: str, zone: tzinfo) -> Span | None:
    return None if text in ("", "..") else _one(text, zone)


def _shared(first: Span | None, last: Span | None) -> Precision:
    """Return the precision of an interval: that of its ends, where both are known equally well."""
    if first is None or last is None or first.precision != last.precision:
        return "unknown"
    return "days" if first.precision == "day" and first.earliest != last.earliest else first.precision


def _one(text: str, zone: tzinfo) -> Span:
    found = _ONE.fullmatch(text)
    if found is None:
        raise BadEdtf(f"{text!r} is not a date that is read here: write 2024, 2024-08, 2024-08-06, 2024-08-06~ or a/b")
    try:
        first, last, precision = _bounds(found, zone)
        span = first.astimezone(UTC), last.astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise BadEdtf(f"{text!r} is not in the calendar: write a day that exists, as 2024-02-29") from problem
    return Span(*span, precision, found["mark"] in ("~", "%"), found["mark"] in ("?", "%"))


def _bounds(found: re.Match[str], zone: tzinfo) -> tuple[datetime, datetime, Precision]:
    if found["century"]:
        return _years(int(found["century"]) * 100, 100, zone)
    if found["decade"]:
        return _years(int(found["decade"]) * 10, 10, zone)
    year = int(found["year"])
    if not found["month"]:
        first, last, _ = _years(year, 1, zone)
        return first, last, "year"
    month = int(found["month"])
    if not found["day"]:
        return datetime(year, month, 1, tzinfo=zone), _month_after(year, month, zone) - _TICK, "month"
    day = datetime(year, month, int(found["day"]), tzinfo=zone)
    if not found["hour"]:
        return day, day.replace(hour=23, minute=59, second=59, microsecond=999999), "day"
    clock = day.replace(hour=int(found["hour"]), minute=int(found["minute"]), second=int(found["second"] or 0))
    at = clock.replace(second=0, tzinfo=zone_of(found["offset"]) if found["offset"] else zone)
    return at, at + timedelta(minutes=1) - _TICK, "minute"


def _years(first: int, count: int, zone: tzinfo) -> tuple[datetime, datetime, Precision]:
    last = datetime(first + count - 1, 12, 31, 23, 59, 59, 999999, zone)
    return datetime(first, 1, 1, tzinfo=zone), last, "unknown"


def _month_after(year: int, month: int, zone: tzinfo) -> datetime:
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)


def to_text(span: Span, zone: tzinfo = UTC) -> str | None:
    """Return the EDTF text of an interval, its dates as they are in `zone`; None for one without any bound."""
    if span.earliest is None and span.latest is None:
        return None
    mark = _MARKS[span.approximate, span.uncertain]
    if span.earliest and span.latest and span.precision == "minute" and _minute(span.earliest) == _minute(span.latest):
        return f"{_minute(span.earliest)}{mark}"
    length = _LENGTHS.get(span.precision, 10)
    ends = [f"{_wall(at, zone)[:length]}{mark}" if at else ".." for at in (span.earliest, span.latest)]
    return ends[0] if ends[0] == ends[1] else "/".join(ends)


def _wall(at: datetime, zone: tzinfo) -> str:
    try:
        return at.astimezone(zone).isoformat()
    except OverflowError:  # on the first or last day of the calendar
        return at.isoformat()


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC).isoformat()[:16]}Z"
