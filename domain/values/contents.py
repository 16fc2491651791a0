"""The contents: the fields that a command brings, an event keeps and a state holds."""

from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, model_validator

from domain.codes import BulletinState, ClaimKind, EvidenceKind, EvidenceRole, Harm, Marking, ReceivedHow, SourceKind
from domain.values.composed import Archive, Attribution, Occurred, Place, Quantity, Wording
from domain.values.single import (
    ClaimId,
    Country,
    Frozen,
    FullText,
    Hash,
    Language,
    Line,
    MediaType,
    Moment,
    Prose,
    Reference,
    ReportId,
    SourceId,
    Tag,
    Unit,
    Url,
)

C = TypeVar("C", bound=Frozen)


class IncidentContent(Frozen):
    """How an incident is described."""

    title: Line
    summary: Prose = ""
    place: Place | None = None
    occurred: Occurred | None = None
    tags: tuple[Tag, ...] = Field(default=(), max_length=50)
    marking: Marking = "clear"


class FigureContent(Frozen):
    """A quantity that claims disagree about: what is counted, in which unit, since when, of whom."""

    label: Line
    unit: Unit = "1"
    counting_rule: Prose = ""
    of_whom: Line | None = None


class ReportContent(Frozen):
    """One publication of a source at a moment, as the desk holds it."""

    source: SourceId
    title: Line
    byline: Line | None = None
    url: Url | None = None
    published: Moment | None = None
    retrieved: Moment | None = None
    language: Language = "und"
    text: FullText | None = None
    excerpt: Prose | None = None
    hash: Hash | None = None
    archive: Archive | None = None
    received: ReceivedHow = "web"
    seen: bool = True
    reference: Reference | None = None


class ClaimContent(Frozen):
    """One assertion about the world in a report, in its exact words."""

    report: ReportId
    wording: Wording
    kind: ClaimKind = "other"
    attribution: Attribution = Attribution()
    occurred: Occurred | None = None
    place: Place | None = None
    quantity: Quantity | None = None
    parties: tuple[Line, ...] = Field(default=(), max_length=20)
    reference: Reference | None = None


class Changes(Frozen):
    """What is replaced; `fields` names the parts, so that a value can be removed, which an absent one could not say."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})
    REMOVABLE: ClassVar[frozenset[str]]
    fields: tuple[str, ...]

    @model_validator(mode="before")
    @classmethod
    def _name_the_fields(cls, data: Any) -> Any:
        return data if not isinstance(data, dict) or "fields" in data else {**data, "fields": tuple(data)}

    @model_validator(mode="after")
    def _fields_are_what_is_given(self) -> Self:
        if len(set(self.fields)) != len(self.fields):
            raise ValueError("fields names a field twice")
        for name in type(self).model_fields.keys() - {"fields"}:
            given, named = getattr(self, name) is not None, name in self.fields
            if named and not given and name not in self.REMOVABLE:
                raise ValueError(f"{name} can be replaced, not removed")
            if given and not named:
                raise ValueError(f"{name} is given but not named in fields")
        return self

    def found_in(self, content: Frozen) -> Self:
        """Return the same fields as the content holds them: what was, before the change."""
        return self.model_copy(update={name: getattr(content, name) for name in self.fields})

    def applied_to(self, content: C) -> C:
        """Return the content with these fields replaced."""
        return content.model_copy(update={name: getattr(self, name) for name in self.fields})


class ClaimChanges(Changes):
    """The fields of a claim that a correction replaces."""

    REMOVABLE = frozenset({"occurred", "place", "quantity"})
    fields: tuple[
        Literal["report", "wording", "kind", "attribution", "occurred", "place", "quantity", "parties"], ...
    ] = Field(default=(), min_length=1, max_length=8)
    report: ReportId | None = None
    wording: Wording | None = None
    kind: ClaimKind | None = None
    attribution: Attribution | None = None
    occurred: Occurred | None = None
    place: Place | None = None
    quantity: Quantity | None = None
    parties: tuple[Line, ...] | None = Field(default=None, max_length=20)


class IncidentChanges(Changes):
    """The fields of an incident that a description replaces."""

    REMOVABLE = frozenset({"place", "occurred"})
    fields: tuple[Literal["title", "summary", "place", "occurred", "tags", "marking"], ...] = Field(
        default=(), min_length=1, max_length=6
    )
    title: Line | None = None
    summary: Prose | None = None
    place: Place | None = None
    occurred: Occurred | None = None
    tags: tuple[Tag, ...] | None = Field(default=None, max_length=50)
    marking: Marking | None = None


class EvidenceContent(Frozen):
    """Media or a document, by hash, for or against claims, and how it was come by."""

    supports: tuple[ClaimId, ...] = Field(default=(), max_length=200)
    against: tuple[ClaimId, ...] = Field(default=(), max_length=200)
    kind: EvidenceKind
    hash: Hash
    media_type: MediaType = "application/octet-stream"
    size: Annotated[int, Field(ge=0, lt=2**53, strict=True)] | None = None
    url: Url | None = None
    archive: Archive | None = None
    captured: Occurred | None = None
    place: Place | None = None
    obtained_by: Line | None = None
    obtained_from: Line | None = None
    obtained_how: Prose = ""
    role: EvidenceRole = "working"
    harm: Harm = "none"
    reference: Reference | None = None


class BulletinContent(Frozen):
    """What the desk published."""

    title: Line
    text: FullText
    language: Language = "en"
    url: Url | None = None
    state: BulletinState = "usable"


class SourceContent(Frozen):
    """Somebody or something that says things, across incidents."""

    name: Line
    kind: SourceKind
    affiliation: Line | None = None
    party: Line | None = None
    country: Country | None = None
    languages: tuple[Language, ...] = Field(default=(), max_length=20)
    handles: tuple[Line, ...] = Field(default=(), max_length=50)
    description: Prose = ""
