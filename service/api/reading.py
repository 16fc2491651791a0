"""The routes that read incidents and claims, now or at any moment.

Law: a read tells its position; what is asked for the past is answered from the same rows as now.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from fastapi.concurrency import contextmanager_in_threadpool
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
from service.api.paging import Key, Listing, Paged
from service.api.problems import Fault
from service.api.reads import ReadRoute
from service.api.waiting import Readers

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


async def connection_of(request: Request) -> AsyncIterator[Connection]:
    """Give a connection to the views until the answer is made; at a position it shows one unchanging picture."""
    readers: Readers = request.app.state.readers
    async with readers.place(), contextmanager_in_threadpool(views_of(request).connect()) as connection:
        yield connection


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("no NUL in a text")
    return text


Views = Annotated[Connection, Depends(connection_of, scope="function")]
"""Let go before the answer is sent: a client that reads slowly, or a download, holds none."""
Name = Annotated[str, Path(max_length=60, description="Id of the incident, or its short id", examples=["INC-Q6V7NE"])]
ClaimId = Annotated[ClaimName, Path(description="Id of the claim, or its short id", examples=["INC-Q6V7NE-8"])]
Answering = Callable[[Form, Request, Response, Connection], Any]
"""How a list is answered in a form, once its parameters are known."""
FilterText = Annotated[str, AfterValidator(_no_nul)]
Text = Annotated[FilterText | None, Query(min_length=1, max_length=200)]
Words = Annotated[FilterText | None, Query(min_length=1, max_length=200, description="Only what holds this text")]


def suffix_of(*forms: Form) -> Any:
    """Return the type of a suffix in a path, which names these forms."""
    values = [form.suffix for form in forms]
    return Annotated[str, Path(description="The form of the download", json_schema_extra={"enum": values})]


def add_list(
    router: APIRouter,
    path: str,
    asking: Callable[..., Awaitable[Answering]],
    model: Any,
    forms: tuple[Form, ...],
    *,
    tag: str,
    summary: str,
) -> None:
    """Add a list and its download. `asking` is the dependency that takes their parameters, and tells how to answer.

    It comes before the connection: it may wait.
    """
    name = path.rpartition("/")[2]

    @router.get(path, operation_id=f"list_{name}", tags=[tag], summary=f"List {summary}", response_model=model)
    @offering(*forms)
    def listed(
        request: Request, response: Response, answering: Annotated[Answering, Depends(asking)], connection: Views
    ) -> Any:
        return answering(request.state.form, request, response, connection)

    @router.get(
        f"{path}.{{suffix}}",
        operation_id=f"download_{name}",
        tags=[tag],
        summary=f"Download {summary}",
        response_model=model,
    )
    @offering(*forms, by_suffix=True)
    def downloaded(
        request: Request,
        response: Response,
        answering: Annotated[Answering, Depends(asking)],
        connection: Views,
        suffix: suffix_of(*forms),  # type: ignore[valid-type]  # made from the forms
    ) -> Any:
        return answering(form_of(suffix, *forms), request, response, connection)


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


IncidentsWanted = Annotated[IncidentFilter, Depends()]


async def _incidents(caller: Reader, at: AtIncidents, page: Paged, wanted: IncidentsWanted) -> Answering:
    page.fitting(int)
    within = caller.within()

    def read(connection: Connection, limit: int, after: Key | None) -> list[IncidentView]:
        asked = {"state": wanted.state, "country": wanted.country, "tag": wanted.tag, "q": wanted.q}
        return incidents.list_incidents(connection, at.position, **asked, within=within, limit=limit, after=after)

    seen_by = None if within is None else sorted(within)
    asked = Asked("incidents", IncidentView, read, incidents.page_key, seen_by)
    return lambda form, *sent: answer(asked, form, *sent, at=at.seen_by(caller), page=page)


add_list(
    router,
    "/incidents",
    _incidents,
    Listing[IncidentView],
    PLACED,
    tag="incident",
    summary="the incidents that you may read, the one that changed last first",
)


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


async def _claims(caller: Reader, at: AtClaims, page: Paged, incident: Name, wanted: ClaimsWanted) -> Answering:
    page.fitting(str, int)

    def answered(form: Form, request: Request, response: Response, connection: Connection) -> Any:
        filters = {**wanted.values(), "incident": incident_of(caller, connection, at, incident).incident}

        def read(connection: Connection, limit: int, after: Key | None) -> list[ClaimView]:
            return claims.list_claims(connection, at.position, **filters, limit=limit, after=after)

        asked = Asked("claims", ClaimView, read, claims.page_key)
        return answer(asked, form, request, response, connection, at=at, page=page)

    return answered


add_list(
    router,
    "/incidents/{incident}/claims",
    _claims,
    Listing[ClaimView],
    PLACED,
    tag="claim",
    summary="the claims of an incident in the order they were made, with their standing",
)


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
