"""The documentation that the service carries: Swagger UI from its own files, and a page of the problems."""

import html
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.staticfiles import StaticFiles

from domain.refusals import Refused

STATIC = Path(__file__).parent.parent / "static"

SWAGGER = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>On Record: the API</title>
<link rel="stylesheet" href="/static/swagger/swagger-ui.css"></head>
<body><div id="swagger"></div>
<script src="/static/swagger/swagger-ui-bundle.js"></script>
<script src="/static/swagger/start.js"></script></body></html>
"""

FAULTS: dict[str, str] = {
    "MalformedJson": "The body is not JSON, or not UTF-8.",
    "TooDeep": "The body is nested too deeply.",
    "TooLarge": "The body is larger than the limit.",
    "TooLong": "The event would take more bytes than one may have: keep long texts as evidence.",
    "NotJson": "The body must be sent as application/json.",
    "InvalidFields": "Some fields are not valid; `errors` names each by a JSON pointer.",
    "NoKey": "A key is needed: Authorization: Bearer orc_...",
    "InvalidKey": "The key is not valid, has expired or was revoked.",
    "KeyNoLongerValid": "The key expired or was revoked, or its account was closed, before the request had its turn.",
    "NotAllowed": "The account lacks the role that this takes, or lost it before the request had its turn.",
    "UnknownRoute": "Nothing is at this address.",
    "UnknownThing": "The record held no such thing at that moment.",
    "MethodNotAllowed": "The address is there, the method is not.",
    "StaleVersion": "The incident changed since the version in If-Match.",
    "BadIfMatch": "If-Match takes the ETag of the incident.",
    "BadIdempotencyKey": "Idempotency-Key takes 1 to 200 printable ASCII characters.",
    "BadCorrelationId": "X-Correlation-Id takes 1 to 200 printable ASCII characters.",
    "IdempotencyMismatch": "The Idempotency-Key was used for another request.",
    "UnknownParameter": "The address takes no such parameter.",
    "BadMoment": "`at` takes a position or an RFC 3339 time.",
    "FutureMoment": "The moment lies ahead of the record.",
    "BadAcceptDatetime": "Accept-Datetime takes an HTTP date.",
    "BadWaitPosition": "X-Wait-Position takes a position.",
    "BadCursor": "The cursor is not one of ours: begin again without it.",
    "view-behind": "The views do not show the position yet.",
    "view-failed": "A view stopped at an event: it answers for the positions before, and needs an operator.",
    "NotAcceptable": "The resource is not offered in a form that Accept takes.",
    "NotAssessed": "The desk has not assessed the claim: there is no review of it.",
    "TooManyRequests": "The limit of requests was reached: wait as Retry-After says.",
    "NoNotary": "This process has no key of the log: nothing can be proven here.",
    "LogContradicted": "The log is not what was signed before: nothing is signed until an operator has seen to it.",
    "NoVault": "The server has no vault: nothing can be sealed, opened or erased there.",
    "BadVault": "The vault cannot be used now: it is not mounted, full, or has another master key. Tell the operator.",
    "KeyMissing": "The vault lacks the key of a person who is not erased: tell the operator.",
    "KeyNotDestroyed": "The erasure is recorded; the key could not be destroyed yet, which is tried again.",
    "PassageInTheClear": "The reason, or who ordered it, has in it what is sealed: say it without.",
    "NotRetried": "The request is a look of its own, each time: it takes neither Idempotency-Key nor If-Match.",
    "TooManySeals": "The text has more seals than are opened at a time: send it in parts.",
    "QueueFull": "Too many writes wait: try again as Retry-After says.",
    "TooManyDownloads": "Too many downloads are under way: try again as Retry-After says, or read in pages.",
    "Unavailable": "The database is away: try again as Retry-After says.",
    "EvidenceDamaged": "The stored bytes are not those that were stored.",
    "EmptyImport": "The import held no byte.",
    "NotNdjson": "An import must be sent as application/x-ndjson.",
    "EmptyEvidence": "The upload held no byte.",
    "Unexpected": "A fault of ours: report it with the trace_id.",
}
"""The errors of the interface; those of the record are the refusals of the domain."""


def mount(app: FastAPI) -> None:
    """Add /docs, /docs/problems and the static files."""
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/docs", include_in_schema=False, response_class=HTMLResponse)
    def docs() -> str:
        return SWAGGER

    @app.get("/verify", include_in_schema=False)
    def verify() -> RedirectResponse:
        return RedirectResponse("/static/verify/index.html")

    @app.get("/docs/problems", include_in_schema=False, response_class=HTMLResponse)
    def problems() -> str:
        return PROBLEMS_PAGE


def _problems_page() -> str:
    refusals = {kind.__name__: (kind.__doc__ or "").strip() for kind in _leaves(Refused)}
    rows = "".join(
        f'<dt id="{name}"><code>{name}</code></dt><dd>{html.escape(text)}</dd>'
        for name, text in sorted({**FAULTS, **refusals}.items())
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>On Record: problems</title></head>'
        f"<body><h1>Problems</h1><p>What each <code>type</code> of an error means.</p><dl>{rows}</dl></body></html>"
    )


def _leaves(kind: type[Refused]) -> list[type[Refused]]:
    below = kind.__subclasses__()
    return [leaf for child in below for leaf in _leaves(child)] if below else [kind]


PROBLEMS_PAGE = _problems_page()
