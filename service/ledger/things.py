"""What is in use once and for all: the ids of things, whatever their kind and incident, and the names for people.

Law: an id stands for one thing in the whole log, a short id for one incident.
"""

from collections.abc import Container
from functools import cache
from uuid import UUID

from domain.events import Event
from service.store.log import RecordLog

_BEGINNINGS = frozenset(
    "opened registered defined received made taken attached added assigned published".split()  # noqa: SIM905
)
"""What is said of a thing when it comes to be: `claim.made.v1` has a new id in `claim`."""


class Taken(Container[UUID | str]):
    """The ids and names in use: those that the log knows, and those that wait to be saved."""

    def __init__(self, log: RecordLog, waiting: set[str]) -> None:
        self._log, self._waiting = log, waiting

    def __contains__(self, name: object) -> bool:
        key = name.hex if isinstance(name, UUID) else str(name)
        return key in self._waiting or self._log.log_recorder.has_thing(key)


def things_of(event: Event) -> list[str]:
    """Return the id of the thing that an event makes, and its name for people, as the log keeps them."""
    made = made_by(type(event))
    if made is None:
        return []
    names = [getattr(event, made).hex]
    return [*names, event.short_id] if event.NAME == "incident.opened.v1" else names  # type: ignore[union-attr]


@cache
def made_by(kind: type[Event]) -> str | None:
    """Return the field that holds the id of the thing that events of a kind make, None where they make none."""
    thing, verb, _ = kind.NAME.split(".")
    return thing if verb in _BEGINNINGS else None
