"""Who is independent of whom (rule 5).

Two attribution chains are independent when they share no source and no `same_operator` or `relies_on` tie, nor a
judgement `same`, binds a member of the one to a member of the other. Channels that repeat one origin count once
(circular reporting). Source: Berkeley Protocol on Digital Open Source Investigations, "source independence".
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from domain.source_state import Source

Chain = frozenset[UUID]
BINDING = ("same_operator", "relies_on")


def independent(one: Chain, other: Chain, sources: Mapping[UUID, Source]) -> bool:
    """Tell whether two chains are independent. An empty chain, nobody named, is independent of nothing."""
    if not one or not other:
        return False
    return bound_to(one, sources).isdisjoint(other) and bound_to(other, sources).isdisjoint(one)


def origins(chains: Iterable[Chain], sources: Mapping[UUID, Source]) -> int:
    """Count the origins among chains: chains that are not independent of each other count once."""
    groups: list[list[Chain]] = []
    for chain in chains:
        if not chain:
            continue
        joined = [g for g in groups if any(not independent(chain, member, sources) for member in g)]
        groups = [g for g in groups if g not in joined]
        groups.append([chain, *(member for g in joined for member in g)])
    return len(groups)


def bound_to(chain: Chain, sources: Mapping[UUID, Source]) -> set[UUID]:
    """Return the members of a chain and all sources that a tie binds to one of them."""
    bound = set(chain)
    for member in chain:
        source = sources.get(member)
        if source is not None:
            bound |= {other for other, relation in source.ties if relation in BINDING} | source.same
    return bound
