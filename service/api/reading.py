"""The routes that read: every view, now or at any moment, and as a difference of two.

Law: a read tells its position; what is asked for the past is answered from the same rows as now.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import Connection, Table

from domain import values as v
from projections.asof import changes_between
from projections.catalogue import LISTS
from projections.shapes import text_of
from projections.views import change_log, claims, incidents
from projections.views.change_log import ChangeView
from projections.views.claims import ClaimView
from projections.views.incidents import IncidentView
from service.access import Caller
from service.api.callers import Reader
from service.api.moments import At, Moment, ledger_of, position_of, shown, views_of
from service.api.paging import Listing, Page, Paged
from service.api.problems import Fault
from service.api.tables import csv_lines

router = APIRouter(prefix="/api/v1")
T = TypeVar("T", bound=BaseModel)
EVERY: tuple[tuple[str, Table], ...] = (
    ("incident", incidents.incidents),
    ("claim", claims.claims),
    *((listed.noun, listed.table) for listed in LISTS if listed.scope == "incident"),
)
"""The tables that the difference of an incident is made of."""


def mount(app: FastAPI) -> None:
    """Add the routes that read."""
    app.include_router(router)


def connection_of(request: Request) -> Iterator[Connection]:
    """Give a connection to the views for one request."""
    with views_of(request).connect() as connection:
        yield connection


Views = Annotated[Connection, Depends(connection_of)]
Name = Annotated[str, Path(max_length=60, description="Id, or short id")]
Text = Annotated[str | None, Query(min_length=1, max_length=200)]


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


def listing(
    page: Page, at: Moment, request: Request, response: Response, found: list[T], keys: list[tuple[str | int, ...]]
) -> Listing[T]:
    at.describe(request, response)
    return page.list(request, response, found, keys)


@router.get("/incidents", operation_id="list_incidents", tags=["incident"])
def list_incidents(
    request: Request,
    response: Response,
    caller: Reader,
    at: At,
    page: Paged,
    connection: Views,
    state: Literal["open", "closed"] | None = None,
    country: Text = None,
    tag: Text = None,
    q: Text = None,
) -> Listing[IncidentView]:
    """List incidents, the one that changed last first."""
    check_all(caller)
    found = incidents.list_incidents(
        connection, at.position, state=state, country=country, tag=tag, q=q, limit=page.limit + 1, after=page.after
    )
    return listing(page, at, request, response, found, [incidents.page_key(one) for one in found])


@router.get("/incidents/{incident}", operation_id="get_incident", tags=["incident"])
def get_incident(
    request: Request, response: Response, caller: Reader, at: At, connection: Views, incident: Name
) -> IncidentView:
    """Read one incident with its brief."""
    found = incident_of(caller, connection, at, incident)
    at.describe(request, response, found.version)
    return found


@router.get("/incidents/{incident}/claims", operation_id="list_claims", tags=["claim"])
def list_claims(
    request: Request,
    response: Response,
    caller: Reader,
    at: At,
    page: Paged,
    connection: Views,
    incident: Name,
    record_state: Annotated[list[v.RecordState] | None, Query()] = None,
    assessment: v.Assessment | None = None,
    group: v.AssessmentGroup | None = None,
    kind: v.ClaimKind | None = None,
    figure: UUID | None = None,
    source: UUID | None = None,
    reference: Text = None,
    q: Text = None,
) -> Listing[ClaimView]:
    """List the claims of an incident in the order they were made, with their standing."""
    found_incident = incident_of(caller, connection, at, incident)
    found = claims.list_claims(
        connection,
        at.position,
        incident=found_incident.incident,
        record_state=record_state,
        assessment=assessment,
        group=group,
        kind=kind,
        figure=str(figure) if figure else None,
        source=str(source) if source else None,
        reference=reference,
        q=q,
        limit=page.limit + 1,
        after=page.after,
    )
    return listing(page, at, request, response, found, [claims.page_key(one) for one in found])


@router.get("/incidents/{incident}/claims/{claim}", operation_id="get_claim", tags=["claim"])
def get_claim(
    request: Request, response: Response, caller: Reader, at: At, connection: Views, incident: Name, claim: UUID
) -> ClaimView:
    """Read one claim with its standing."""
    found_incident = incident_of(caller, connection, at, incident)
    found = claims.get_claim(connection, at.position, str(claim))
    if found is None or found.incident != found_incident.incident:
        raise Fault(404, "UnknownThing", f"no claim {claim} in {found_incident.short_id} at position {at.position}")
    at.describe(request, response, found_incident.version)
    return found


class Difference(BaseModel):
    """What differs between two positions."""

    first: int
    second: int
    changes: list[dict[str, Any]]


@router.get("/incidents/{incident}/diff", operation_id="diff_incident", tags=["incident"], response_model=Difference)
def diff_incident(
    request: Request,
    response: Response,
    caller: Reader,
    connection: Views,
    incident: Name,
    first: Annotated[str, Query(alias="from", max_length=40)],
    second: Annotated[str, Query(alias="to", max_length=40)],
) -> Difference:
    """Tell what differs in an incident between two moments: positions or times."""
    a, b = position_of(request, first, "from"), position_of(request, second, "to")
    shown(views_of(request), max(a, b))
    at = Moment(max(a, b), past=True)
    found = incident_of(caller, connection, at, incident)
    at.describe(request, response)
    changes = [
        {"kind": kind, **change.model_dump(mode="json")}
        for kind, table in EVERY
        for change in changes_between(connection, table, table.c.incident == found.incident, a, b)
    ]
    return Difference(first=a, second=b, changes=changes)


class LogFilter(BaseModel):
    """Which lines of the change log."""

    incident: UUID | None = None
    aggregate: UUID | None = None
    subject: UUID | None = None
    account: UUID | None = None
    name: Annotated[str | None, Query(max_length=60)] = None
    recorded_from: datetime | None = None
    recorded_to: datetime | None = None
    first: Annotated[int | None, Query(ge=0, lt=2**63)] = None
    last: Annotated[int | None, Query(ge=0, lt=2**63)] = None

    def values(self) -> dict[str, Any]:
        """Return the filters as the view takes them."""
        aggregate = self.incident or self.aggregate
        times = {
            name: text_of(moment) if moment is not None and moment.tzinfo is not None else None
            for name, moment in (("recorded_from", self.recorded_from), ("recorded_to", self.recorded_to))
        }
        ids = {"aggregate": aggregate, "subject": self.subject, "account": self.account}
        named = {name: str(value) if value is not None else None for name, value in ids.items()}
        return {**named, **times, "name": self.name, "first": self.first, "last": self.last}


Filtered = Annotated[LogFilter, Depends()]


@router.get("/changes", operation_id="list_changes", tags=["audit"])
def list_changes(
    request: Request, response: Response, caller: Reader, at: At, page: Paged, connection: Views, wanted: Filtered
) -> Listing[ChangeView]:
    """Read the change log: every event, who, when and why, with before and after."""
    if not caller.may_read(wanted.incident):
        check_all(caller)
    found = change_log.list_changes(connection, at.position, **wanted.values(), limit=page.limit + 1, after=page.after)
    return listing(page, at, request, response, found, [change_log.page_key(one) for one in found])


@router.get("/changes.{suffix}", operation_id="download_changes", tags=["audit"], response_class=StreamingResponse)
def download_changes(
    request: Request, caller: Reader, at: At, wanted: Filtered, suffix: Literal["ndjson", "csv"]
) -> StreamingResponse:
    """Stream the change log as NDJSON or CSV."""
    if not caller.may_read(wanted.incident):
        check_all(caller)

    def lines() -> Iterator[bytes]:
        with views_of(request).connect() as connection:
            found = change_log.every_change(connection, at.position, **wanted.values())
            if suffix == "csv":
                yield from csv_lines(ChangeView, found)
            else:
                for change in found:
                    yield orjson.dumps(change.model_dump(mode="json")) + b"\n"

    media_type = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}[suffix]
    headers = {"X-Position": str(at.position), "Content-Disposition": f'attachment; filename="changes.{suffix}"'}
    return StreamingResponse(lines(), media_type=media_type, headers=headers)


@router.get("/timemap", operation_id="get_timemap", tags=["audit"], response_class=Response)
def get_timemap(
    request: Request, caller: Reader, of: Annotated[str, Query(max_length=500, pattern=r"^/api/v1/")]
) -> Response:
    """List the moments at which a resource may be read, in link-format (RFC 7089 5)."""
    check_all(caller)
    ledger, head = ledger_of(request), views_of(request).position()
    first = ledger.recorded_at(1).strftime("%a, %d %b %Y %H:%M:%S GMT") if head else ""
    last = ledger.recorded_at(head).strftime("%a, %d %b %Y %H:%M:%S GMT") if head else ""
    glue = "&" if "?" in of else "?"
    body = (
        f'<{of}>; rel="original timegate",\n'
        f'<{of}{glue}at=1>; rel="first memento"; datetime="{first}",\n'
        f'<{of}{glue}at={head}>; rel="last memento"; datetime="{last}"\n'
    )
    return Response(body, media_type="application/link-format")
