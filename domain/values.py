"""The desk's vocabulary: every coded value and every small thing that an event carries.

Law: a value that is not valid cannot be constructed. What the record as a whole forbids is in the rules
(`incident.py`, `source.py`, `account.py`), not here.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)

from domain import edtf
from domain.units import check_unit

# --- ids ---------------------------------------------------------------------------------------------------------


def _named(kind: str) -> BeforeValidator:
    """Let an importer put names in place of ids: the validation context's `names` turns (kind, name) into a UUID."""

    def resolve(value: Any, info: ValidationInfo) -> Any:
        names: Callable[[str, str], UUID] | None = (info.context or {}).get("names") if info.context else None
        return names(kind, value) if names is not None and isinstance(value, str) else value

    return BeforeValidator(resolve)


IncidentId = Annotated[UUID, _named("incident")]
SourceId = Annotated[UUID, _named("source")]
AccountId = Annotated[UUID, _named("account")]
ReportId = Annotated[UUID, _named("report")]
ClaimId = Annotated[UUID, _named("claim")]
FigureId = Annotated[UUID, _named("figure")]
EvidenceId = Annotated[UUID, _named("evidence")]
StanceId = Annotated[UUID, _named("stance")]
NoteId = Annotated[UUID, _named("note")]
TaskId = Annotated[UUID, _named("task")]
BulletinId = Annotated[UUID, _named("bulletin")]
KeyId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{12}$")]

# --- text --------------------------------------------------------------------------------------------------------

_PRINTABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
Line = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"),
]
Prose = Annotated[str, StringConstraints(max_length=20_000, pattern=_PRINTABLE)]
Words = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=20_000,
        pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$",
    ),
]
FullText = Annotated[str, StringConstraints(max_length=200_000, pattern=_PRINTABLE)]
Url = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^https?://[^\s\x00-\x1f]+$")]
Hash = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
MediaType = Annotated[str, StringConstraints(max_length=120, pattern=r"^[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+$")]
Language = Annotated[str, StringConstraints(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^\s,\x00-\x1f\x7f][^,\x00-\x1f\x7f]*$")]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs its zone: write 2024-08-08T09:00:00Z or 2024-08-08T12:00:00+03:00")
    try:
        return value.astimezone(UTC)
    except OverflowError as problem:
        raise ValueError("the time is outside the years 1 to 9999 in UTC") from problem


Moment = Annotated[datetime, AfterValidator(_aware)]
"""A point in time, kept in UTC with microseconds (RFC 3339)."""


# --- codes -------------------------------------------------------------------------------------------------------

