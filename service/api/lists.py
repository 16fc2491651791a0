"""Lists as answers: a page as JSON, or the whole as a stream in another form.

Law: a stream is read page by page from one picture of the views, and never held as a whole.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson
from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import Connection

from projections.catalogue import VIEWS
from service.api.media import CSV, GEOJSON, JSON, NDJSON, Form
from service.api.moments import Moment, views_of
from service.api.paging import Key, Listing, Page
from service.api.places import feature_lines
from service.api.problems import Fault
from service.api.reads import strong
from service.api.tables import csv_lines

T = TypeVar("T", bound=BaseModel)
CHUNK = 1_000
ROWS = (JSON, NDJSON, CSV)
"""The forms of every list."""
MEANING = " ".join(f"{view.name}={view.version}" for view in VIEWS)
"""What a position means to these views: another version of a view may answer otherwise at the same position."""


@dataclass(frozen=True)
class Asked(Generic[T]):
    """A list as one request asks for it: how a part of it is read, and the key after which the next part begins."""

    name: str
    model: type[T]
    read: Callable[[Connection, int, Key | None], list[T]]
    key: Callable[[T], Key]
    seen_by: object = None
    """What of the caller's rights the answer depends on."""

    def every(self, connection: Connection) -> Iterator[T]:
        """Yield all items, read in parts."""
        after: Key | None = None
        while found := self.read(connection, CHUNK, after):
            yield from found
            after = self.key(found[-1])


def form_of(suffix: str, *offered: Form) -> Form:
    """Return the form that a suffix names, or raise 404: nothing is at that address."""
    for form in offered:
        if form.suffix == suffix:
            return form
    raise Fault(404, "UnknownRoute", f"this list has the suffixes {', '.join(form.suffix for form in offered)}")


def answer(
    asked: Asked[T], form: Form, request: Request, response: Response, at: Moment, page: Page, connection: Connection
) -> Listing[T] | Response:
    """Return the page that was asked for, or the whole list in a form that is streamed."""
    if form is not JSON:
        return download(asked, form, request, at)
    found = asked.read(connection, page.limit + 1, page.after)
    at.describe(request, response)
    return page.list(request, response, at.position, found, asked.key)


def download(asked: Asked[T], form: Form, request: Request, at: Moment) -> Response:
    """Return the whole list as a stream."""

    def lines() -> Iterator[bytes]:
        with views_of(request).connect() as connection:
            yield from written(form, asked.model, asked.every(connection))

    response = StreamingResponse(lines(), media_type=form.media_type)
    address = f"{request.url.path}?{request.url.query}"
    at.describe(request, response, strong(MEANING, at.position, form.suffix, address, asked.seen_by))
    if form.attached:
        response.headers["Content-Disposition"] = f'attachment; filename="{asked.name}.{form.suffix}"'
    return response


def written(form: Form, model: type[T], rows: Iterator[T]) -> Iterator[bytes]:
    """Yield rows in a form."""
    if form is CSV:
        return csv_lines(model, rows)
    if form is GEOJSON:
        return feature_lines(rows)
    assert form is NDJSON
    return (orjson.dumps(row.model_dump(mode="json")) + b"\n" for row in rows)
