"""What every read has in common: the form that the client takes, an entity tag, and 304 where nothing changed.

Law: a tag changes whenever the answer would: it is made of the answer's own bytes, or, where these are streamed, of
all that they follow from. A 304 carries the validators of the 200 in whose place it stands (RFC 9110 15.4.5).
"""

import hashlib
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from service.api.callers import bearer, known_caller, reader
from service.api.documented import read_answers
from service.api.media import chosen, negotiates, offers_of
from service.api.problems import Fault

KEPT = frozenset(
    {"cache-control", "content-location", "etag", "expires", "link", "memento-datetime", "vary", "x-position"}
)
"""The headers that a 304 repeats."""
_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


class ReadRoute(APIRoute):
    """A route that reads: negotiated and conditional. Writes pass through it untouched."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        """Make the route, and document what every read answers."""
        if given.get("methods") in (None, ["GET"], {"GET"}):
            own = given.get("responses") or {}
            given["responses"] = {**read_answers(offers_of(endpoint)), **own}
        super().__init__(path, endpoint, **given)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, with what all reads have in common around it."""
        handle, offered = super().get_route_handler(), offers_of(self.endpoint)
        known = _parameters_of(self.dependant)
        negotiated = negotiates(self.endpoint)

        async def read(request: Request) -> Response:
            if request.method != "GET":
                return await handle(request)
            await _check_known(request, known)
            if negotiated:
                request.state.form = chosen(request.headers.get("accept", ""), offered)
            if negotiated and request.state.form is None:
                types = ", ".join(form.media_type for form in offered)
                raise Fault(406, "NotAcceptable", f"this resource is offered as {types}", {"Vary": "Accept"})
            return _conditional(request, await handle(request))

        return read


def _parameters_of(dependant: Dependant) -> set[str]:
    """Return the names of the query parameters that a route, or what it depends on, takes."""
    below = (_parameters_of(one) for one in dependant.dependencies)
    return {field.alias for field in dependant.query_params}.union(*below)


async def _check_known(request: Request, known: set[str]) -> None:
    """Raise 422 for a parameter that is none: `as_of` in place of `at` would else be answered as of now.

    Who may not read is told that first.
    """
    strange = sorted(set(request.query_params) - known)
    if strange:
        await reader(request, await known_caller(request, await bearer(request)))
        takes = f"takes {', '.join(sorted(known))}" if known else "takes none"
        raise Fault(422, "UnknownParameter", f"{', '.join(strange)[:200]} is no parameter here: this address {takes}")


def strong(*parts: object) -> str:
    """Return a strong tag that changes whenever one of these does."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogateescape"))
    return f'"{digest.hexdigest()[:32]}"'


def unchanged(request: Request, tag: str) -> bool:
    """Tell whether If-None-Match names this tag: weak comparison, a list, or `*` (RFC 9110 13.1.2)."""
    sent = ",".join(request.headers.getlist("if-none-match")).strip()
    return sent == "*" or tag.strip('"') in _TAG.findall(sent)


def not_modified(response: Response) -> Response:
    """Return the 304 that stands in an answer's place."""
    answer = Response(status_code=304)
    answer.raw_headers = [pair for pair in response.raw_headers if pair[0].decode("latin-1") in KEPT]
    return answer


def _conditional(request: Request, response: Response) -> Response:
    if response.status_code != 200:
        return response
    body = getattr(response, "body", None)
    if "etag" not in response.headers and isinstance(body, bytes):
        response.headers["ETag"] = _tag_of(request, response, body)
    tag = response.headers.get("etag")
    if tag is not None and unchanged(request, tag):
        return not_modified(response)
    return _without_body(response) if getattr(request.state, "head", False) and body is None else response


def _tag_of(request: Request, response: Response, body: bytes) -> str:
    """Return the tag of an answer's bytes, with the incident's version before it where the read set one."""
    digest = hashlib.sha256(response.headers.get("content-type", "").encode() + b"\0" + body).hexdigest()[:32]
    version = getattr(request.state, "version", None)
    return f'"{digest}"' if version is None else f'"{version}.{digest}"'


def _without_body(response: Response) -> Response:
    """Return the head of a streamed answer: its stream is never begun."""
    answer = Response(status_code=response.status_code)
    answer.raw_headers = list(response.raw_headers)
    return answer
