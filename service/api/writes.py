"""What every write has in common: who asks, what the path, the headers and the body say, each checked in this order.

Law: a write is read here, in one go. The framework documents it by the endpoint's signature, and solves nothing: most
of the time of a POST went into that.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn

from fastapi import Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.types import Receive, Scope, Send

from domain.values import Frozen
from service.access import Caller
from service.api.callers import writing_caller
from service.api.guards import header_of
from service.api.problems import Fault

_VERSION = re.compile(r'"([0-9]{1,17})(?:\.[0-9a-f]{32})?"')
"""The tag of an incident, source or account, or that of a claim, which begins with its incident's."""

IfMatch = Annotated[str | None, Header(alias="If-Match", examples=['"42"'])]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", examples=["018f3a00-6d1c-7000-9f6b"])]
CorrelationId = Annotated[str | None, Header(alias="X-Correlation-Id", description="Kept with the events")]


@dataclass(frozen=True, slots=True)
class Write:
    """What a request asks: who, of which things, with which content, under which conditions."""

    caller: Caller
    ids: dict[str, Any]
    body: Frozen
    content: bytes
    version: int | None
    retry_key: str | None
    correlation: str


class WriteRoute(APIRoute):
    """A route that writes: its endpoint is given the request, and reads it by `read_write`."""

    def __init__(self, path: str, endpoint: Callable[[Request], Awaitable[Response]], **options: Any) -> None:
        super().__init__(path, endpoint, **options)

        async def answered(scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive, send))
            await response(scope, receive, send)

        self.app = answered  # what it raises is answered by the application's own handlers


async def read_write(request: Request, ids: Mapping[str, TypeAdapter[Any]], model: type[Frozen]) -> Write:
    """Read a request. Raise 415, 400 (I-JSON, RFC 7493), 401 or 422, in this order."""
    content = await request.body()
    given = _json_of(request, content)
    caller, scope = await writing_caller(request), request.scope
    return Write(
        caller=caller,
        ids={
            name: _checked(kind.validate_strings, request.path_params[name], "path", name) for name, kind in ids.items()
        },
        body=_checked(model.model_validate, given, "body"),
        content=content,
        version=_expected_version(header_of(scope, b"if-match")),
        retry_key=_plain(header_of(scope, b"idempotency-key"), "Idempotency-Key", "BadIdempotencyKey"),
        correlation=_plain(header_of(scope, b"x-correlation-id"), "X-Correlation-Id", "BadCorrelationId")
        or scope["state"]["trace_id"],
    )


def _checked(validate: Callable[[Any], Any], value: Any, *place: str) -> Any:
    try:
        return validate(value)
    except ValidationError as problem:
        raise RequestValidationError([{**one, "loc": (*place, *one["loc"])} for one in problem.errors()]) from problem


def _json_of(request: Request, content: bytes) -> Any:
    """Return what the body says; raise 415 unless it says that it is JSON, 400 unless it is."""
    media_type = header_of(request.scope, b"content-type") or ""
    if media_type.partition(";")[0].strip().lower() != "application/json":
        raise Fault(415, "NotJson", "send the body as application/json", {"Accept": "application/json"})
    encoding = header_of(request.scope, b"content-encoding")
    if encoding is not None and encoding.strip().lower() != "identity":
        raise Fault(415, "NotJson", "send the body as it is, without Content-Encoding", {"Accept-Encoding": "identity"})
    try:
        return _JSON.decode(content.decode() or "null")
    except ValueError as problem:
        raise Fault(400, "MalformedJson", f"the body is not JSON: {problem}") from problem


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object, or raise ValueError where a name comes twice: which one counts would be anybody's guess."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice in one object")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


_JSON = json.JSONDecoder(object_pairs_hook=_each_once, parse_constant=_no_number)


def _plain(sent: str | None, header: str, name: str) -> str | None:
    """Return a header as it was sent, or raise 400 for what cannot be kept."""
    if sent is not None and not (0 < len(sent) <= 200 and sent.isprintable() and sent.isascii()):
        raise Fault(400, name, f"{header} takes 1 to 200 printable ASCII characters")
    return sent


def _expected_version(if_match: str | None) -> int | None:
    """Return the version that If-Match names, or raise 400 (RFC 9110 13.1.1; strong tags only)."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = _VERSION.fullmatch(if_match.strip())
    if tag is not None:
        return int(tag[1])
    raise Fault(400, "BadIfMatch", 'If-Match takes the ETag of the incident, as in If-Match: "7"')
