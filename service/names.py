"""Names in place of ids, for imports: the same name in the same import is always the same id."""

import re
from collections.abc import Callable
from uuid import UUID, uuid5

from domain.short_ids import CROCKFORD

ROOT = UUID("5c2c2f2e-8f0a-5e0b-9a40-6f6e72656372")
"""The namespace of all names (RFC 9562 5.5): fixed for ever, since ids in the record come from it."""
_SHORT_ID = re.compile(rf"[A-Z]{{3}}-[{CROCKFORD}]{{6}}(-[1-9][0-9]*)?")


def names_of(space: str) -> Callable[[str, str], UUID]:
    """Return the function from a kind and a name to an id, in the space of one import. A UUID stays what it is.

    It raises ValueError for a short id, which stands for something in the record, and not for a name of the import.
    """

    def resolve(kind: str, name: str) -> UUID:
        try:
            return UUID(name)
        except ValueError:
            if kind in ("incident", "claim") and _SHORT_ID.fullmatch(name):
                raise ValueError(f"{name} is a short id: give the id of the {kind}, which reading it tells") from None
            return uuid5(ROOT, f"{space}\n{kind}\n{name}")

    return resolve
