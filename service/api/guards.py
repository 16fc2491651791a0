"""What every request passes first: size and depth limits, a trace id, and the safety headers on the way out.

Law: a body is never read beyond its limit.
"""

import uuid
from collections.abc import Iterable

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import DOCS, MEDIA_TYPE, TITLES

log = structlog.get_logger()

SAFETY: tuple[tuple[bytes, bytes], ...] = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        b" font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
MAX_DEPTH = 32


class TooLarge(Exception):
    """The body went beyond its limit while it was read."""


class Guards:
    """ASGI middleware: limits, trace id and safety headers. `max_body` in bytes; uploads have a limit of their own."""

    def __init__(self, app: ASGIApp, max_body: int, max_upload: int, upload_prefix: str) -> None:
        self.app, self.max_body, self.max_upload, self.upload_prefix = app, max_body, max_upload, upload_prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        trace = uuid.uuid4().hex
        scope.setdefault("state", {})["trace_id"] = trace
        headers = dict(scope["headers"])
        upload = scope["path"].startswith(self.upload_prefix)
        limit = self.max_upload if upload else self.max_body
        started = False

        async def guarded_send(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *SAFETY, (b"x-trace-id", trace.encode())]
            await send(message)
            started = True

        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > limit:
            await _refuse(guarded_send, 413, "TooLarge", f"the body is larger than {limit} bytes", trace)
            return
        try:
            if upload or scope["method"] in ("GET", "HEAD"):
                await self.app(scope, _counting(receive, limit), guarded_send)
            else:
                await self._with_body(scope, _counting(receive, limit), guarded_send, trace)
        except TooLarge:
            if not started:
                await _refuse(guarded_send, 413, "TooLarge", f"the body is larger than {limit} bytes", trace)
        except Exception as fault:
            log.error("unexpected", path=scope["path"], trace_id=trace, exc_info=fault)
            if started:  # what was begun cannot be taken back: the server cuts it short
                raise
            await _refuse(guarded_send, 500, "Unexpected", "this is our fault: report it with the trace_id", trace)

    async def _with_body(self, scope: Scope, receive: Receive, send: Send, trace: str) -> None:
        body = await _whole(receive)
        if body is None:
            return
        if depth_of(body) > MAX_DEPTH:
            await _refuse(send, 400, "TooDeep", f"the body is nested deeper than {MAX_DEPTH} levels", trace)
            return
        await self.app(scope, _replay(body, receive), send)


def _counting(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise TooLarge
        return message

    return counted


async def _whole(receive: Receive) -> bytes | None:
    """Return the whole body, or None where the client went away."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


def depth_of(body: bytes) -> int:
    """Return an upper bound of how deep the brackets of a JSON text nest, without parsing it."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return 0
    return _deepest(body)


def _deepest(body: Iterable[int]) -> int:
    depth = deepest = 0
    inside = escaped = False
    for byte in body:
        if inside:
            inside, escaped = (byte != 0x22 or escaped), byte == 0x5C and not escaped
        elif byte == 0x22:
            inside = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


async def _refuse(send: Send, status: int, name: str, detail: str, trace: str) -> None:
    problem = {"type": f"{DOCS}#{name}", "title": TITLES[status], "status": status, "detail": detail}
    body = orjson.dumps({**problem, "errors": [], "trace_id": trace})
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    headers.append((b"cache-control", b"no-store"))
    if status == 413:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
