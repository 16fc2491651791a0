"""Errors as RFC 9457 problem details: what went wrong, where, and what to do.

Law: an answer of 500 tells nothing of the inside; every other one says what to do.
"""

import sqlite3
from contextlib import suppress
from uuid import UUID

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from starlette.exceptions import HTTPException

from domain.refusals import Refused, Unknown
from service.api.methods import allowed
from service.ledger import (
    IdempotencyMismatch,
    KeyNoLongerValid,
    NotAllowed,
    QueueFull,
    StaleVersion,
    TooLong,
    Unavailable,
)
from service.sealing import KeyMissing
from service.store.log import StoreError
from service.vault import BadVault, NoSuchKey

log = structlog.get_logger()
MEDIA_TYPE = "application/problem+json"
AWAY = "the record cannot be read now: try again"
DOCS = "/docs/problems"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="onrecord"'}


class FieldError(BaseModel):
    """One field that is not valid: a JSON pointer into the body (RFC 6901), or the name of a parameter."""

    pointer: str
    detail: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    rule: int | None = None
    current_version: int | None = None
    trace_id: str | None = None


class Fault(Exception):
    """An error of the interface itself, told as a problem."""

    def __init__(self, status: int, name: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.name, self.detail, self.headers = status, name, detail, headers or {}


TITLES = {
    400: "The request cannot be read",
    401: "No valid key",
    403: "Not allowed",
    404: "Unknown",
    405: "Not possible here",
    406: "Not offered in this form",
    409: "Refused by a rule of the record",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Wrong media type",
    422: "Invalid fields",
    429: "Too many requests",
    500: "Something went wrong here",
    503: "Not available now",
}


def answer(
    request: Request,
    status: int,
    name: str,
    detail: str,
    *,
    errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
    rule: int | None = None,
    current_version: int | None = None,
) -> JSONResponse:
    """Return the problem as a response."""
    problem = Problem(
        type=f"{DOCS}#{name}",
        title=TITLES.get(status, "Error"),
        status=status,
        detail=detail,
        errors=errors or [],
        rule=rule,
        current_version=current_version,
        trace_id=getattr(request.state, "trace_id", None),
    )
    content = problem.model_dump(exclude_none=True)
    return JSONResponse(
        content, status, headers={"Cache-Control": "no-store", **(headers or {})}, media_type=MEDIA_TYPE
    )


def register(app: FastAPI) -> None:
    """Let the application tell every error as a problem."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Fault, _fault)
    app.add_exception_handler(StaleVersion, _stale)
    app.add_exception_handler(QueueFull, _busy)
    app.add_exception_handler(Unavailable, _busy)
    for kind in (StoreError, OperationalError, InterfaceError, TimeoutError):
        app.add_exception_handler(kind, _away)
    app.add_exception_handler(IdempotencyMismatch, _mismatch)
    app.add_exception_handler(KeyNoLongerValid, _no_longer_valid)
    app.add_exception_handler(NotAllowed, _not_allowed)
    app.add_exception_handler(TooLong, _too_long)
    for problem in (KeyMissing, NoSuchKey, BadVault):
        app.add_exception_handler(problem, _no_key)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    # What the path names and the record does not hold is 404; what the body names is refused by a rule.
    status = 404 if isinstance(error, Unknown) and _is_in_path(request, error) else 409
    return answer(request, status, error.name, str(error), rule=error.rule or None)


def _is_in_path(request: Request, error: Unknown) -> bool:
    """Tell whether the unknown thing is the one that the path names: `UnknownClaim`, and the id of its `{claim}`."""
    named = request.path_params.get(error.name.removeprefix("Unknown").lower())
    if named is None:
        return False
    with suppress(ValueError):
        named = str(UUID(named))  # in the one way in which the refusal writes it
    return named in str(error)


def _fault(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Fault)
    return answer(request, error.status, error.name, error.detail, headers=error.headers)


def _stale(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StaleVersion)
    detail = f"the version is {error.current}: read it again, and send If-Match with that version"
    headers = {"ETag": f'"{error.current}"'}
    return answer(request, 412, "StaleVersion", detail, headers=headers, current_version=error.current)


def _busy(request: Request, error: Exception) -> JSONResponse:
    return answer(request, 503, type(error).__name__, f"{error}", headers={"Retry-After": "1"})


def _away(request: Request, error: Exception) -> JSONResponse:
    """Answer while the store is away. What it said of it is for the log, not for who asks.

    A file is not away: what SQLite cannot do with it is a fault.
    """
    if isinstance(error, OperationalError) and isinstance(error.orig, sqlite3.Error):
        raise error
    log.error("the record cannot be read", error=str(error))
    return answer(request, 503, "Unavailable", AWAY, headers={"Retry-After": "1"})


def _mismatch(request: Request, error: Exception) -> JSONResponse:
    detail = "this Idempotency-Key was used for another request: take a new key for a new request"
    return answer(request, 422, "IdempotencyMismatch", detail)


def _no_longer_valid(request: Request, error: Exception) -> JSONResponse:
    return answer(request, 401, "KeyNoLongerValid", str(error), headers=CHALLENGE)


def _no_key(request: Request, error: Exception) -> JSONResponse:
    log.error("the vault cannot be used", error=str(error))
    name = "BadVault" if isinstance(error, BadVault) else "KeyMissing"
    said = str(error) if isinstance(error, KeyMissing) else "the vault cannot be used now: tell the operator"
    return answer(request, 503, name, said)


def _too_long(request: Request, error: Exception) -> JSONResponse:
    return answer(request, 413, "TooLong", str(error))


def _not_allowed(request: Request, error: Exception) -> JSONResponse:
    return answer(request, 403, "NotAllowed", str(error))


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(e["type"] == "json_invalid" for e in found):
        return answer(
            request, 400, "MalformedJson", f"the body is not JSON: {found[0].get('ctx', {}).get('error', '')}"
        )
    errors = [FieldError(pointer=_pointer(e["loc"]), detail=_said(e["type"], str(e["msg"]))) for e in found[:50]]
    return answer(request, 422, "InvalidFields", "some fields are not valid: see errors", errors=errors)


NOT_TAKEN = "this text is empty, or has characters or a form that the field does not take: see /docs"


def _said(kind: str, message: str) -> str:
    """Return what is wrong with a field, in words: a pattern says nothing to who fills in a form."""
    return NOT_TAKEN if kind == "string_pattern_mismatch" else message


def _pointer(location: tuple[int | str, ...]) -> str:
    where, *path = location
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
    return pointer if where == "body" else f"{where}:{pointer.lstrip('/')}"


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers = {"Allow": allowed(request, headers.get("Allow", ""))}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
    names = {404: "UnknownRoute", 405: "MethodNotAllowed", 400: "MalformedJson"}
    details = {404: f"nothing is at {request.url.path}: see /docs", 405: f"{request.method} is not possible here"}
    detail = details.get(error.status_code, str(error.detail))
    name = names.get(error.status_code, f"Status{error.status_code}")
    return answer(request, error.status_code, name, detail, headers=headers)
