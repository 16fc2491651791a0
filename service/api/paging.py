"""Lists: pages by keyset, with an opaque cursor that stays at the moment it began at."""

import base64
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar
from urllib.parse import quote

import orjson
from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from service.api.problems import Fault

T = TypeVar("T", bound=BaseModel)
Key = tuple[str | int, ...]
MAX_LIMIT = 200


class Listing(BaseModel, Generic[T]):
    """A page of a list: the items, and the cursor of the next page where there is one."""

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """How many items, after which key."""

    limit: int
    after: Key | None

    def list(self, request: Request, response: Response, found: list[T], keys: list[Key]) -> Listing[T]:
        """Return the listing of what was found with one item more than the limit, and set `Link: rel="next"`."""
        if len(found) <= self.limit:
            return Listing(items=found)
        cursor = encode(keys[self.limit - 1])
        url = request.url.include_query_params(cursor=cursor)
        response.headers.append("Link", f'<{quote(url.path, safe="/:")}?{url.query}>; rel="next"')
        return Listing(items=found[: self.limit], next=cursor)


def encode(key: Key) -> str:
    """Return a key as an opaque cursor."""
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def decode(cursor: str) -> Key:
    """Return the key of a cursor, or raise 422 for one that is not ours."""
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError as problem:
        raise Fault(422, "BadCursor", "the cursor is not one of ours: begin again without it") from problem
    if not isinstance(key, list) or not all(isinstance(part, str | int) and not isinstance(part, bool) for part in key):
        raise Fault(422, "BadCursor", "the cursor is not one of ours: begin again without it")
    if any(isinstance(part, int) and abs(part) >= 2**63 for part in key):
        raise Fault(422, "BadCursor", "the cursor is not one of ours: begin again without it")
    return tuple(key)


def page(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items on a page")] = 50,
    cursor: Annotated[str | None, Query(max_length=2_000, description="`next` of the page before")] = None,
) -> Page:
    """Return the page that the request asks for."""
    return Page(limit, decode(cursor) if cursor is not None else None)


Paged = Annotated[Page, Depends(page)]
