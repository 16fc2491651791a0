"""The lists of the views: for each line of the catalogue a list, an item and downloads, at any moment.

Law: a view that names a list in the catalogue gets its routes here and nowhere else.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, FastAPI, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from projections.catalogue import LISTS
from projections.lists import Listed, model_of, one, page_key, read
from service.access import Caller
from service.api.callers import Reader
from service.api.moments import At, Moment, views_of
from service.api.paging import Listing, Page, Paged
from service.api.problems import Fault
from service.api.reading import Name, Text, Views, check_all, incident_of, listing
from service.api.tables import csv_lines

Filters = dict[str, str | int | None]
MEDIA = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
CHUNK = 1_000


def mount(app: FastAPI) -> None:
    """Add the routes of each list."""
    router = APIRouter(prefix="/api/v1")
    for listed in LISTS:
        base = f"/incidents/{{incident}}/{listed.path}" if listed.scope == "incident" else f"/{listed.path}"
        model = model_of(listed)
        tags = [listed.noun]
        router.add_api_route(
            base,
            _list_endpoint(listed),
            operation_id=f"list_{listed.path}",
            summary=f"List {listed.summary}",
            response_model=Listing[model],  # type: ignore[valid-type]  # made from the view's columns
            tags=[*tags],
        )
        router.add_api_route(
            f"{base}.{{suffix}}",
            _download_endpoint(listed),
            operation_id=f"download_{listed.path}",
            summary=f"Download {listed.summary}",
            response_class=StreamingResponse,
            tags=[*tags],
        )
        if listed.noun not in ("figure", "moment"):
            router.add_api_route(
                f"{base}/{{{listed.key}}}",
                _item_endpoint(listed),
                operation_id=f"get_{listed.noun}",
                summary=f"Read one of the {listed.summary}",
                response_model=model,
                tags=[*tags],
            )
    app.include_router(router)


def _parameters(listed: Listed, *more: tuple[str, Any, Any]) -> inspect.Signature:
    """Return the signature by which the framework reads and documents the parameters of a list."""
    named: list[tuple[str, Any, Any]] = [("request", Request, ...), ("caller", Reader, ...), ("at", At, ...), *more]
    if listed.scope == "incident":
        named.append(("incident", Name, ...))
    return inspect.Signature(
        [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=kind,
                default=inspect.Parameter.empty if default is ... else default,
            )
            for name, kind, default in named
        ]
    )


def _filtering(listed: Listed) -> list[tuple[str, Any, Any]]:
    filters: list[tuple[str, Any, Any]] = [(name, Text, None) for name in listed.filters]
    return [*filters, ("q", Text, None)] if listed.text else filters


def _equals(listed: Listed, given: dict[str, Any], connection: Any, at: Moment) -> Filters:
    """Return the filters of a request, and check that the caller may read what they cover."""
    equals: Filters = {name: given.get(name) for name in listed.filters}
    caller: Caller = given["caller"]
    if listed.scope == "incident":
        equals["incident"] = incident_of(caller, connection, at, given["incident"]).incident
    elif listed.noun == "account":
        check_all(caller)
    return equals


def _list_endpoint(listed: Listed) -> Callable[..., Any]:
    def endpoint(**given: Any) -> Any:
        page, at, connection = given["page"], given["at"], given["connection"]
        equals = _equals(listed, given, connection, at)
        after = _fitting(listed, page)
        found = read(connection, listed, at.position, equals, q=given.get("q"), limit=page.limit + 1, after=after)
        return listing(page, at, given["request"], given["response"], found, [page_key(listed, x) for x in found])

    more = [("response", Response, ...), ("page", Paged, ...), ("connection", Views, ...), *_filtering(listed)]
    endpoint.__signature__ = _parameters(listed, *more)  # type: ignore[attr-defined]
    return endpoint


def _fitting(listed: Listed, page: Page) -> tuple[str | int, ...] | None:
    """Return the key of the cursor, or raise 422 for one of another list."""
    kinds = [int if listed.table.c[name].type.python_type is int else str for name in listed.order]
    if page.after is not None and [type(part) for part in page.after] != kinds:
        raise Fault(422, "BadCursor", "the cursor is not one of this list: begin again without it")
    return page.after


def _item_endpoint(listed: Listed) -> Callable[..., Any]:
    def endpoint(**given: Any) -> BaseModel:
        at, connection, key = given["at"], given["connection"], given[listed.key]
        equals = _equals(listed, given, connection, at)
        found = one(connection, listed, at.position, key)
        if found is None or (equals.get("incident") not in (None, getattr(found, "incident", None))):
            raise Fault(404, "UnknownThing", f"no {listed.noun} {key} at position {at.position}")
        at.describe(given["request"], given["response"])
        return found

    key = (listed.key, Annotated[str, Path(max_length=200)], ...)
    more = [("response", Response, ...), ("connection", Views, ...), key]
    endpoint.__signature__ = _parameters(listed, *more)  # type: ignore[attr-defined]
    return endpoint


def _download_endpoint(listed: Listed) -> Callable[..., Any]:
    def endpoint(**given: Any) -> StreamingResponse:
        at, suffix, request = given["at"], given["suffix"], given["request"]
        with views_of(request).connect() as connection:
            equals = _equals(listed, given, connection, at)
        rows = _every(request, listed, at.position, equals, given.get("q"))
        lines = csv_lines(model_of(listed), rows) if suffix == "csv" else _ndjson(rows)
        name = f'attachment; filename="{listed.path}.{suffix}"'
        headers = {"X-Position": str(at.position), "Content-Disposition": name}
        return StreamingResponse(lines, media_type=MEDIA[suffix], headers=headers)

    suffix = ("suffix", Annotated[Literal["ndjson", "csv"], Path()], ...)
    endpoint.__signature__ = _parameters(listed, suffix, *_filtering(listed))  # type: ignore[attr-defined]
    return endpoint


def _every(request: Request, listed: Listed, position: int, equals: Filters, q: str | None) -> Iterator[BaseModel]:
    after: tuple[str | int, ...] | None = None
    with views_of(request).connect() as connection:
        while found := read(connection, listed, position, equals, q=q, limit=CHUNK, after=after):
            yield from found
            after = page_key(listed, found[-1])


def _ndjson(rows: Iterator[BaseModel]) -> Iterator[bytes]:
    for row in rows:
        yield orjson.dumps(row.model_dump(mode="json")) + b"\n"