RecordState = Literal["standing", "corrected", "superseded", "withdrawn_by_source", "retracted_by_desk"]
Assessment = Literal[
    "unassessed",
    "unverified",
    "unverifiable",
    "contested",
    "likely",
    "confirmed",
    "discounted",
    "false",
    "not_applicable",
]
AssessmentGroup = Literal["unverified", "disputed", "confirmed", "unsupported", "debunked", "none"]
GROUP_OF: dict[Assessment, AssessmentGroup] = {
    "unassessed": "unverified",
    "unverified": "unverified",
    "unverifiable": "unverified",
    "contested": "disputed",
    "likely": "confirmed",
    "confirmed": "confirmed",
    "discounted": "unsupported",
    "false": "debunked",
    "not_applicable": "none",
}
Reliability = Literal["A", "B", "C", "D", "E", "F"]
"""Admiralty code, source reliability: A completely reliable .. E unreliable, F cannot be judged."""
Credibility = Annotated[int, Field(ge=1, le=6)]
"""Admiralty code, information credibility: 1 confirmed by other sources .. 5 improbable, 6 cannot be judged."""
StanceKind = Literal["repeats", "confirms", "disputes", "denies", "declines_to_confirm", "concedes"]
Relation = Literal["same", "different", "contradicts", "supports", "refines", "updates", "part_of", "responds_to"]
Judgement = Literal["positive", "unsure"]
ClaimKind = Literal[
    "advance",
    "control",
    "strike",
    "casualties",
    "losses",
    "deployment",
    "surrender",
    "official_position",
    "order",
    "motive",
    "responsibility",
    "media_content",
    "background",
    "other",
]
VerbGroup = Literal[
    "neutral", "relaying", "judging", "unproven", "showing", "conceding", "contesting", "retreating", "none"
]
Connection = Literal["witness", "party", "third_party", "victim", "relative", "official", "unknown"]
Bound = Literal[
    "exact",
    "about",
    "at_least",
    "more_than",
    "at_most",
    "up_to",
    "fewer_than",
    "between",
    "dozens",
    "hundreds",
]
PlacePrecision = Literal[
    "exact", "vicinity", "locality", "near", "district", "region", "feature", "country", "sea_or_air"
]
MediaRating = Literal[
    "original",
    "decontextualized",
    "edited_or_cropped",
    "transformed",
    "staged",
    "satire_or_parody",
    "synthetic",
    "undetermined",
]
Method = Literal[
    "geolocation",
    "chronolocation",
    "reverse_image_search",
    "metadata",
    "comparison",
    "expert",
    "interview",
]
Finding = Literal["verified", "rejected", "inconclusive"]
EvidenceKind = Literal["video", "photo", "audio", "document", "satellite_image", "dataset", "web_page", "other"]
EvidenceRole = Literal["evidentiary", "working"]
ArchiveState = Literal["pending", "complete", "error"]
Harm = Literal["none", "personal_information", "graphic"]
ReportChange = Literal["correction", "clarification", "update", "editors_note", "silent_edit", "corrective"]
ReportPull = Literal["hold", "kill", "takedown", "deleted", "unavailable"]
DeskSlip = Literal["transcription", "translation", "attribution", "geolocation", "figure", "duplicate"]
DeskRetraction = Literal["fabricated", "misattributed", "decontextualized_media", "safety", "legal", "error"]
BulletinState = Literal["usable", "withheld", "canceled"]
Marking = Literal["clear", "green", "amber", "amber+strict", "red"]
"""Traffic Light Protocol 2.0 (FIRST)."""
Disposition = Literal["settled", "unverifiable", "duplicate", "out_of_scope"]
IncidentRelation = Literal["part_of", "caused_by", "related_to", "same"]
ReceivedHow = Literal["web", "broadcast", "call", "message", "email", "print", "in_person", "feed", "other"]
SourceKind = Literal[
    "official",
    "armed_force",
    "agency",
    "outlet",
    "monitor",
    "milblogger",
    "social_account",
    "witness",
    "ngo",
    "desk",
    "anonymous",
]
SourceRelation = Literal["same_operator", "relies_on", "spokesperson_of"]
Sameness = Literal["same", "different"]
AccountKind = Literal["person", "machine"]
Role = Literal["reporter", "verifier", "editor", "auditor", "admin"]
By = Literal["source", "desk"]
SubjectKind = Literal["incident", "report", "claim", "figure", "evidence", "bulletin"]


