"""Seals: what stands in a text in place of a passage that is kept from it, ⟦S-7F3K12QX-1⟧.

A seal is a pseudonym (GDPR article 4(5)): without the key, which is kept elsewhere, it leads to nobody. The brackets
are those of the Leiden Conventions, by which editors mark what is erased.
"""

import re
from collections.abc import Container, Iterator, Mapping
from typing import NamedTuple
from uuid import UUID

from domain.refusals import UnknownPassage
from domain.short_ids import CROCKFORD, code_of

OPENING, CLOSING = "⟦", "⟧"
SUBJECT = f"S-[{CROCKFORD}]{{8}}"
"""The short id of a subject."""
_SEAL = re.compile(rf"⟦({SUBJECT})-([1-9][0-9]{{0,8}})⟧")


class Seal(NamedTuple):
    """The seal of one passage: whose it is, and its number among that person's."""

    short_id: str
    number: int

    def __str__(self) -> str:
        return seal_of(self.short_id, self.number)


def short_id_of(subject: UUID) -> str:
    """Return the name of a subject for people, made of eight characters of the id's random end."""
    return f"S-{code_of(subject.int, 8)}"


def seal_of(short_id: str, number: int) -> str:
    """Return the seal of a passage."""
    return f"⟦{short_id}-{number}⟧"


def seals_in(text: str) -> Iterator[Seal]:
    """Yield the seals in a text, in their order."""
    for found in _SEAL.finditer(text):
        yield Seal(found[1], int(found[2]))


def opened(text: str, passages: Mapping[str, str]) -> str:
    """Return a text with passages in the places of their seals, where there are any."""
    return _SEAL.sub(lambda found: passages.get(found[0], found[0]), text)


def check_seals(text: str, taken: Container[UUID | str]) -> None:
    """Raise `UnknownPassage` where a text has a seal of no passage, or half of one: nobody could ever open it."""
    if OPENING in (left := _SEAL.sub("", text)) or CLOSING in left:
        raise UnknownPassage(
            "⟦ and ⟧ stand in seals alone, like ⟦S-7F3K12QX-1⟧: write the seal as you got it, and seal a name first"
        )
    for seal in dict.fromkeys(seals_in(text)):
        if str(seal) not in taken:
            raise UnknownPassage(
                f"nothing is sealed as {seal}: seal the passage first, and write the seal that you get"
            )
