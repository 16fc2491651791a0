"""Reading at a moment: `?at=`, Accept-Datetime (RFC 7089), waiting for a position, and how answers may be cached.

Law: an answer at a position never changes; a read tells the position of the views that it was read from; never a
stale answer in silence. A view that failed answers for the positions that it had reached, and for no other.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from projections.runner import Runner
from service import moments
from service.access import Caller
from service.api.paging import pinned
from service.api.problems import Fault
from service.api.waiting import Moves
from service.ledger import Ledger

MAX_WAIT = 5.0
"""Seconds that a read waits for its position."""
LAG_ALLOWED = 1_000
"""Positions that the newest answer may lie behind the record; a view farther behind is waited for, and not ready."""
FOREVER = "private, max-age=31536000, immutable"

AtText = Annotated[
    str | None,
    Query(
        description="As of this moment: a position of the log, or an RFC 3339 time. Left out: now.",
        max_length=40,
        examples=["2024-08-08T09:00:00Z"],
    ),
]
WaitText = Annotated[
    str | None,
    Header(alias="X-Wait-Position", description="Wait, at most 5 s, until this position is shown", examples=["42"]),
]


@dataclass(frozen=True, slots=True)
class Moment:
    """The position that a read is answered at; `past` where the request named it, `settled` where it is for ever."""

    position: int
    past: bool
    settled: bool = True
    behind: bool = False
    """The record goes on: the views are about to show more."""

    def seen_by(self, caller: Caller) -> "Moment":
        """Return the moment as this caller sees it: what depends on rights is for ever only while these last."""
        return self if caller.within() is None else replace(self, settled=False)

    def unknown(self, what: str) -> Fault:
        """Return the 404 for what the record does not hold at this moment, and say how to wait for one's own write."""
        hint = ": just written? send X-Wait-Position with the position of its receipt" if self.behind else ""
        return Fault(404, "UnknownThing", f"no {what} at position {self.position}{hint}")

    def describe(self, request: Request, response: Response, tag: str | None = None) -> None:
        """Set the headers of a read: position, caching, the Memento links, and the entity tag where one is given."""
        response.headers["X-Position"] = str(self.position)
        if tag is not None:
            response.headers["ETag"] = tag
        response.headers["Cache-Control"] = FOREVER if self.past and self.settled else "private, no-cache"
        response.headers["Vary"] = "Accept-Datetime, Authorization, Accept"
        response.headers["Link"] = links(request)
        if self.past:
            response.headers["Memento-Datetime"] = memento_time(ledger_of(request), self.position)


def ledger_of(request: Request) -> Ledger:
    """Return the ledger that the application serves."""
    ledger: Ledger = request.app.state.ledger
    return ledger


async def head_of(request: Request) -> int:
    """Return the last position of the log: from a file at once, from a server without holding up the event loop."""
    ledger = ledger_of(request)
    return await run_in_threadpool(ledger.head) if ledger.is_shared else ledger.head()


def views_of(request: Request) -> Runner:
    """Return the views that the application serves."""
    views: Runner = request.app.state.views
    return views


def moves_of(request: Request) -> Moves:
    """Return what tells that the views have moved."""
    moves: Moves = request.app.state.moves
    return moves


def memento_time(ledger: Ledger, position: int) -> str:
    """Return when a position was recorded, as an HTTP date (RFC 9110 5.6.7)."""
    if position == 0:
        return format_datetime(datetime(1970, 1, 1, tzinfo=UTC), usegmt=True)
    return format_datetime(ledger.recorded_at(position).astimezone(UTC), usegmt=True)


def original_of(request: Request) -> str:
    """Return the address of the resource without its moment."""
    rest = [(k, v) for k, v in request.query_params.multi_items() if k not in ("at", "cursor")]
    return quote(request.url.path, safe="/:") + (f"?{urlencode(rest)}" if rest else "")


def links(request: Request) -> str:
    """Return the Memento links of the resource (RFC 7089 2.2): it is its own TimeGate (pattern 1.1)."""
    original = original_of(request)
    timemap = f"/api/v1/timemap?of={quote(original, safe='/')}"
    return f'<{original}>; rel="original timegate", <{timemap}>; rel="timemap"; type="application/link-format"'


