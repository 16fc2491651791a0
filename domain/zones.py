"""Time zones by name: the tables of the IANA database, read as pint reads its units."""

import re
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_OFFSET = re.compile(r"[+-]\d{2}:\d{2}")
_NAME = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")


class UnknownZone(ValueError):
    """The text is neither a zone of the database nor an offset."""


@lru_cache(maxsize=1024)
def zone_of(text: str) -> tzinfo:
    """Return the zone of a text. Raise `UnknownZone`."""
    try:
        if text in ("UTC", "Z"):
            return UTC
        if _OFFSET.fullmatch(text):
            return datetime.fromisoformat(f"2000-01-01T00:00{text}").tzinfo or UTC
        if _NAME.fullmatch(text):
            return ZoneInfo(text)
    except (ValueError, OSError, LookupError) as problem:
        raise UnknownZone(_told(text)) from problem
    raise UnknownZone(_told(text))


def _told(text: str) -> str:
    return f"{text[:60]!r} is not a time zone: write Europe/Kyiv, or an offset as +03:00"
