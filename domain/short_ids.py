"""Names for people: KUR-7F3K12, made from a title and an id."""

import re
import unicodedata
from uuid import UUID

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so that names survive being read out."""

_SMALL = {"A", "AN", "AND", "AT", "BY", "FOR", "FROM", "IN", "INTO", "OF", "ON", "THE", "TO"}


def short_id(title: str, incident: UUID) -> str:
    """Return a name of three letters and six characters of the id's random end."""
    return f"{_letters(title)}-{code_of(incident.int, 6)}"


def _letters(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().upper()
    words = [w for w in re.findall(r"[A-Z]+", plain) if w not in _SMALL and len(w) > 2]
    return (words[0][:3] if words else "INC").ljust(3, "X")


def code_of(number: int, length: int) -> str:
    """Return the end of a number in Crockford's base 32."""
    return "".join(CROCKFORD[(number >> (5 * place)) & 31] for place in reversed(range(length)))
