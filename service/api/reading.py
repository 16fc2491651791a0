"""The routes that read incidents, claims and the change log, now or at any moment.

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
from projections.shapes import text_of
from projections.views import change_log, claims, incidents
from projections.views.change_log import ChangeView
from projections.views.claims import ClaimView
from projections.views.incidents import IncidentView
from service.access import Caller
from service.api import claimreview, feeds
from service.api.callers import Reader
from service.api.lists import Asked, answer, form_of
from service.api.media import (
    ATOM,
    CLAIM_REVIEW,
    CSV,
    GEOJSON,
    JSON,
    JSON_FEED,
    LINK_FORMAT,
    NDJSON,
    NOTHING_TO_CHOOSE,
    Form,
    offering,
)
from service.api.moments import Moment, ledger_of, memento_time, reading, shown, views_of
from service.api.paging import Key, Listing, Page, Paged
from service.api.problems import Fault
from service.api.reads import ReadRoute

router = APIRouter(prefix="/api/v1", route_class=ReadRoute)
ROWS = (JSON, NDJSON, CSV)
PLACED = (*ROWS, GEOJSON)
LOGGED = (*ROWS, ATOM, JSON_FEED)
AtIncidents = Annotated[Moment, Depends(reading("incidents"))]
AtClaims = Annotated[Moment, Depends(reading("incidents", "claims"))]
AtLog = Annotated[Moment, Depends(reading("change_log"))]


def mount(app: FastAPI) -> None:
    """Add the routes that read."""
    app.include_router(router)


def connection_of(request: Request) -> Iterator[Connection]:
    """Give a connection to the views for one request."""
    with views_of(request).connect() as connection:
        yield connection


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("no NUL in a text")
    return text


Views = Annotated[Connection, Depends(connection_of)]
Name = Annotated[str, Path(max_length=60, description="Id of the incident, or its short id", examples=["INC-Q6V7NE"])]
ClaimId = Annotated[UUID, Path(description="Id of the claim")]
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
        raise Fault(404, "UnknownThing", f"no incident {name} at position {at.position}")
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
    page.fitting(int)
    return answer(_incidents(wanted, caller, at), request.state.form, request, response, at, page, connection)


@router.get(
    "/incidents.{suffix}",
    operation_id="download_incidents",
    tags=["incident"],
    response_model=Listing[IncidentView],
)
@offering(*NOTHING_TO_CHOOSE)
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
    page.fitting(int)
    form = form_of(suffix, *PLACED)
    return answer(_incidents(wanted, caller, at), form, request, response, at, page, connection)


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
    group: v.AssessmentGroup | None = None
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
@offering(*NOTHING_TO_CHOOSE)
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


def claim_of(connection: Connection, at: Moment, incident: IncidentView, claim: UUID) -> ClaimView:
    """Return a claim of an incident, or raise 404."""
    found = claims.get_claim(connection, at.position, str(claim))
    if found is None or found.incident != incident.incident:
        raise Fault(404, "UnknownThing", f"no claim {claim} in {incident.short_id} at position {at.position}")
    return found


@router.get(
    "/incidents/{incident}/claims/{claim}.claimreview.jsonld",
    operation_id="get_claim_review",
    tags=["claim"],
    response_class=Response,
)
@offering(*NOTHING_TO_CHOOSE)
def get_claim_review(
    request: Request, caller: Reader, at: AtClaims, connection: Views, incident: Name, claim: ClaimId
) -> Response:
    """Read what the desk holds of a claim as a schema.org ClaimReview, once it has assessed it."""
    return _review(
        request, at, connection, claim_of(connection, at, incident_of(caller, connection, at, incident), claim)
    )


def _review(request: Request, at: Moment, connection: Connection, claim: ClaimView) -> Response:
    shown(views_of(request), at.position, "reports", "sources")
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
    at: AtClaims,
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


@dataclass(frozen=True)
class LogFilter:
    """Which lines of the change log."""

    incident: Annotated[UUID | None, Query(description="Only this incident's")] = None
    aggregate: Annotated[UUID | None, Query(description="Only this incident's, source's or account's")] = None
    subject: Annotated[UUID | None, Query(description="Only what is about this thing")] = None
    account: Annotated[UUID | None, Query(description="Only what this account did")] = None
    name: Annotated[FilterText | None, Query(max_length=60, examples=["claim.retracted.v1"])] = None
    recorded_from: Annotated[v.Moment | None, Query(description="Recorded at this time or later")] = None
    recorded_to: Annotated[v.Moment | None, Query(description="Recorded at this time or earlier")] = None
    first: Annotated[int | None, Query(ge=0, lt=2**63, description="From this position on")] = None
    last: Annotated[int | None, Query(ge=0, lt=2**63, description="Up to this position")] = None

    def values(self) -> dict[str, Any]:
        """Return the filters as the view takes them."""
        times = {"recorded_from": self.recorded_from, "recorded_to": self.recorded_to}
        ids = {"aggregate": self.incident or self.aggregate, "subject": self.subject, "account": self.account}
        told = {name: text_of(moment) if moment is not None else None for name, moment in times.items()}
        named = {name: str(value) if value is not None else None for name, value in ids.items()}
        return {**named, **told, "name": self.name, "first": self.first, "last": self.last}


Filtered = Annotated[LogFilter, Depends()]


def _changes(wanted: LogFilter, caller: Caller, at: Moment, *, newest_first: bool = False) -> Asked[ChangeView]:
    check_incident(caller, wanted.incident)
    within = caller.within()

    def read(connection: Connection, limit: int, after: Key | None) -> list[ChangeView]:
        return change_log.list_changes(
            connection,
            at.position,
            **wanted.values(),
            within=within,
            limit=limit,
            after=after,
            newest_first=newest_first,
        )

    return Asked("changes", ChangeView, read, change_log.page_key, None if within is None else sorted(within))


def _log(
    form: Form,
    request: Request,
    response: Response,
    caller: Caller,
    at: Moment,
    page: Page,
    connection: Connection,
    wanted: LogFilter,
) -> Any:
    page.fitting(int)
    if form not in (ATOM, JSON_FEED):
        return answer(_changes(wanted, caller, at), form, request, response, at, page, connection)
    lines = _changes(wanted, caller, at, newest_first=True).read(connection, page.limit, page.after)
    feed = Response(feeds.written(form, request, lines), media_type=form.media_type)
    at.describe(request, feed)
    return feed


@router.get("/changes", operation_id="list_changes", tags=["audit"], response_model=Listing[ChangeView])
@offering(*LOGGED)
def list_changes(
    request: Request,
    response: Response,
    caller: Reader,
    at: AtLog,
    page: Paged,
    connection: Views,
    wanted: Filtered,
) -> Any:
    """Read the change log: every event, who, when and why, with before and after. Feeds have the newest first."""
    return _log(request.state.form, request, response, caller, at, page, connection, wanted)


@router.get("/changes.{suffix}", operation_id="download_changes", tags=["audit"], response_model=Listing[ChangeView])
@offering(*NOTHING_TO_CHOOSE)
def download_changes(
    request: Request,
    response: Response,
    caller: Reader,
    at: AtLog,
    page: Paged,
    connection: Views,
    wanted: Filtered,
    suffix: suffix_of(*LOGGED),  # type: ignore[valid-type]  # made from the forms
) -> Any:
    """Download the change log, or follow it as an Atom or JSON feed."""
    return _log(form_of(suffix, *LOGGED), request, response, caller, at, page, connection, wanted)


@router.get("/timemap", operation_id="get_timemap", tags=["audit"], response_class=Response)
@offering(LINK_FORMAT)
def get_timemap(
    request: Request,
    caller: Reader,
    connection: Views,
    of: Annotated[
        str,
        Query(
            max_length=500,
            pattern=r"^/api/v1/[^\s<>\"\x00-\x1f\x7f]*$",
            description="Address of the resource",
            examples=["/api/v1/incidents"],
        ),
    ],
) -> Response:
    """List the moments at which a resource may be read, in link-format (RFC 7089 5): the first and the last."""
    head = ledger_of(request).head()
    parts = of.removeprefix("/api/v1/").partition("?")[0].split("/")
    if parts[0] == "incidents" and len(parts) > 1:
        incident_of(caller, connection, Moment(head, past=False), parts[1])
    response = Response(_timemap(request, of, head), media_type=LINK_FORMAT.media_type)
    response.headers["X-Position"] = str(head)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Authorization, Accept"
    return response


def _timemap(request: Request, of: str, head: int) -> str:
    links = [f'<{of}>; rel="original timegate"']
    itself = f'<{request.url.path}?{request.url.query}>; rel="self"; type="application/link-format"'
    glue, ledger = "&" if "?" in of else "?", ledger_of(request)
    times = {position: memento_time(ledger, position) for position in (1, head) if head > 0}
    if times:
        itself += f'; from="{times[1]}"; until="{times[head]}"'
    named = {1: "first memento", head: "last memento"} if head > 1 else {1: "first last memento"}
    links += [f'<{of}{glue}at={at}>; rel="{named[at]}"; datetime="{time}"' for at, time in times.items()]
    return ",\n".join([links[0], itself, *links[1:]]) + "\n"
