"""What the OpenAPI document says of every route alike: headers, problems, and examples that the service gave.

The examples in `answers.json` are answers to the Kursk story, written by `make docs` and checked by a test.
"""

from pathlib import Path
from typing import Any

import orjson

from service.api.media import JSON, JSON_PATCH, NDJSON, Form

ANSWERS: dict[str, Any] = orjson.loads((Path(__file__).parent / "answers.json").read_bytes())
"""An answer of each operation that has one, by its operation id."""

Headers = dict[str, dict[str, Any]]
Answers = dict[int | str, dict[str, Any]]


def _text(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}, "example": example}


LIMITS: Headers = {
    "RateLimit": _text("What is left: requests, and seconds until there are more", '"reads";r=29999;t=60'),
    "RateLimit-Policy": _text("The limit: requests in a window of seconds", '"reads";q=30000;w=60'),
}
POSITION = _text("The position of the log that the answer shows, or at which the write stands", "108")
ETAG = _text("Changes whenever the answer would; of an incident, its version", '"42"')
READ: Headers = {
    "ETag": ETAG,
    "X-Position": POSITION,
    "Cache-Control": _text("Immutable for a moment of the past, else to be asked again", "private, no-cache"),
    "Vary": _text("What the answer depends on beside the address", "Accept-Datetime, Authorization, Accept"),
    "Link": _text(
        "RFC 7089: original, timegate, timemap; and the next page", '</api/v1/incidents?cursor=WzQy>; rel="next"'
    ),
    "Memento-Datetime": _text(
        "RFC 7089: of a past moment, when its position was recorded", "Thu, 08 Aug 2024 08:57:00 GMT"
    ),
    **LIMITS,
}
WRITTEN: Headers = {
    "ETag": _text("The version that the aggregate has now: send it as If-Match", '"42"'),
    "X-Position": POSITION,
    "Location": _text("Where to read what was written", "/api/v1/incidents/018f3a00-0000-7000-8000-000000000061"),
    "Idempotency-Replayed": _text("`true` where this is the answer to an earlier request with the same key", "true"),
    **LIMITS,
}
PARAMETERS: dict[str, str] = {
    "If-Match": "Write only where the aggregate still has this version: the ETag of the incident, source or account",
    "Idempotency-Key": "A name for this request: sent again within 24 h, it gets the same answer",
    "incident": "Id of the incident",
    "claim": "Id of the claim",
    "source": "Id of the source",
    "account": "Id of the account",
    "evidence": "Id of the evidence",
    "figure": "Id of the figure",
    "report": "Id of the report",
    "bulletin": "Id of the bulletin",
    "task": "Id of the task",
    "key": "Id of the key: the part of it that is no secret",
    "state": "Only in this state",
    "kind": "Only of this kind",
    "reference": "Only what another system knows by this name",
    "subject": "Only about the thing with this id",
    "short_id": "Only with this short id",
    "country": "Only of this country (ISO 3166-1, two letters)",
    "name": "Only with this name",
    "tag": "Only with this tag",
    "record_state": "Only in one of these states of the record",
    "assessment": "Only with this assessment of the desk",
    "group": "Only in this group of assessments",
    "finding": "Only with this finding of its last examination",
    "hash": "Only with this hash, as sha256:<hex>",
    "by": "Only by this account",
    "to": "Only for this account",
    "language": "Only in this language (BCP 47)",
    "party": "Only of this party",
    "reliability": "Only graded so (Admiralty code)",
}
"""What a parameter means where its route does not say it itself."""


def read_answers(offered: tuple[Form, ...]) -> Answers:
    """Return what a read answers: 200 in the forms that it offers."""
    return {200: {"description": "As asked", "content": {form.essence: _content(form) for form in offered}}}


def _content(form: Form) -> dict[str, Any]:
    if form is JSON:
        return {}
    kind = "array" if form is JSON_PATCH else "object" if "json" in form.essence and form is not NDJSON else "string"
    return {"schema": {"type": kind}}


IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of an earlier answer: where it still holds, the answer is 304",
    "schema": {"type": "string"},
    "example": '"42"',
}


def describe(method: str, operation: dict[str, Any]) -> None:
    """Describe the parameters and headers of an operation, and give its examples."""
    parameters, answers = operation.setdefault("parameters", []), operation["responses"]
    for parameter in parameters:
        parameter.setdefault("description", PARAMETERS.get(parameter["name"]))
    if operation["operationId"] in ANSWERS:  # here, since the framework leaves out what an example holds as null
        (content, *_) = answers["200"]["content"].values()
        content["example"] = ANSWERS[operation["operationId"]]
    if method == "get":
        parameters.append(IF_NONE_MATCH)
        kept = {name: header for name, header in READ.items() if name not in LIMITS}
        answers["304"] = {"description": "Nothing changed since the tag in If-None-Match", "headers": kept}
    for status, answer in answers.items():
        good = (READ if method == "get" else WRITTEN) if status in ("200", "201") else {}
        answer["headers"] = {**LIMITS, **good, **answer.get("headers", {})}
