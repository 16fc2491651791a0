"""Who is independent of whom (rule 5).

Whatever a chain draws on belongs to it: every source in it, and, step by step, those that a tie binds them to
(`Ties`). Two chains are independent when what they draw on has nothing in common. So channels that repeat one origin
count once, however long the way back to it is (circular reporting). Source: Berkeley Protocol on Digital Open Source
Investigations, "source independence".
"""

from collections.abc import Iterable
from uuid import UUID

from domain.ties import Ties

Chain = frozenset[UUID]


def independent(one: Chain, other: Chain, ties: Ties) -> bool:
    """Tell whether two chains are independent. An empty chain, nobody named, is independent of nothing."""
    return bool(one) and bool(other) and drawn_on(one, ties).isdisjoint(drawn_on(other, ties))


def drawn_on(chain: Chain, ties: Ties) -> frozenset[UUID]:
    """Return all sources that a chain draws on: its own, and those that ties bind them to, at any distance."""
    found, new = set(chain), list(chain)
    while new:
        fresh = ties.bound_to(new.pop()) - found
        found |= fresh
        new += fresh
    return frozenset(found)


def origins(chains: Iterable[Chain], ties: Ties) -> int:
    """Count the origins among chains: how many can be chosen that are all independent of each other.

    One that draws on two others takes nothing away from them: it is not chosen. The count never says too many; it
    tells none, one and more than one apart exactly, which is what rule 4 asks, and may say too few beyond that.
    """
    drawn = _narrowest({drawn_on(chain, ties) for chain in chains if chain})
    return max((_apart_from(first, drawn) for first in drawn), default=0)


def _narrowest(drawn: set[frozenset[UUID]]) -> list[frozenset[UUID]]:
    """Return those that hold no other, in a fixed order: whatever is apart from a wide one is apart from a narrow."""
    kept: list[frozenset[UUID]] = []
    for one in sorted(drawn, key=lambda sources: (len(sources), sorted(sources))):
        if not any(narrow <= one for narrow in kept):
            kept.append(one)
    return kept


def _apart_from(first: frozenset[UUID], drawn: list[frozenset[UUID]]) -> int:
    count, taken = 1, set(first)
    for one in drawn:
        if taken.isdisjoint(one):
            count, taken = count + 1, taken | one
    return count
