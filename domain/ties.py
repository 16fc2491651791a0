"""Who is tied to whom, over all sources: folded from the events of every source.

An incident and a source know only their own stream, and a tie stands in the stream of one of its two ends. The ledger
keeps this fold beside the aggregates and hands it to each decision.

Law: `same_operator` and a judgement `same` hold both ways, whichever side recorded them; `relies_on` and
`spokesperson_of` bind only the one that relies or speaks. Of two judgements on a pair, the later one counts.
"""

from dataclasses import dataclass, field
from typing import assert_never
from uuid import UUID

from domain import source_events as e
from domain import values as v

TieEvents = e.SourceRelated | e.SourceUnrelated | e.SourceJudged
BOTH_WAYS: frozenset[v.SourceRelation] = frozenset({"same_operator"})

Tie = tuple[UUID, v.SourceRelation, UUID]
"""A tie as it was recorded: the source in whose stream it stands, the relation, the other source."""


@dataclass(slots=True)
class Ties:
    """The ties that hold, and what was judged of each pair."""

    _ties: dict[UUID, set[Tie]] = field(default_factory=dict)
    _judged: dict[UUID, dict[UUID, v.Sameness]] = field(default_factory=dict)

    def note(self, source: UUID, event: TieEvents) -> None:
        """Take in an event of a source."""
        match event:
            case e.SourceRelated(other=other, relation=relation):
                for end in _bound_ends(source, relation, other):
                    self._ties.setdefault(end, set()).add((source, relation, other))
            case e.SourceUnrelated(other=other, relation=relation):
                for end in _bound_ends(source, relation, other):
                    self._ties.get(end, set()).discard((source, relation, other))
            case e.SourceJudged(other=other, judgement=judgement):
                self._judged.setdefault(source, {})[other] = judgement
                self._judged.setdefault(other, {})[source] = judgement
            case _:
                assert_never(event)

    def recorded_as(self, source: UUID, relation: v.SourceRelation, other: UUID) -> Tie | None:
        """Return the tie that binds a source to another by this relation, as it was recorded, on either side."""
        ties = self._ties.get(source, set())
        return next((tie for tie in ((source, relation, other), (other, relation, source)) if tie in ties), None)

    def judged(self, source: UUID, other: UUID) -> v.Sameness | None:
        """Return what two sources were last judged to be, from either side."""
        return self._judged.get(source, {}).get(other)

    def same_as(self, source: UUID) -> set[UUID]:
        """Return the sources that were judged the same as this one, and still are."""
        return {other for other, judgement in self._judged.get(source, {}).items() if judgement == "same"}

    def bound_to(self, source: UUID) -> set[UUID]:
        """Return the sources that one step binds this source to."""
        ties = self._ties.get(source, ())
        return {other if source == holder else holder for holder, _, other in ties} | self.same_as(source)


def _bound_ends(source: UUID, relation: v.SourceRelation, other: UUID) -> tuple[UUID, ...]:
    return (source, other) if relation in BOTH_WAYS else (source,)