def found_at(request: Request, text: str, parameter: str = "at") -> moments.Found:
    """Return what a position or RFC 3339 time names; raise 422 where it is neither, or to come."""
    try:
        return moments.find(ledger_of(request), text, zone=None)
    except moments.BadMoment as problem:
        raise Fault(422, type(problem).__name__, f"{parameter}: {problem}") from problem


def position_of(request: Request, text: str, parameter: str = "at") -> int:
    """Return the position that a position or RFC 3339 time names; raise 422 where it is neither, or to come."""
    return found_at(request, text, parameter).position


def reading(*names: str) -> Callable[..., Awaitable[Moment]]:
    """Return the dependency that finds the moment to read at, for a route that reads these views."""

    async def moment(
        request: Request,
        at: AtText = None,
        accept_datetime: Annotated[
            str | None,
            Header(
                description="RFC 7089: answered by 302 to the resource as of then",
                examples=["Thu, 08 Aug 2024 09:00:00 GMT"],
            ),
        ] = None,
        x_wait_position: WaitText = None,
    ) -> Moment:
        if accept_datetime is not None and at is None:
            raise await run_in_threadpool(_redirect, request, accept_datetime)
        wanted = _wait_position(request, x_wait_position)
        began = pinned(request.query_params.get("cursor"))
        if at is None and began is not None:
            await shown(request, position_of(request, str(began), "cursor"), *names)
            return Moment(began, past=False)
        if at is None:
            return await newest(request, wanted, *names)
        found = await run_in_threadpool(found_at, request, at)
        await shown(request, max(found.position, wanted), *names)
        return Moment(found.position, past=True, settled=found.settled)

    return moment


async def newest(request: Request, wanted: int, *names: str) -> Moment:
    """Return the moment that these views show now; raise 503 where one failed, or does not come near the record."""
    views = views_of(request)
    _check_whole(views, *names)
    head = await head_of(request)
    # A record that has lost its end since this service began has less to show, and shows it.
    began_at = min(request.app.state.began_at, head)
    position = await shown(request, max(wanted, head - LAG_ALLOWED, began_at), *names)
    return Moment(position, past=False, behind=position < head)


async def shown(request: Request, wanted: int, *names: str) -> int:
    """Return the position that these views show, waiting for the wanted one; raise 503 where it does not come."""
    views, moves = views_of(request), moves_of(request)
    await moves.until(lambda: views.shows(wanted, *names) or bool(views.failures(*names)), MAX_WAIT)
    if not views.shows(wanted, *names):
        _check_whole(views, *names)
        raise Fault(503, "view-behind", f"the views do not show position {wanted} yet: ask again", {"Retry-After": "1"})
    return views.position(*names)


def _check_whole(views: Runner, *names: str) -> None:
    failed = views.failures(*names)
    if failed:
        reached = min(views.position(name) for name in failed)
        detail = (
            f"the view {', '.join(sorted(failed))} stopped at position {reached}, and needs an operator;"
            f" answers up to at={reached} hold"
        )
        raise Fault(503, "view-failed", detail)


def _wait_position(request: Request, text: str | None) -> int:
    if text is None:
        return 0
    if not moments.is_position(text):
        raise Fault(400, "BadWaitPosition", "X-Wait-Position takes a position, as the receipt of a write tells it")
    return position_of(request, text, "X-Wait-Position")


def _redirect(request: Request, accept_datetime: str) -> Fault:
    """Return the redirection to the memento, named by its position.

    A time before the first memento means the first, one after the last the last (RFC 7089 4.5.3).
    """
    time = _http_date(accept_datetime)
    if time is None:
        return Fault(400, "BadAcceptDatetime", "Accept-Datetime takes an HTTP date, as Thu, 08 Aug 2024 09:00:00 GMT")
    ledger = ledger_of(request)
    position = min(max(ledger.position_at(time + moments.END_OF_SECOND), 1), ledger.head())
    target = request.url.include_query_params(at=position)
    headers = {
        "Location": f"{quote(target.path, safe='/:')}?{target.query}",
        "Vary": "Accept-Datetime",
        "Link": links(request),
    }
    return Fault(302, "Memento", f"the resource as of position {position}", headers)


def _http_date(text: str) -> datetime | None:
    try:
        time = parsedate_to_datetime(text)
        return time.astimezone(UTC) if time.tzinfo is not None and time.year < 9999 else None
    except (ValueError, OverflowError):
        return None
