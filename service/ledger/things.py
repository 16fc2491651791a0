"""What is in use once and for all: the ids of things, whatever their kind and incident, and the names for people.

Law: an id stands for one thing in the whole log, a short id for one incident, a seal for one passage.
"""

from collections.abc import Container
from functools import cache
from uuid import UUID

from domain.commands import Command
from domain.events import Event
from domain.subject_events import SubjectSealed
from service.store.log import RecordLog

_BEGINNINGS = frozenset(
    "opened registered defined received made taken attached added assigned published".split()  # noqa: SIM905
)
"""What is said of a thing when it comes to be: `claim.made.v1` has a new id in `claim`."""


class Taken(Container[UUID | str]):
    """The ids and names in use: those that the log knows, and those that wait to be saved."""

    def __init__(self, log: RecordLog, waiting: Container[str], brought: set[str]) -> None:
        """Know what waits; ask the log for the ids that were `brought` along at once, for any other when it comes."""
        self._log, self._waiting, self._brought = log, waiting, brought
        self._known = set(log.log_recorder.things_among(brought))

    def look_up(self, keys: set[str]) -> None:
        """Ask the log for all of these at once, and remember those that it knows: what is in use stays in use."""
        if unknown := {key for key in keys if key not in self._waiting and key not in self._known}:
            self._known |= self._log.log_recorder.things_among(unknown)

    def __contains__(self, name: object) -> bool:
        key = name.hex if isinstance(name, UUID) else str(name)
        if key in self._waiting or key in self._known:
            return True
        return key not in self._brought and bool(self._log.log_recorder.things_among({key}))


def brought_by(command: Command) -> str | None:
    """Return the id that a command brings along for what it makes, as the log keeps it."""
    found = getattr(command, command.NAME.partition(".")[0], None)
    return found.hex if isinstance(found, UUID) else None


def things_of(event: Event) -> list[str]:
    """Return the id of the thing that an event makes, and its name for people, as the log keeps them."""
    if isinstance(event, SubjectSealed):
        return [event.seal] if event.number > 1 else [event.subject.hex, event.seal]
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
