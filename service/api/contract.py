"""The OpenAPI document: what the framework reads from the routes, completed by what it cannot see there.

Law: whatever a client may be answered is in the document, and what it may send is described as the service checks it.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from service.api.problems import MEDIA_TYPE, TITLES, Problem

Json = dict[str, Any]

OF_ALL = (400, 401, 403, 404, 422, 429, 500, 503)
OF_WRITES = (409, 412, 413, 415)
_POSITION = r"^[0-9]{1,18}$"
_MOMENT: Json = {"anyOf": [{"type": "string", "pattern": _POSITION}, {"type": "string", "format": "date-time"}]}
PARAMETERS: dict[str, Json] = {
    "at": _MOMENT,
    "cursor": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$", "maxLength": 2_000},
    "x-wait-position": {"type": "string", "pattern": _POSITION},
    "if-match": {"type": "string", "format": "entity-tag", "pattern": r'^(\*|"[0-9]{1,17}")$'},
    "idempotency-key": {"type": "string", "pattern": r"^[\x20-\x7e]{1,200}$"},
    "x-correlation-id": {"type": "string", "pattern": r"^[\x20-\x7e]{1,200}$"},
    "accept-datetime": {"type": "string", "format": "http-date"},
}
"""Parameters that are checked in code, because their errors have names of their own: as JSON Schema."""
OF_DIFFERENCES: dict[str, Json] = {"from": _MOMENT, "to": _MOMENT}

_TEXT: Json = {"type": "string"}
HEADERS: dict[str, Json] = {
    "X-Trace-Id": {"description": "Names this answer in the service's own log", "schema": _TEXT},
    "X-Position": {
        "description": "The position that is answered, or at which the write stands",
        "schema": {"type": "string", "pattern": _POSITION},
    },
    "ETag": {"description": "The version, for If-Match", "schema": {"type": "string", "pattern": '^".+"$'}},
    "Location": {"description": "Where to read it", "schema": _TEXT},
    "Retry-After": {"description": "Seconds to wait", "schema": {"type": "string", "pattern": "^[0-9]+$"}},
    "WWW-Authenticate": {"description": "How to send a key", "schema": _TEXT},
    "Allow": {"description": "What is possible here", "schema": _TEXT},
}
_OF_STATUS: dict[int, tuple[str, ...]] = {401: ("WWW-Authenticate",), 503: ("Retry-After",), 429: ("Retry-After",)}


def complete(app: FastAPI) -> None:
    """Let the application answer the completed document."""

    plain = app.openapi

    def document() -> Json:
        if app.openapi_schema is None:
            completed(plain())
        return plain()

    app.openapi = document  # type: ignore[method-assign]  # the framework's way to change the document


def completed(document: Json) -> Json:
    """Return the document with problems, headers and exact parameters on every operation."""
    schemas = document["components"]["schemas"]
    model = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(model.pop("$defs"), Problem=model)
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    for method, operation in _operations(document):
        exact = PARAMETERS | (OF_DIFFERENCES if operation["operationId"].startswith("diff_") else {})
        for parameter in operation.get("parameters", ()):
            _describe(parameter, exact.get(parameter["name"].lower()))
        _answers(method, operation)
    return document


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path in document["paths"].values():
        yield from path.items()


def _describe(parameter: Json, exact: Json | None) -> None:
    """Describe a parameter as it is checked. One that is left out is absent, never null."""
    schema: Json = parameter["schema"]
    options = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if exact is not None:
        schema.pop("anyOf", None)
        schema.update(exact)
    elif len(options) == 1:
        del schema["anyOf"]
        schema.update(options[0])
    elif options:
        schema["anyOf"] = options


def _answers(method: str, operation: Json) -> None:
    answers: Json = operation["responses"]
    if MEDIA_TYPE not in answers.get("422", {}).get("content", ()):
        answers.pop("422", None)  # the framework's own, which is never sent
    for status in OF_ALL + (OF_WRITES if method == "post" else ()):
        answers.setdefault(str(status), {})
        answers[str(status)] = {**problem(status), **answers[str(status)]}
    names = {parameter["name"].lower() for parameter in operation.get("parameters", ())}
    if "accept-datetime" in names:
        answers["302"] = problem(302, "Location")
    for code, answer in answers.items():
        if code.startswith("2"):
            shown = ("X-Trace-Id", *_shown_by(names, answer))
            answer.setdefault("headers", {}).update({name: {**HEADERS[name], "required": True} for name in shown})


def _shown_by(names: set[str], answer: Json) -> tuple[str, ...]:
    """Return the headers of a good answer: a receipt's, or those of a read at a moment."""
    if "if-match" in names:
        return ("X-Position", "ETag", "Location")
    return ("X-Position",) if names & {"at", "from"} else ()


def problem(status: int, *headers: str) -> Json:
    """Return the description of a problem."""
    shown = ("X-Trace-Id", *headers, *_OF_STATUS.get(status, ()))
    return {
        "description": TITLES.get(status, "To the resource as of that moment"),
        "headers": {name: {**HEADERS[name], "required": True} for name in shown},
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
