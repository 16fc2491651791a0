"""Lists as answers: a page as JSON, or the whole as a stream in another form.

Law: a stream is read page by page at one position, at which no row ever changes, and never held as a whole; between
two pages it holds nothing of the database. Where a view is built anew meanwhile, the stream is cut short, not mixed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson
from fastapi import Request, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from projections import checkpoints
from projections.catalogue import VIEWS
from projections.runner import Runner
from service.api.downloads import Download
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


class BuiltAnew(Exception):
    """The views were built anew while a list was read from them: what follows may not go with what came before."""


@dataclass(frozen=True)
class Asked(Generic[T]):
    """A list as one request asks for it: how a part of it is read, and the key after which the next part begins."""

    name: str
    model: type[T]
    read: Callable[[Connection, int, Key | None], list[T]]
    key: Callable[[T], Key]
    seen_by: object = None
    """What of the caller's rights the answer depends on."""

    def every(self, views: Runner) -> Iterator[T]:
        """Yield all items, read in parts. Raise `BuiltAnew` where the parts may not fit together."""
        after: Key | None = None
        first: object = None
        while True:
            with views.connect() as connection:
                built, found = _built(connection), self.read(connection, CHUNK, after)
            if built != (first := first or built):
                raise BuiltAnew(f"{self.name}: ask again")
            if not found:
                return
            yield from found
            after = self.key(found[-1])


def _built(connection: Connection) -> object:
    """Return what tells one building of the views from another."""
    return {name: (at.version, at.generation) for name, at in checkpoints.read(connection).items()}


def form_of(suffix: str, *offered: Form) -> Form:
    """Return the form that a suffix names, or raise 404: nothing is at that address."""
    for form in offered:
        if form.suffix == suffix:
            return form
    raise Fault(404, "UnknownRoute", f"this list has the suffixes {', '.join(form.suffix for form in offered)}")


def answer(
    asked: Asked[T], form: Form, request: Request, response: Response, connection: Connection, *, at: Moment, page: Page
) -> Listing[T] | Response:
    """Return the page that was asked for, or the whole list in a form that is streamed."""
    if form is not JSON:
        return download(asked, form, request, at)
    found = asked.read(connection, page.limit + 1, page.after)
    at.describe(request, response)
    return page.list(request, response, at.position, found, asked.key)


def download(asked: Asked[T], form: Form, request: Request, at: Moment) -> Response:
    """Return the whole list as a stream."""
    lines = written(form, asked.model, asked.every(views_of(request)))
    response = Download(lines, media_type=form.media_type)
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
