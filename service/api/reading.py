"""The routes that read incidents and claims, now or at any moment.

Law: a read tells its position; what is asked for the past is answered from the same rows as now.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from pydantic import AfterValidator
from sqlalchemy import Connection

from domain import values as v
from projections.views import claims, incidents
from projections.views.claims import ClaimView
from projections.views.incidents import IncidentView
from service.access import Caller
from service.api import claimreview
from service.api.callers import Reader
from service.api.lists import ROWS, Asked, answer, form_of
from service.api.media import (
    CLAIM_REVIEW,
    GEOJSON,
    JSON,
    Form,
    offering,
)
from service.api.moments import Moment, reading, shown, views_of
from service.api.naming import ClaimName, id_of
from service.api.paging import Key, Listing, Page, Paged
from service.api.problems import Fault
from service.api.reads import ReadRoute

router = APIRouter(prefix="/api/v1", route_class=ReadRoute)
PLACED = (*ROWS, GEOJSON)
AtIncidents = Annotated[Moment, Depends(reading("incidents"))]
AtClaims = Annotated[Moment, Depends(reading("incidents", "claims"))]
AtReviews = Annotated[Moment, Depends(reading("incidents", "claims", "reports", "sources"))]


async def _in_its_form(request: Request, at: AtClaims) -> Moment:
    if request.state.form is CLAIM_REVIEW:
        await shown(request, at.position, "reports", "sources")
    return at


AtClaim = Annotated[Moment, Depends(_in_its_form)]
"""A claim as JSON is read from fewer views than as a ClaimReview."""


def mount(app: FastAPI) -> None:
    """Add the routes that read."""
    app.include_router(router)


def connection_of(request: Request) -> Iterator[Connection]:
    """Give a connection to the views, from one unchanging picture, until the answer is made."""
    with views_of(request).connect() as connection:
        yield connection


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("no NUL in a text")
    return text


Views = Annotated[Connection, Depends(connection_of, scope="function")]
"""Let go before the answer is sent: a client that reads slowly, or a download, holds none."""
Name = Annotated[str, Path(max_length=60, description="Id of the incident, or its short id", examples=["INC-Q6V7NE"])]
ClaimId = Annotated[ClaimName, Path(description="Id of the claim, or its short id", examples=["INC-Q6V7NE-8"])]
FilterText = Annotated[str, AfterValidator(_no_nul)]
Text = Annotated[FilterText | None, Query(min_length=1, max_length=200)]
Words = Annotated[FilterText | None, Query(min_length=1, max_length=200, description="Only what holds this text")]


def suffix_of(*forms: Form) -> Any:
    """Return the type of a suffix in a path, which names these forms."""
    values = [form.suffix for form in forms]
    return Annotated[str, Path(description="The form of the download", json_schema_extra={"enum": values})]


def incident_of(caller: Caller, connection: Connection, at: Moment, name: str) -> IncidentView:
    """Return the incident that a path names, or raise 404; 403 where the caller may not read it."""
    found = incidents.get_incident(connection, at.position, name)
    if found is None:
        raise at.unknown(f"incident {name}")
    if not caller.may_read(UUID(found.incident)):
        raise Fault(403, "NotAllowed", f"your roles do not cover incident {found.short_id}")
    return found


def check_all(caller: Caller) -> None:
    """Raise 403 unless the caller may read across incidents."""
    if not caller.may_read(None):
        raise Fault(403, "NotAllowed", "your roles cover single incidents: read within one of them")


def check_incident(caller: Caller, incident: UUID | None) -> None:
    """Raise 403 where the caller may not read the incident that a filter names."""
    if incident is not None and not caller.may_read(incident):
        raise Fault(403, "NotAllowed", f"your roles do not cover incident {incident}")


@dataclass(frozen=True)
class IncidentFilter:
    """Which incidents."""

    state: Literal["open", "closed"] | None = None
    country: Text = None
    tag: Text = None
    q: Words = None


def _incidents(wanted: IncidentFilter, caller: Caller, at: Moment) -> Asked[IncidentView]:
    within = caller.within()

    def read(connection: Connection, limit: int, after: Key | None) -> list[IncidentView]:
        asked = {"state": wanted.state, "country": wanted.country, "tag": wanted.tag, "q": wanted.q}
        return incidents.list_incidents(connection, at.position, **asked, within=within, limit=limit, after=after)

    seen_by = None if within is None else sorted(within)
    return Asked("incidents", IncidentView, read, incidents.page_key, seen_by)


IncidentsWanted = Annotated[IncidentFilter, Depends()]


@router.get("/incidents", operation_id="list_incidents", tags=["incident"], response_model=Listing[IncidentView])
@offering(*PLACED)
def list_incidents(
    request: Request,
    response: Response,
    caller: Reader,
    at: AtIncidents,
    page: Paged,
    connection: Views,
    wanted: IncidentsWanted,
) -> Any:
    """List the incidents that you may read, the one that changed last first."""
    return _answer_incidents(request.state.form, request, response, caller, at, page, connection, wanted)


@router.get(
    "/incidents.{suffix}",
    operation_id="download_incidents",
    tags=["incident"],
    response_model=Listing[IncidentView],
)
@offering(*PLACED, by_suffix=True)
def download_incidents(
    request: Request,
    response: Response,
    caller: Reader,
    at: AtIncidents,
    page: Paged,
    connection: Views,
    wanted: IncidentsWanted,
    suffix: suffix_of(*PLACED),  # type: ignore[valid-type]  # made from the forms
) -> Any:
    """Download the incidents that you may read."""
    form = form_of(suffix, *PLACED)
    return _answer_incidents(form, request, response, caller, at, page, connection, wanted)


def _answer_incidents(
    form: Form,
    request: Request,
    response: Response,
    caller: Caller,
    at: Moment,
    page: Page,
    connection: Connection,
    wanted: IncidentFilter,
) -> Any:
    page.fitting(int)
    asked, seen = _incidents(wanted, caller, at), at.seen_by(caller)
    return answer(asked, form, request, response, seen, page, connection)


@router.get("/incidents/{incident}", operation_id="get_incident", tags=["incident"])
def get_incident(
    request: Request, response: Response, caller: Reader, at: AtIncidents, connection: Views, incident: Name
) -> IncidentView:
    """Read one incident with its brief. Its ETag is its version: send it as If-Match with a change."""
    found = incident_of(caller, connection, at, incident)
    at.describe(request, response, f'"{found.version}"')
    return found


@dataclass(frozen=True)
class ClaimFilter:
    """Which claims."""

    record_state: Annotated[list[v.RecordState] | None, Query()] = None
    assessment: v.Assessment | None = None
    group: claims.Group | None = None
    kind: v.ClaimKind | None = None
    figure: UUID | None = None
    source: Annotated[UUID | None, Query(description="Only claims with this source in their chain")] = None
    reference: Text = None
    q: Words = None

    def values(self) -> dict[str, Any]:
        """Return the filters as the view takes them."""
        ids = {"figure": self.figure, "source": self.source}
        given = {"record_state": self.record_state, "assessment": self.assessment, "group": self.group}
        named = {name: str(value) if value is not None else None for name, value in ids.items()}
        return {**given, **named, "kind": self.kind, "reference": self.reference, "q": self.q}


ClaimsWanted = Annotated[ClaimFilter, Depends()]


def _claims(wanted: ClaimFilter, incident: IncidentView, at: Moment) -> Asked[ClaimView]:
    def read(connection: Connection, limit: int, after: Key | None) -> list[ClaimView]:
        filters = {**wanted.values(), "incident": incident.incident}
        return claims.list_claims(connection, at.position, **filters, limit=limit, after=after)

    return Asked("claims", ClaimView, read, claims.page_key)


@router.get(
    "/incidents/{incident}/claims", operation_id="list_claims", tags=["claim"], response_model=Listing[ClaimView]
)
@offering(*PLACED)
def list_claims(
    request: Request,
    response: Response,
    caller: Reader,
    at: AtClaims,
    page: Paged,
    connection: Views,
    incident: Name,
    wanted: ClaimsWanted,
) -> Any:
    """List the claims of an incident in the order they were made, with their standing."""
    page.fitting(str, int)
    asked = _claims(wanted, incident_of(caller, connection, at, incident), at)
    return answer(asked, request.state.form, request, response, at, page, connection)


@router.get(
    "/incidents/{incident}/claims.{suffix}",
    operation_id="download_claims",
    tags=["claim"],
    response_model=Listing[ClaimView],
)
@offering(*PLACED, by_suffix=True)
def download_claims(
    request: Request,
    response: Response,
    caller: Reader,
    at: AtClaims,
    page: Paged,
    connection: Views,
    incident: Name,
    wanted: ClaimsWanted,
    suffix: suffix_of(*PLACED),  # type: ignore[valid-type]  # made from the forms
) -> Any:
    """Download the claims of an incident."""
    page.fitting(str, int)
    form = form_of(suffix, *PLACED)
    asked = _claims(wanted, incident_of(caller, connection, at, incident), at)
    return answer(asked, form, request, response, at, page, connection)


def claim_of(connection: Connection, at: Moment, incident: IncidentView, claim: UUID | str) -> ClaimView:
    """Return a claim of an incident, by its id or short id, or raise 404."""
    found = claims.get_claim(connection, at.position, str(id_of(connection, at, claim)))
    if found is None or found.incident != incident.incident:
        raise at.unknown(f"claim {claim} in {incident.short_id}")
    return found


@router.get(
    "/incidents/{incident}/claims/{claim}.claimreview.jsonld",
    operation_id="get_claim_review",
    tags=["claim"],
    response_class=Response,
)
@offering(CLAIM_REVIEW, by_suffix=True)
def get_claim_review(
    request: Request, caller: Reader, at: AtReviews, connection: Views, incident: Name, claim: ClaimId
) -> Response:
    """Read what the desk holds of a claim as a schema.org ClaimReview, once it has assessed it."""
    return _review(
        request, at, connection, claim_of(connection, at, incident_of(caller, connection, at, incident), claim)
    )


def _review(request: Request, at: Moment, connection: Connection, claim: ClaimView) -> Response:
    review = claimreview.review_of(request, connection, at.position, claim)
    response = Response(review, media_type=CLAIM_REVIEW.media_type)
    at.describe(request, response)
    return response


@router.get("/incidents/{incident}/claims/{claim}", operation_id="get_claim", tags=["claim"], response_model=ClaimView)
@offering(JSON, CLAIM_REVIEW)
def get_claim(
    request: Request,
    response: Response,
    caller: Reader,
    at: AtClaim,
    connection: Views,
    incident: Name,
    claim: ClaimId,
) -> Any:
    """Read one claim with its standing. Its ETag begins with the incident's version, and may be sent as If-Match."""
    held = incident_of(caller, connection, at, incident)
    found = claim_of(connection, at, held, claim)
    if request.state.form is CLAIM_REVIEW:
        return _review(request, at, connection, found)
    at.describe(request, response)
    request.state.version = held.version
    return found