class Frozen(BaseModel):
    """A value: compared by content, never changed, and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="null")


class Translation(Frozen):
    """A wording in another language, by a named translator."""

    text: Prose
    language: Language
    translator: Line


class Wording(Frozen):
    """Exact words as they were said, with their language (BCP 47) and translations."""

    text: Words
    language: Language = "und"
    translations: tuple[Translation, ...] = Field(default=(), max_length=20)


class Attribution(Frozen):
    """Who said it and through whom: claimant, the chain between, and the words that attribute it.

    `claimant` empty means unattributed. `through` runs from the claimant's nearest relay to the publisher, nearest
    last. `verb` and `hedge` are as printed; `verb_group` follows house lists of attribution verbs.
    """

    claimant: SourceId | None = None
    through: tuple[SourceId, ...] = Field(default=(), max_length=20)
    verb: Line | None = None
    verb_group: VerbGroup = "none"
    hedge: Line | None = None
    connection: Connection = "unknown"

    def chain(self) -> tuple[UUID, ...]:
        """Return the sources from claimant to the nearest relay, in order."""
        return ((self.claimant,) if self.claimant else ()) + self.through


Number = Annotated[int, Field(strict=True)] | Annotated[float, Field(strict=True)]
"""A number as it was given: neither text nor true or false is read as one."""


def _unit(text: str) -> str:
    check_unit(text)
    return text


Unit = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(_unit)]
"""A unit as pint reads it: `km`, `mile`, `km**2`; `1` for counts."""


class Estimate(Frozen):
    """A spread in one unit: any of low, best and high, in that order (UCDP)."""

    low: Number | None = None
    best: Number | None = None
    high: Number | None = None
    unit: Unit = "1"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        given = [value for value in (self.low, self.best, self.high) if value is not None]
        if not given:
            raise ValueError("give at least one of low, best and high")
        if given != sorted(given):
            raise ValueError("low, best and high must not decrease")
        if any(abs(value) > 1e15 for value in given):
            raise ValueError("figures above 1e15 cannot be kept exactly")
        return self


class Quantity(Estimate):
    """What a claim says of a figure: the spread, its bound and the words it came in."""

    figure: FigureId
    bound: Bound
    wording: Line


class Occurred(Frozen):
    """When something is said to have happened: an interval with a precision, and the wording it came from (EDTF).

    Give `earliest`/`latest`, or `edtf` alone: the interval is then read from it, and the text is kept as given.
    """

    earliest: Moment | None = None
    latest: Moment | None = None
    precision: edtf.Precision = "unknown"
    approximate: bool = False
    inferred: bool = False
    zone: Annotated[str, StringConstraints(max_length=60, pattern=r"^[A-Za-z0-9_+/:-]+$")] | None = None
    wording: Line | None = None
    edtf: Annotated[str, StringConstraints(min_length=4, max_length=80)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_edtf(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("edtf"), str):
            return data
        if data.get("earliest") is not None or data.get("latest") is not None:
            return data
        span = edtf.parse(data["edtf"])
        read = {"earliest": span.earliest, "latest": span.latest, "precision": span.precision}
        return {**read, "approximate": span.approximate, "inferred": span.uncertain, **data}

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.earliest and self.latest and self.latest < self.earliest:
            raise ValueError("latest must not be before earliest")
        return self


_RADIUS: dict[PlacePrecision, int] = {"exact": 10, "vicinity": 100, "locality": 1_000, "near": 25_000}


class Place(Frozen):
    """Where, and how exactly: a WGS 84 point (longitude, latitude, degrees) with a radius in metres."""

    name: Line
    country: Country | None = None
    region: Line | None = None
    point: tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]] | None = None
    radius_m: Annotated[float, Field(gt=0, le=20_040_000)] | None = None
    precision: PlacePrecision = "region"
    wording: Line | None = None

    def uncertainty_m(self) -> float | None:
        """Return the radius in metres: the one given, or the one that the precision stands for."""
        return self.radius_m if self.radius_m is not None else _RADIUS.get(self.precision)


class Archive(Frozen):
    """A copy kept elsewhere. A job that saved nothing is an `error`, not a success."""

    url: Url | None = None
    hash: Hash | None = None
    state: ArchiveState = "pending"

    @model_validator(mode="after")
    def _complete_means_saved(self) -> Self:
        if self.state == "complete" and not (self.url or self.hash):
            raise ValueError("a complete archive names its url or hash")
        return self


class Subject(Frozen):
    """What a note or task is about."""

    kind: SubjectKind
    id: UUID


class LeftOut(Frozen):
    """A claim that an adopted figure does not rest on, and why."""

    claim: ClaimId
    why: Line


class Citation(Frozen):
    """A claim as it was read at a position of the log."""

    claim: ClaimId
    position: Annotated[int, Field(ge=1)]


class Cite(Frozen):
    """A wish to cite a claim: at a position, or as it stands now where none is given."""

    claim: ClaimId
    position: Annotated[int, Field(ge=1)] | None = None


# --- contents: the fields that a command brings, an event keeps and a state holds ----------------------------------


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


class ClaimChanges(Frozen):
    """The fields of a claim that a correction replaces; `fields` names them, so that a value can be removed."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})
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
    parties: tuple[Line, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_the_fields(cls, data: Any) -> Any:
        return data if not isinstance(data, dict) or "fields" in data else {**data, "fields": tuple(data)}

    @model_validator(mode="after")
    def _removable(self) -> Self:
        if len(set(self.fields)) != len(self.fields):
            raise ValueError("fields names a field twice")
        for name in ("report", "wording", "kind", "attribution", "parties"):
            if name in self.fields and getattr(self, name) is None:
                raise ValueError(f"{name} can be replaced, not removed")
        for name in type(self).model_fields.keys() - {"fields"} - set(self.fields):
            if getattr(self, name) is not None:
                raise ValueError(f"{name} is given but not named in fields")
        return self


class IncidentChanges(Frozen):
    """What a description changes of an incident; `fields` names the parts, so that a value can be removed."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})
    fields: tuple[Literal["title", "summary", "place", "occurred", "tags", "marking"], ...] = Field(
        default=(), min_length=1, max_length=6
    )
    title: Line | None = None
    summary: Prose | None = None
    place: Place | None = None
    occurred: Occurred | None = None
    tags: tuple[Tag, ...] | None = None
    marking: Marking | None = None

    @model_validator(mode="before")
    @classmethod
    def _name_the_fields(cls, data: Any) -> Any:
        return data if not isinstance(data, dict) or "fields" in data else {**data, "fields": tuple(data)}

    @model_validator(mode="after")
    def _removable(self) -> Self:
        for name in ("title", "summary", "tags", "marking"):
            if name in self.fields and getattr(self, name) is None:
                raise ValueError(f"{name} can be replaced, not removed")
        return self


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
