"""The live stream: the lines of the change log as server-sent events, as they are recorded.

Law: the id of an event is its position; who comes back with the last id misses nothing and gets nothing twice. A
stream ends by itself, so that rights, addresses and servers may change; nothing is sent to a key that is no longer
valid.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, get_args
from uuid import UUID

from fastapi import APIRouter, FastAPI, Header, Query, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import AppStatus
from starlette.concurrency import run_in_threadpool

from domain.events import Event
from projections.runner import Runner
from projections.views import change_log
from projections.views.change_log import ChangeView
from service.access import OPEN_READER, Caller, caller_of
from service.api.callers import Reader
from service.api.media import EVENTS, offering
from service.api.moments import Moment, head_of, ledger_of, moves_of, newest, views_of
from service.api.naming import IncidentName, id_or_none
from service.api.problems import Fault
from service.api.reading import check_incident
from service.api.reads import ReadRoute

router = APIRouter(prefix="/api/v1", route_class=ReadRoute)
PATH = f"{router.prefix}/stream"
LOOK = 0.5
"""Seconds until a stream that nothing wakes looks whether it is to end."""
PING = 15
"""Seconds between two comments that keep the connection open."""
PART = 200
"""Lines that are read at a time."""
EVENT = "|".join(kind.NAME.replace(".", r"\.") for kind in get_args(Event))


def mount(app: FastAPI) -> None:
    """Add the route of the stream."""
    app.include_router(router)


@dataclass(frozen=True)
class Wanted:
    """Which lines somebody wants."""

    incident: UUID | None
    names: frozenset[str] | None


@router.get(
    PATH.removeprefix(router.prefix),
    operation_id="stream_changes",
    tags=["audit"],
    response_class=EventSourceResponse,
    responses={200: {"description": "Server-sent events", "content": {"text/event-stream": {}}}},
)
@offering(EVENTS)
async def stream_changes(
    request: Request,
    caller: Reader,
    incident: Annotated[IncidentName | None, Query(description="Only this incident's")] = None,
    types: Annotated[
        str | None,
        Query(
            max_length=2_000,
            pattern=f"^({EVENT})(,({EVENT}))*$",
            description="Only these events, by name",
            examples=["claim.made.v1,claim.retracted.v1"],
        ),
    ] = None,
    after: Annotated[
        int | None, Query(ge=0, lt=2**63, description="Begin after this position; left out: with what comes now")
    ] = None,
    last_event_id: Annotated[
        str | None, Header(description="Begin after this event: the last that was received")
    ] = None,
) -> EventSourceResponse:
    """Follow the change log as it is written: `id` is the position, `event` the event's name, `data` the line."""
    at = await newest(request, 0, "change_log", *(["incidents"] if isinstance(incident, str) else []))
    inside = await run_in_threadpool(_inside, request, at, incident)
    check_incident(caller, inside)
    start = _start(at.position, await head_of(request), after, last_event_id)
    wanted = Wanted(inside, frozenset(types.split(",")) if types else None)
    return EventSourceResponse(
        _events(request, caller, wanted, start),
        ping=PING,
        ping_message_factory=lambda: ServerSentEvent(comment="ping"),
        sep="\n",
        headers={"Cache-Control": "no-store", "X-Position": str(start), "Vary": "Authorization, Accept"},
    )


def _inside(request: Request, at: Moment, incident: UUID | str | None) -> UUID | None:
    with views_of(request).connect() as connection:
        return id_or_none(connection, at, incident)


def _start(now: int, head: int, after: int | None, last_event_id: str | None) -> int:
    """Return the position to begin after, `now` where none is named; raise 422 where it lies ahead of the record."""
    if last_event_id is not None:
        if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) <= 18):
            raise Fault(422, "BadMoment", "Last-Event-ID takes the id of an event: its position")
        after = int(last_event_id)
    if after is not None and after > head:
        raise Fault(422, "FutureMoment", f"position {after} lies ahead of the record, which ends at {head}")
    return now if after is None else after


async def _events(request: Request, caller: Caller, wanted: Wanted, after: int) -> AsyncIterator[ServerSentEvent]:
    settings, views = request.app.state.settings, views_of(request)
    ends = datetime.now(UTC) + timedelta(seconds=settings.stream_seconds)
    yield ServerSentEvent(comment="the change log follows", retry=2_000)
    while datetime.now(UTC) < ends and not _closing(request) and not views.failures("change_log"):
        if not await moves_of(request).until(partial(_beyond, views, after), LOOK):
            continue
        shown = views.position("change_log")
        now = await run_in_threadpool(_still, request, caller, wanted)
        if now is None:
            return
        lines = await run_in_threadpool(_lines, request, now, wanted, after, shown)
        for line in lines:
            yield ServerSentEvent(data=line.model_dump_json(), id=str(line.position), event=line.name)
        after = lines[-1].position if len(lines) == PART else shown


def _beyond(views: Runner, position: int) -> bool:
    return views.position("change_log") > position


def _closing(request: Request) -> bool:
    return bool(request.app.state.stopping or AppStatus.should_exit)


def _still(request: Request, caller: Caller, wanted: Wanted) -> Caller | None:
    """Return the caller with the rights of now, None where the key or the right to read is gone."""
    if caller is OPEN_READER:
        return caller
    account, key = caller.actor.account, caller.actor.key
    held = ledger_of(request).account(account) if account is not None else None
    now = caller_of(held, key, datetime.now(UTC)) if held is not None and key is not None else None
    if now is None or not now.reads() or (wanted.incident is not None and not now.may_read(wanted.incident)):
        return None
    return now


def _lines(request: Request, caller: Caller, wanted: Wanted, after: int, shown: int) -> list[ChangeView]:
    filters: dict[str, Any] = {"aggregate": str(wanted.incident) if wanted.incident else None, "names": wanted.names}
    with views_of(request).connect() as connection:
        return change_log.list_changes(connection, shown, **filters, within=caller.within(), limit=PART, after=(after,))
