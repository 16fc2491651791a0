"""Carrying fields over: from a command into its event, from an event into the state."""

from functools import cache
from typing import Any, TypeVar, cast

from domain.values import Frozen

F = TypeVar("F", bound=Frozen)


def carry(kind: type[F], carrier: Frozen, **decided: object) -> F:
    """Return a `kind` of what was decided and, for its other fields, what the carrier holds.

    Nothing is checked again: the carrier was, and what was decided is right by construction. Raise AttributeError
    where neither has a field.
    """
    fields: dict[str, Any] = {
        name: decided[name] if name in decided else getattr(carrier, name) for name in kind.model_fields
    }
    return cast(F, kind.model_construct(_names(kind), **fields))


@cache
def _names(kind: type[Frozen]) -> set[str]:
    """Return the names of all fields: one set for all values of a kind, since a set for each takes 700 bytes."""
    return set(kind.model_fields)
