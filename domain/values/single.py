"""The values that stand for themselves: ids, kinds of text, moments, numbers and units; and what all values are."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationInfo

from domain.units import check_unit
from domain.zones import zone_of


class Frozen(BaseModel):
    """A value: compared by content, never changed, and unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="null")


def _resolved(kind: str | None, value: Any, info: ValidationInfo) -> Any:
    """Let an importer put names in place of ids: the validation context's `names` turns (kind, name) into a UUID."""
    names: Callable[[str, str], UUID] | None = info.context.get("names") if info.context else None
    return names(kind, value) if names is not None and kind is not None and isinstance(value, str) else value


def _named(kind: str) -> BeforeValidator:
    def resolve(value: Any, info: ValidationInfo) -> Any:
        return _resolved(kind, value, info)

    return BeforeValidator(resolve)


def _named_by_kind(value: Any, info: ValidationInfo) -> Any:
    return _resolved(info.data.get("kind"), value, info)


IncidentId = Annotated[UUID, _named("incident")]
SourceId = Annotated[UUID, _named("source")]
AccountId = Annotated[UUID, _named("account")]
SubjectId = UUID
ReportId = Annotated[UUID, _named("report")]
ClaimId = Annotated[UUID, _named("claim")]
FigureId = Annotated[UUID, _named("figure")]
EvidenceId = Annotated[UUID, _named("evidence")]
StanceId = Annotated[UUID, _named("stance")]
NoteId = Annotated[UUID, _named("note")]
TaskId = Annotated[UUID, _named("task")]
BulletinId = Annotated[UUID, _named("bulletin")]
AnyId = Annotated[UUID, BeforeValidator(_named_by_kind)]
"""The id of a thing whose kind the field `kind` before it tells."""
KeyId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{12}$")]

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
FullText = Annotated[str, StringConstraints(max_length=60_000, pattern=_PRINTABLE)]
Sealed = Annotated[str, StringConstraints(max_length=56_000, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]
"""A passage as it is sealed: base64 (RFC 4648 section 4) of what `service/vault` makes of it."""
PassageNumber = Annotated[int, Field(ge=1, lt=10**9, strict=True)]
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


def _zone(text: str) -> str:
    zone_of(text)
    return text


Zone = Annotated[str, StringConstraints(max_length=60), AfterValidator(_zone)]
"""A time zone: of the IANA database, as `Europe/Kyiv`, or an offset, as `+03:00`."""

Number = Annotated[int, Field(strict=True)] | Annotated[float, Field(strict=True)]
"""A number as it was given: neither text nor true or false is read as one."""


def _unit(text: str) -> str:
    check_unit(text)
    return text


Unit = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(_unit)]
"""A unit as pint reads it: `km`, `mile`, `km**2`; `1` for counts."""
