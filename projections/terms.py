"""The words of a text as a search compares them: without case, accents and marks, in every script.

Law: one way for what is kept and for what is asked, and for every database: it only has to find equal words. Letters
are taken apart by compatibility (Unicode Standard Annex #15, NFKD), so that й is found as и, and ﬁ as fi.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

LONGEST = 64
"""Characters of a word that count."""
MOST = 20_000
"""Words of one text that count."""
AROUND = 24
"""Words of an excerpt."""
_WORD = re.compile(r"[^\W_](?:[^\W_]|[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670])*")
"""A run of letters and digits, with the marks above and below them."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word as it is compared, and where it stands in its text."""

    text: str
    start: int
    end: int


def terms_in(text: str) -> Iterator[Term]:
    """Return the words of a text that count, in their order."""
    for found in islice(_WORD.finditer(text), MOST):
        if folded := _folded(found[0]):
            yield Term(folded, found.start(), found.end())


def distinct(text: str) -> str:
    """Return the words of a text, each once, parted by spaces."""
    return " ".join(dict.fromkeys(term.text for term in terms_in(text)))


@lru_cache(maxsize=65_536)
def _folded(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in apart if letter.isalnum())[:LONGEST]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched for: words that all must be there, those that were written as one in a row, as in "six-mile".

    The last of all may be the beginning of a word.
    """

    rows: tuple[tuple[str, ...], ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """Return all words."""
        return tuple(term for row in self.rows for term in row)


def asked(words: str) -> Asked:
    """Return what is searched for by these words; there may be none in them."""
    rows = (tuple(term.text for term in terms_in(part)) for part in words.split())
    return Asked(tuple(row for row in rows if row))


@dataclass(frozen=True, slots=True)
class Match:
    """How well a text matches: the more of it is what was asked for, the better; in a row best of all."""

    score: float
    excerpt: str


def matched(text: str, sought: Asked) -> Match | None:
    """Return how a text matches, None where words that belong in a row do not stand in one."""
    found = list(terms_in(text))
    words = [term.text for term in found]
    last = len(sought.rows) - 1
    places = [list(_places(words, row, beginning=number == last)) for number, row in enumerate(sought.rows)]
    if not all(places):
        return None
    together = any(True for _ in _places(words, sought.terms, beginning=True))
    hits = {at + step for row, at_ in zip(sought.rows, places, strict=True) for at in at_ for step in range(len(row))}
    return Match(together + len(hits) / (AROUND + len(words)), _excerpt(text, found, sorted(hits)))


def _places(words: Sequence[str], row: Sequence[str], *, beginning: bool) -> Iterator[int]:
    """Return where these words stand in a row; the last of them may be a beginning."""
    *whole, end = row
    for at in range(len(words) - len(row) + 1):
        reached = words[at + len(whole)]
        if (reached.startswith(end) if beginning else reached == end) and list(words[at : at + len(whole)]) == whole:
            yield at


def _excerpt(text: str, found: Sequence[Term], hits: Sequence[int]) -> str:
    """Return the words around the first hit, hits in brackets, and … where the text goes on."""
    first = max(0, min(hits[0] - AROUND // 4, len(found) - AROUND))
    shown = range(first, min(first + AROUND, len(found)))
    begin = found[shown[0]].start if first else 0
    end = found[shown[-1]].end if shown[-1] + 1 < len(found) else len(text)
    marked = "".join(_marked(text, begin, end, (found[at] for at in shown if at in set(hits))))
    return f"{'…' if first else ''}{marked}{'…' if end < len(text) else ''}"


def _marked(text: str, begin: int, end: int, terms: Iterable[Term]) -> Iterator[str]:
    at = begin
    for term in terms:
        yield f"{text[at : term.start]}[{text[term.start : term.end]}]"
        at = term.end
    yield text[at:end]
