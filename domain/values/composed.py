"""The values that are made of others: wordings, attributions, quantities, times, places, citations."""

from datetime import UTC, tzinfo
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from domain import edtf
from domain.codes import ArchiveState, Bound, Connection, PlacePrecision, Precision, SubjectKind, VerbGroup
from domain.values.single import (
    AnyId,
    ClaimId,
    Country,
    FigureId,
    Frozen,
    Hash,
    Language,
    Line,
    Moment,
    Number,
    SourceId,
    Unit,
    Url,
    Words,
    Zone,
)
from domain.zones import zone_of


class Translation(Frozen):
    """A wording in another language, by a named translator."""

    text: Words
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


class Estimate(Frozen):
    """A spread in one unit: any of low, best and high, in that order (UCDP)."""

    low: Number | None = None
    best: Number | None = None
    high: Number | None = None
    unit: Unit = "1"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        given = self.numbers()
        if not given:
            raise ValueError("give at least one of low, best and high")
        if list(given) != sorted(given):
            raise ValueError("low, best and high must not decrease")
        if any(abs(value) > 1e15 for value in given):
            raise ValueError("figures above 1e15 cannot be kept exactly")
        return self

    def numbers(self) -> tuple[Number, ...]:
        """Return those of low, best and high that are given, in this order."""
        return tuple(number for number in (self.low, self.best, self.high) if number is not None)


class Quantity(Estimate):
    """What a claim says of a figure: the spread, its bound and the words it came in."""

    figure: FigureId
    bound: Bound
    wording: Line


class Occurred(Frozen):
    """When something is said to have happened: an interval with a precision, and the wording it came from (EDTF).

    Give `earliest`/`latest`, or `edtf` alone: the interval is then read from it, in `zone` where it has none of its
    own, and the text is kept as given. Where both are given, the interval lies within what the text says.
    """

    earliest: Moment | None = None
    latest: Moment | None = None
    precision: Precision = "unknown"
    approximate: bool = False
    inferred: bool = False
    zone: Zone | None = None
    wording: Line | None = None
    edtf: Annotated[str, StringConstraints(min_length=4, max_length=80)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_edtf(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("edtf"), str):
            return data
        span, given = edtf.parse(data["edtf"], _tzinfo(data)), {k: x for k, x in data.items() if x is not None}
        marks = {
            "approximate": given.get("approximate") or span.approximate,
            "inferred": given.get("inferred") or span.uncertain,
        }
        if "earliest" in given or "latest" in given:
            return {**data, **marks}
        read = {"earliest": span.earliest, "latest": span.latest, "precision": span.precision}
        return {**read, **given, **marks}

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.earliest and self.latest and self.latest < self.earliest:
            raise ValueError("latest must not be before earliest")
        return self

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.edtf is not None:
            span = edtf.parse(self.edtf, zone_of(self.zone or "UTC"))
            early = span.earliest and (self.earliest is None or self.earliest < span.earliest)
            if early or (span.latest and (self.latest is None or self.latest > span.latest)):
                raise ValueError("earliest and latest lie outside what the EDTF text says: give one or the other")
        return self

    def text(self) -> str | None:
        """Return the EDTF text: the one given, or the one that says the interval; None where nothing is known."""
        return self.edtf or edtf.to_text(
            edtf.Span(self.earliest, self.latest, self.precision, self.approximate, self.inferred),
            zone_of(self.zone or "UTC"),
        )


def _tzinfo(data: dict[str, Any]) -> tzinfo:
    """Return the zone that the raw data names; UTC where it names none, or none that there is: the field says that."""
    try:
        return zone_of(data["zone"]) if isinstance(data.get("zone"), str) else UTC
    except ValueError:
        return UTC


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
    id: AnyId


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
