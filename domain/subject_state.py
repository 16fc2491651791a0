"""What has become of what is sealed of a person: how many passages, and whether they can still be read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from domain import subject_events as e
from domain.events import Recorded


@dataclass(slots=True)
class Subject:
    """A person (the data subject of GDPR article 4(1)) of whom passages are sealed."""

    id: UUID
    short_id: str
    incident: UUID | None
    version: int = 0
    passages: int = 0
    erased: str | None = None
    """By whose order, and on what ground."""


def replay(history: Iterable[Recorded], state: Subject | None = None) -> Subject | None:
    """Fold recorded events into a state, from the beginning or from a given state (which it takes over)."""
    for recorded in history:
        state = evolve(state, recorded)
    return state


def evolve(state: Subject | None, recorded: Recorded) -> Subject:
    """Return the state after the event; the given state is used up."""
    event = recorded.event
    if state is None:
        assert isinstance(event, e.SubjectSealed), "the first event of a subject seals a passage"
        state = Subject(id=event.subject, short_id=event.short_id, incident=event.incident)
    assert isinstance(event, e.SubjectEvents), event.NAME
    state.version = recorded.version
    match event:
        case e.SubjectSealed():
            state.passages = event.number
        case e.SubjectDisclosed():
            pass
        case e.SubjectErased():
            state.erased = f"by order of {event.ordered_by} ({event.ground})"
        case _:
            assert_never(event)
    return state
