"""Reading at a moment: `?at=`, Accept-Datetime (RFC 7089), waiting for a position, and how answers may be cached.

Law: an answer at a position never changes; a read tells its position; never a stale answer in silence.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Depends, Header, Query, Request, Response

from projections.runner import Runner
from service.api.problems import Fault
from service.ledger import Ledger

MAX_WAIT = 5.0
"""Seconds that a read waits for its position."""
END_OF_SECOND = timedelta(microseconds=999_999)
"""A time given in whole seconds means the end of that second: all that was recorded in it is known then."""
FOREVER = "private, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Moment:
    """The position that a read is answered at; `past` where the request named it."""

    position: int
    past: bool

    def describe(self, request: Request, response: Response, version: int | None = None) -> None:
        """Set the headers of a read: position, caching, entity tag and the Memento links."""
        response.headers["X-Position"] = str(self.position)
        tag = f'"{version}"' if version is not None else f'"p{self.position}"'
        response.headers["ETag"] = tag
        response.headers["Cache-Control"] = FOREVER if self.past else "private, no-cache"
        response.headers["Vary"] = "Accept-Datetime, Authorization, Accept"
        response.headers["Link"] = links(request)
        if self.past:
            response.headers["Memento-Datetime"] = memento_time(ledger_of(request), self.position)


def ledger_of(request: Request) -> Ledger:
    """Return the ledger that the application serves."""
    ledger: Ledger = request.app.state.ledger
    return ledger


def views_of(request: Request) -> Runner:
    """Return the views that the application serves."""
    views: Runner = request.app.state.views
    return views


def memento_time(ledger: Ledger, position: int) -> str:
    """Return when a position was recorded, as an HTTP date (RFC 9110 5.6.7)."""
    if position == 0:
        return format_datetime(datetime(1970, 1, 1, tzinfo=UTC), usegmt=True)
    return format_datetime(ledger.recorded_at(position).astimezone(UTC), usegmt=True)


def links(request: Request) -> str:
    """Return the Memento links of the resource (RFC 7089 2.2)."""
    rest = [(k, v) for k, v in request.query_params.multi_items() if k not in ("at", "cursor")]
    original = quote(request.url.path, safe="/:") + (f"?{urlencode(rest)}" if rest else "")
    timemap = f"/api/v1/timemap?of={quote(original, safe='/')}"
    return f'<{original}>; rel="original timegate", <{timemap}>; rel="timemap"; type="application/link-format"'


def position_of(request: Request, text: str, parameter: str = "at") -> int:
    """Return the position that a position or RFC 3339 time names; raise 422 where it is neither, or to come."""
    ledger = ledger_of(request)
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return _recorded(ledger, int(text), parameter)
    try:
        time = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise Fault(
            422,
            "BadMoment",
            f"{parameter} takes a position, as in {parameter}=42, or an RFC 3339 time, as in 2024-08-08T09:00:00Z",
        )
    if time > datetime.now(UTC):
        raise Fault(422, "FutureMoment", f"{parameter} lies in the future: the record knows nothing of it yet")
    if "." not in text:
        time += END_OF_SECOND
    return ledger.position_at(time)


def _recorded(ledger: Ledger, position: int, parameter: str) -> int:
    if position > ledger.head():
        raise Fault(
            422, "FutureMoment", f"{parameter}={position} lies ahead of the record, which ends at {ledger.head()}"
        )
    return position


def moment(
    request: Request,
    at: Annotated[
        str | None,
        Query(
            description="A position of the log, or an RFC 3339 time", max_length=40, examples=["2024-08-08T09:00:00Z"]
        ),
    ] = None,
    accept_datetime: Annotated[str | None, Header(description="RFC 7089: answered by 302 to the moment")] = None,
    x_wait_position: Annotated[
        str | None, Header(description="Wait, at most 5 s, until this position is shown")
    ] = None,
) -> Moment:
    """Return the moment to read at, once the views show it; raise 503 `view-behind` where they do not in time."""
    if accept_datetime is not None and at is None:
        raise _redirect(request, accept_datetime)
    views = views_of(request)
    wanted = _wait_position(request, x_wait_position)
    if at is None:
        return Moment(shown(views, wanted), past=False)
    position = position_of(request, at)
    shown(views, max(position, wanted))
    return Moment(position, past=True)


def shown(views: Runner, wanted: int) -> int:
    """Return the position that all views show, waiting for the wanted one; raise 503 where it does not come."""
    if not views.wait_for(wanted, MAX_WAIT):
        raise Fault(503, "view-behind", f"the views do not show position {wanted} yet: ask again", {"Retry-After": "1"})
    return views.position()


def _wait_position(request: Request, text: str | None) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Fault(400, "BadWaitPosition", "X-Wait-Position takes a position, as the receipt of a write tells it")
    return _recorded(ledger_of(request), int(text), "X-Wait-Position")


def _redirect(request: Request, accept_datetime: str) -> Fault:
    try:
        time = parsedate_to_datetime(accept_datetime)
    except ValueError:
        return Fault(400, "BadAcceptDatetime", "Accept-Datetime takes an HTTP date, as Thu, 08 Aug 2024 09:00:00 GMT")
    moment_text = time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    target = request.url.include_query_params(at=moment_text)
    headers = {
        "Location": f"{quote(target.path, safe='/:')}?{target.query}",
        "Vary": "Accept-Datetime",
        "Link": links(request),
    }
    return Fault(302, "Memento", f"the resource as of {moment_text}", headers)


At = Annotated[Moment, Depends(moment)]
