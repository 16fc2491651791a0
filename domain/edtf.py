"""Vague dates: the subset of EDTF (ISO 8601-2:2019, level 0 and the useful part of level 1) that desks write.

Law: a text is read into an interval with a precision; what cannot be read is refused, never guessed.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

Precision = Literal["minute", "hour", "part_of_day", "day", "days", "week", "month", "year", "unknown"]

_ONE = re.compile(
    r"(\d{4}|\d{3}X|\d{2}XX)(?:-(\d{2}|XX)(?:-(\d{2}|XX)(?:T(\d{2}):(\d{2})(?::(\d{2}))?(Z|[+-]\d{2}:\d{2})?)?)?)?([?~%]?)"
)
_TICK = timedelta(microseconds=1)


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
    start, slash, end = text.partition("/")
    if not slash:
        return _one(text, zone)
    first, last = _end(start, zone), _end(end, zone)
    if first is None and last is None:
        raise BadEdtf(f"{text!r} says nothing: give at least one end, as in 2024-08-06/..")
    return Span(
        earliest=first.earliest if first else None,
        latest=last.latest if last else None,
        precision="days" if first and last and first.precision == last.precision == "day" else "unknown",
        approximate=bool((first and first.approximate) or (last and last.approximate)),
        uncertain=bool((first and first.uncertain) or (last and last.uncertain)),
    )


def _end(text: str, zone: tzinfo) -> Span | None:
    return None if text in ("", "..") else _one(text, zone)


def _one(text: str, zone: tzinfo) -> Span:
    found = _ONE.fullmatch(text)
    if found is None:
        raise BadEdtf(f"{text!r} is not a date that is read here: write 2024, 2024-08, 2024-08-06, 2024-08-06~ or a/b")
    year, month, day, *clock, offset, mark = found.groups()
    try:
        first, last, precision = _bounds(year, month, day, clock, _zone(offset, zone))
    except (ValueError, OverflowError) as problem:
        raise BadEdtf(f"{text!r} is not in the calendar: write a day that exists, as 2024-02-29") from problem
    return Span(first.astimezone(UTC), last.astimezone(UTC), precision, mark in ("~", "%"), mark in ("?", "%"))


def _zone(offset: str | None, zone: tzinfo) -> tzinfo:
    return zone if offset is None else datetime.fromisoformat(f"2000-01-01T00:00{offset}").tzinfo or zone


def _bounds(
    year: str, month: str | None, day: str | None, clock: list[str | None], zone: tzinfo
) -> tuple[datetime, datetime, Precision]:
    if clock[0] is not None and clock[1] is not None:
        at = datetime(int(year), int(month or 1), int(day or 1), int(clock[0]), int(clock[1]), tzinfo=zone)
        return at, at + timedelta(minutes=1) - _TICK, "minute"
    if "X" in year:
        first, last = int(year.replace("X", "0")), int(year.replace("X", "9"))
        return datetime(first, 1, 1, tzinfo=zone), datetime(last, 12, 31, 23, 59, 59, 999999, zone), "unknown"
    if month is None or month == "XX":
        return datetime(int(year), 1, 1, tzinfo=zone), datetime(int(year), 12, 31, 23, 59, 59, 999999, zone), "year"
    start = datetime(int(year), int(month), 1 if day in (None, "XX") else int(day or 1), tzinfo=zone)
    if day is None or day == "XX":
        after = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
        return start, after - _TICK, "month"
    return start, start + timedelta(days=1) - _TICK, "day"


def to_text(
    earliest: datetime | None, latest: datetime | None, precision: Precision, approximate: bool, inferred: bool
) -> str:
    """Return the EDTF text of an interval, at the precision that it has."""
    mark = {(False, False): "", (True, False): "~", (False, True): "?", (True, True): "%"}[(approximate, inferred)]
    shapes: dict[Precision, str] = {"minute": "%Y-%m-%dT%H:%MZ", "month": "%Y-%m", "year": "%Y"}
    ends = [f"{t.astimezone(UTC):{shapes.get(precision, '%Y-%m-%d')}}{mark}" if t else ".." for t in (earliest, latest)]
    return ends[0] if ends[0] == ends[1] else "/".join(ends)


def ucdp_date_prec(precision: Precision, earliest: datetime | None, latest: datetime | None) -> int:
    """Return the UCDP GED date precision: 1 day, 2 two to six days, 3 week, 4 month, 5 longer or unknown."""
    if earliest is None or latest is None:
        return 5
    days = (latest - earliest) / timedelta(days=1)
    for limit, code in ((1, 1), (6, 2), (7, 3), (31, 4)):
        if days <= limit:
            return code
    return 5


def acled_time_precision(precision: Precision, earliest: datetime | None, latest: datetime | None) -> int:
    """Return the ACLED time precision: 1 day, 2 week or part of a month, 3 month or longer."""
    return {1: 1, 2: 2, 3: 2}.get(ucdp_date_prec(precision, earliest, latest), 3)
