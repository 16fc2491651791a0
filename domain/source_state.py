"""What a source has become: its description and grading. Its ties are known from both ends: see `ties.py`."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import assert_never
from uuid import UUID

from domain import source_events as e
from domain import values as v
from domain.content import carry
from domain.events import Recorded


@dataclass(slots=True)
class Source:
    """Somebody or something that says things."""

    id: UUID
    content: v.SourceContent
    version: int = 0
    reliability: dict[str, v.Reliability] = field(default_factory=dict)


def replay(history: Iterable[Recorded], state: Source | None = None) -> Source | None:
    """Fold recorded events into a state, from the beginning or from a given state (which it takes over)."""
    for recorded in history:
        state = evolve(state, recorded)
    return state


def evolve(state: Source | None, recorded: Recorded) -> Source:
    """Return the state after the event; the given state is used up."""
    event = recorded.event
    if isinstance(event, e.SourceRegistered):
        return Source(id=event.source, content=carry(v.SourceContent, event), version=recorded.version)
    assert state is not None, "the first event of a source registers it"
    assert isinstance(event, e.SourceEvents), event.NAME
    state.version = recorded.version
    match event:
        case e.SourceDescribed():
            state.content = event.after
        case e.SourceGraded():
            state.reliability[event.topic or ""] = event.reliability
        case e.SourceRelated() | e.SourceUnrelated() | e.SourceJudged():
            pass
        case _:
            assert_never(event)
    return state
