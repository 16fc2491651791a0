"""The routes of the change log, as a list, a download and a feed, and the timemap: who changed what, when and why.

Law: a line is seen by who may read the incident that it stands in; lines of sources and accounts by who may read all.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from sqlalchemy import Connection

from domain import values as v
from projections.shapes import text_of
from projections.views import change_log
from projections.views.change_log import ChangeView
from service.access import Caller
from service.api import feeds
from service.api.callers import Reader
from service.api.lists import ROWS, Asked, answer
from service.api.media import ATOM, JSON_FEED, LINK_FORMAT, Form, offering
from service.api.moments import Moment, ledger_of, memento_time, reading
from service.api.naming import AnyName, IncidentName, id_or_none
from service.api.paging import Key, Listing, Paged
from service.api.reading import Answering, FilterText, Views, add_list, check_incident, incident_of
from service.api.reads import ReadRoute

router = APIRouter(prefix="/api/v1", route_class=ReadRoute)
LOGGED = (*ROWS, ATOM, JSON_FEED)
AtLog = Annotated[Moment, Depends(reading("change_log"))]


def mount(app: FastAPI) -> None:
    """Add the routes of the change log."""
    app.include_router(router)


@dataclass(frozen=True)
class LogFilter:
    """Which lines of the change log."""

    incident: Annotated[IncidentName | None, Query(description="Only this incident's")] = None
    aggregate: Annotated[IncidentName | None, Query(description="Only this incident's, source's or account's")] = None
    subject: Annotated[AnyName | None, Query(description="Only what is about this thing")] = None
    account: Annotated[UUID | None, Query(description="Only what this account did")] = None
    name: Annotated[FilterText | None, Query(max_length=60, examples=["claim.retracted.v1"])] = None
    recorded_from: Annotated[v.Moment | None, Query(description="Recorded at this time or later")] = None
    recorded_to: Annotated[v.Moment | None, Query(description="Recorded at this time or earlier")] = None
    first: Annotated[int | None, Query(ge=0, lt=2**63, description="From this position on")] = None
    last: Annotated[int | None, Query(ge=0, lt=2**63, description="Up to this position")] = None

    def by_ids(self, connection: Connection, at: Moment) -> "LogFilter":
        """Return the filter with ids in the place of short ids; raise 404 for one that names nothing."""
        return replace(
            self,
            incident=id_or_none(connection, at, self.incident),
            aggregate=id_or_none(connection, at, self.aggregate),
            subject=id_or_none(connection, at, self.subject),
        )

    def values(self) -> dict[str, Any]:
        """Return the filters as the view takes them."""
        times = {"recorded_from": self.recorded_from, "recorded_to": self.recorded_to}
        ids = {"aggregate": self.incident or self.aggregate, "subject": self.subject, "account": self.account}
        told = {name: text_of(moment) if moment is not None else None for name, moment in times.items()}
        named = {name: str(value) if value is not None else None for name, value in ids.items()}
        return {**named, **told, "name": self.name, "first": self.first, "last": self.last}


Filtered = Annotated[LogFilter, Depends()]


def _changes(wanted: LogFilter, caller: Caller, at: Moment, *, newest_first: bool = False) -> Asked[ChangeView]:
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


async def _log(caller: Reader, at: AtLog, page: Paged, wanted: Filtered) -> Answering:
    page.fitting(int)
    seen = at.seen_by(caller)

    def answered(form: Form, request: Request, response: Response, connection: Connection) -> Any:
        check_incident(caller, id_or_none(connection, at, wanted.incident))
        named = wanted.by_ids(connection, at)
        if form not in (ATOM, JSON_FEED):
            return answer(_changes(named, caller, at), form, request, response, connection, at=seen, page=page)
        lines = _changes(named, caller, at, newest_first=True).read(connection, page.limit, page.after)
        feed = Response(feeds.written(form, request, lines), media_type=form.media_type)
        seen.describe(request, feed)
        return feed

    return answered


add_list(
    router,
    "/changes",
    _log,
    Listing[ChangeView],
    LOGGED,
    tag="audit",
    summary="the change log: every event, who, when and why, with before and after; as a feed, the newest first",
)


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
    first = 1
    if parts[0] == "incidents" and len(parts) > 1:
        first = incident_of(caller, connection, Moment(head, past=False), parts[1]).opened["position"]
    response = Response(_timemap(request, of, first, head), media_type=LINK_FORMAT.media_type)
    response.headers["X-Position"] = str(head)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Authorization, Accept"
    return response


def _timemap(request: Request, of: str, first: int, head: int) -> str:
    links = [f'<{of}>; rel="original timegate"']
    itself = f'<{request.url.path}?{request.url.query}>; rel="self"; type="application/link-format"'
    glue, ledger = "&" if "?" in of else "?", ledger_of(request)
    times = {position: memento_time(ledger, position) for position in (first, head) if head > 0}
    if times:
        itself += f'; from="{times[first]}"; until="{times[head]}"'
    named = {first: "first memento", head: "last memento"} if head > first else {first: "first last memento"}
    links += [f'<{of}{glue}at={at}>; rel="{named[at]}"; datetime="{time}"' for at, time in times.items()]
    return ",\n".join([links[0], itself, *links[1:]]) + "\n"
