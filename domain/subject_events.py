"""What may happen to what is sealed of a person: passages are sealed, disclosed to somebody, and one day erased.

Law: no event carries a passage in the clear, nor a key. What is said beside it (a reason, by whose order) is in the
clear for ever.
"""

from typing import ClassVar

from pydantic import Field

from domain import values as v
from domain.event import SubjectEvent
from domain.seals import seal_of


class _Owed(SubjectEvent):
    """A subject event for which a reason is owed."""

    REASON_OWED: ClassVar[bool] = True


class SubjectSealed(SubjectEvent):
    """A passage about a person was sealed: encrypted under that person's key, which is kept outside the record.

    `number` counts the passages of the person. What is in the record's texts in its place is the seal:
    ⟦S-7F3K12QX-1⟧.
    """

    NAME = "subject.sealed.v1"
    subject: v.SubjectId
    short_id: v.Line
    number: int = Field(ge=1)
    incident: v.IncidentId | None = None
    sealed: v.Sealed

    @property
    def seal(self) -> str:
        """Return what stands in a text in place of the passage."""
        return seal_of(self.short_id, self.number)


class SubjectDisclosed(_Owed):
    """Passages were disclosed to the account that asked, in the clear; `passages` are their numbers."""

    NAME = "subject.disclosed.v1"
    passages: tuple[int, ...]


class SubjectErased(_Owed):
    """The person's key was destroyed, by whose order and on what legal ground: no passage can be read any more."""

    NAME = "subject.erased.v1"
    ordered_by: v.Line
    ground: v.ErasureGround


SubjectEvents = SubjectSealed | SubjectDisclosed | SubjectErased
