"""Carrying fields over: from a command into its event, from an event into the state."""

from functools import cache
from typing import TypeVar

from domain.values import Frozen

F = TypeVar("F", bound=Frozen)


def carry(kind: type[F], carrier: Frozen, **decided: object) -> F:
    """Return a `kind` of what was decided and, for its other fields, what the carrier holds.

    Nothing is checked again: the carrier was, and what was decided is right by construction. Raise KeyError where
    neither has a field.
    """
    names, every = _names(kind)
    held = carrier.__dict__ | decided
    made = kind.__new__(kind)
    # As unpickling makes it: `model_construct` looks for aliases and defaults first, which takes longer than the rest.
    made.__setstate__(
        {
            "__dict__": {name: held[name] for name in names},
            "__pydantic_fields_set__": every,
            "__pydantic_extra__": None,
            "__pydantic_private__": None,
        }
    )
    return made


@cache
def _names(kind: type[Frozen]) -> tuple[tuple[str, ...], set[str]]:
    """Return the names of all fields, in order and as a set.

    There is one set for all values of a kind, since a set for each takes 700 bytes.
    """
    return tuple(kind.model_fields), set(kind.model_fields)
