"""Names in place of ids, for imports: the same name in the same import is always the same id."""

from collections.abc import Callable
from uuid import UUID, uuid5

ROOT = UUID("5c2c2f2e-8f0a-5e0b-9a40-6f6e72656372")
"""The namespace of all names (RFC 9562 5.5): fixed for ever, since ids in the record come from it."""


def names_of(space: str) -> Callable[[str, str], UUID]:
    """Return the function from a kind and a name to an id, in the space of one import. A UUID stays what it is."""

    def resolve(kind: str, name: str) -> UUID:
        try:
            return UUID(name)
        except ValueError:
            return uuid5(ROOT, f"{space}\n{kind}\n{name}")

    return resolve
