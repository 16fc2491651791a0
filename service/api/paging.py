"""Lists: pages by keyset, with an opaque cursor: the position that the list began at, and the key to go on after.

Law: the pages of a list are of one moment, whatever is recorded between them.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar
from urllib.parse import quote

import orjson
from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field

from service.api.problems import Fault

T = TypeVar("T", bound=BaseModel)
Key = tuple[str | int, ...]
MAX_LIMIT = 200


class Listing(BaseModel, Generic[T]):
    """A page of a list: the items, and the cursor of the next page where there is one."""

    items: list[T]
    next: str | None = Field(None, description="The cursor of the next page; null on the last")


@dataclass(frozen=True, slots=True)
class Page:
    """How many items, after which key."""

    limit: int
    after: Key | None

    def list(
        self, request: Request, response: Response, position: int, found: list[T], key: Callable[[T], Key]
    ) -> Listing[T]:
        """Return the listing of what was found with one item more than the limit, and set `Link: rel="next"`."""
        if len(found) <= self.limit:
            return Listing(items=found)
        cursor = encode((position, *key(found[self.limit - 1])))
        url = request.url.include_query_params(cursor=cursor)
        response.headers.append("Link", f'<{quote(url.path, safe="/:")}?{url.query}>; rel="next"')
        return Listing(items=found[: self.limit], next=cursor)

    def fitting(self, *kinds: type) -> Key | None:
        """Return the key to go on after, or raise 422 for the cursor of another list."""
        if self.after is not None and [type(part) for part in self.after] != list(kinds):
            raise _not_ours()
        return self.after


def _not_ours() -> Fault:
    return Fault(422, "BadCursor", "the cursor is not one of this list: begin again without it")


def encode(key: Key) -> str:
    """Return a key as an opaque cursor."""
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def decode(cursor: str) -> Key:
    """Return the key of a cursor, or raise 422 for one that is not ours."""
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError as problem:
        raise _not_ours() from problem
    if not isinstance(key, list) or not all(isinstance(part, str | int) and not isinstance(part, bool) for part in key):
        raise _not_ours()
    if any(isinstance(part, int) and abs(part) >= 2**63 for part in key):
        raise _not_ours()
    if not key or not isinstance(key[0], int) or key[0] < 0:
        raise _not_ours()
    return tuple(key)


def pinned(cursor: str | None) -> int | None:
    """Return the position that the list of a cursor began at."""
    return None if cursor is None else int(decode(cursor)[0])


def page(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items on a page")] = 50,
    cursor: Annotated[str | None, Query(max_length=2_000, description="`next` of the page before")] = None,
) -> Page:
    """Return the page that the request asks for."""
    return Page(limit, decode(cursor)[1:] if cursor is not None else None)


Paged = Annotated[Page, Depends(page)]
