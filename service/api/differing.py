"""The routes that tell differences: of each list, and of an incident as a whole, between two moments.

Law: every list in the catalogue has its difference here. Search has none, since it keeps nothing: what it finds are
the things of the other lists. Nor has the change log: what it gained between two positions is its lines between them.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, true
from starlette.concurrency import run_in_threadpool

from projections.catalogue import LISTS
from service.access import Caller
from service.api.callers import Reader
from service.api.downloads import Download
from service.api.lists import MEANING
from service.api.media import JSON, JSON_PATCH, NDJSON, Form, offering
from service.api.moments import FOREVER, Moment, found_at, shown, views_of
from service.api.paging import Page, Paged, encode
from service.api.reading import Name, Views, check_all, incident_of
from service.api.reads import ReadRoute, strong
from service.comparison import INCIDENTS, PARTS, WHOLE, ChangeItem, Difference, Part

FORMS = (JSON, NDJSON, JSON_PATCH)


class Differences(BaseModel):
    """What differs between two moments: a page of it."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    first: int = Field(alias="from", description="The position of `from`")
    last: int = Field(alias="to", description="The position of `to`")
    items: list[ChangeItem]
    next: str | None = Field(None, description="The cursor of the next page; null on the last")


@dataclass(frozen=True, slots=True)
class Between:
    """Two moments: their positions, and whether both are for ever what they are."""

    a: int
    b: int
    settled: bool
    within: tuple[str, ...] | None = None
    """The incidents that the caller's reading is confined to, where the answer depends on it."""


MOMENT = "A position of the log, or an RFC 3339 time"


First = Annotated[str, Query(alias="from", max_length=40, description=MOMENT, examples=["2024-08-08T09:00:00Z"])]
Second = Annotated[
    str,
    Query(
        alias="to",
        max_length=40,
        description=f"{MOMENT}; before `from`, it tells the way back",
        examples=["2024-08-13T00:00:00Z"],
    ),
]


def between(parts: tuple[Part, ...], *more: str) -> Callable[..., Awaitable[Between]]:
    """Return the dependency that finds the two moments of a difference in these parts, once the views show them."""
    views = dict.fromkeys((*more, *(part.view for part in parts), "claims", "sources", "figures"))

    async def two(request: Request, first: First, second: Second) -> Between:
        a = await run_in_threadpool(found_at, request, first, "from")
        b = await run_in_threadpool(found_at, request, second, "to")
        await shown(request, max(a.position, b.position), *views)
        return Between(a.position, b.position, a.settled and b.settled)

    return two


def mount(app: FastAPI) -> None:
    """Add the routes of differences: before those whose paths end in an id."""
    router = APIRouter(prefix="/api/v1", route_class=ReadRoute)
    _add(router, "/incidents/diff", "incidents", _all_endpoint("incidents"))
    _add(router, "/incidents/{incident}/diff", "incident", _incident_endpoint(WHOLE))
    _add(router, "/incidents/{incident}/claims/diff", "claims", _incident_endpoint(PARTS["claims"]))
    for listed in LISTS:
        if listed.scope == "incident":
            path = f"/incidents/{{incident}}/{listed.path}/diff"
            _add(router, path, listed.path, _incident_endpoint(PARTS[listed.path]))
        else:
            _add(router, f"/{listed.path}/diff", listed.path, _all_endpoint(listed.path))
    app.include_router(router)


def _add(router: APIRouter, path: str, name: str, endpoint: Any) -> None:
    router.add_api_route(
        path,
        endpoint,
        operation_id=f"diff_{name}",
        summary=f"Tell what differs in {name} between two moments"
        if name != "incident"
        else "Tell what differs in an incident as a whole between two moments",
        response_model=Differences,
        tags=["differences"],
    )


def _incident_endpoint(parts: tuple[Part, ...]) -> Any:
    @offering(*FORMS)
    def endpoint(
        request: Request,
        response: Response,
        caller: Reader,
        two: Annotated[Between, Depends(between(parts, "incidents"))],
        page: Paged,
        connection: Views,
        incident: Name,
    ) -> Any:
        at = Moment(max(two.a, two.b), past=True)
        held = incident_of(caller, connection, at, incident).incident
        difference = Difference(parts, two.a, two.b, lambda part: part.of(held))
        return _answer(difference, request, response, two, page, connection)

    return endpoint


def _all_endpoint(name: str) -> Any:
    parts = PARTS[name]

    @offering(*FORMS)
    def endpoint(
        request: Request,
        response: Response,
        caller: Reader,
        two: Annotated[Between, Depends(between(parts))],
        page: Paged,
        connection: Views,
    ) -> Any:
        if name != INCIDENTS.name:
            check_all(caller)
        difference = Difference(parts, two.a, two.b, lambda part: _covered(caller, part))
        within = caller.within()
        seen = two if within is None else replace(two, settled=False, within=tuple(sorted(within)))
        return _answer(difference, request, response, seen, page, connection)

    return endpoint


def _covered(caller: Caller, part: Part) -> ColumnElement[bool]:
    within = caller.within()
    return true() if within is None else part.table.c.incident.in_(within)


def _answer(
    difference: Difference, request: Request, response: Response, two: Between, page: Page, connection: Any
) -> Any:
    form: Form = request.state.form
    if form is not JSON:
        return _stream(difference, form, request, two)
    after = page.fitting(*difference.kinds(page.after)) if page.after is not None else None
    found = difference.items(connection, after, page.limit + 1)
    _describe(response, two)
    answer = Differences(first=two.a, last=two.b, items=[item for _, item in found[: page.limit]])
    if len(found) > page.limit:
        answer.next = encode((max(two.a, two.b), *found[page.limit - 1][0]))
        url = request.url.include_query_params(cursor=answer.next)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return answer


def _stream(difference: Difference, form: Form, request: Request, two: Between) -> Response:
    def lines() -> Iterator[bytes]:
        with views_of(request).connect() as connection:
            if form is NDJSON:
                yield from (orjson.dumps(item.model_dump(mode="json")) + b"\n" for item in difference.every(connection))
            else:
                yield from _array(difference.patch(connection))

    response = Download(lines(), media_type=form.media_type)
    tag = strong(MEANING, two.a, two.b, form.suffix, request.url.path, two.within)
    _describe(response, two)
    response.headers["ETag"] = tag
    return response


def _array(operations: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    glue = b"["
    for operation in operations:
        yield glue + orjson.dumps(operation)
        glue = b",\n"
    yield b"[]" if glue == b"[" else b"]"


def _describe(response: Response, two: Between) -> None:
    response.headers["X-Position"] = str(max(two.a, two.b))
    response.headers["Cache-Control"] = FOREVER if two.settled else "private, no-cache"
    response.headers["Vary"] = "Authorization, Accept"
