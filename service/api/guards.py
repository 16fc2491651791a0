"""What every request passes first: size and depth limits, a trace id, and the safety headers on the way out.

Law: a body is never read beyond its limit.
"""

import random
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


def header_of(scope: Scope, name: bytes) -> str | None:
    """Return a header, the first of its name, which is given in small letters as the server gives them."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None


class TooLarge(Exception):
    """The body went beyond its limit while it was read."""


class Safety:
    """ASGI middleware, the outermost: trace id and safety headers on every answer, a fault of ours as a problem.

    HEAD is answered as GET, without its content.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        trace = f"{random.getrandbits(128):032x}"  # a name, not a secret: nothing that asks the system for each
        scope.setdefault("state", {})["trace_id"] = trace
        head = scope["method"] == "HEAD"
        if head:  # answered as the GET would be (RFC 9110 9.3.2); the server's own scope still says HEAD
            scope["state"]["head"] = True
            scope = {**scope, "method": "GET"}

        started = False

        async def guarded_send(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *SAFETY, (b"x-trace-id", trace.encode())]
            elif head:
                message = {**message, "body": b""}
            await send(message)
            started = True

        if "\x00" in scope["path"]:  # no name holds it, and not every database can be asked for it
            await refuse(guarded_send, 404, "UnknownRoute", "nothing is at such an address: see /docs", trace)
            return
        try:
            await self.app(scope, receive, guarded_send)
        except Exception as fault:
            log.error("unexpected", path=scope["path"], trace_id=trace, exc_info=fault)
            if started:  # what was begun cannot be taken back: the server cuts it short
                raise
            await refuse(guarded_send, 500, "Unexpected", "this is our fault: report it with the trace_id", trace)


class Bodies:
    """ASGI middleware: how large and how deep a body may be. In bytes; `streamed` paths have a limit of their own."""

    def __init__(self, app: ASGIApp, max_body: int, max_streamed: int, streamed: tuple[str, ...]) -> None:
        self.app, self.max_body, self.max_streamed, self.streamed = app, max_body, max_streamed, streamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse its body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        streamed = scope["path"].startswith(self.streamed)
        limit = self.max_streamed if streamed else self.max_body
        length = header_of(scope, b"content-length") or "0"
        if not length.isdecimal() or int(length) > limit:
            await _too_large(scope, send, limit)
        elif streamed or scope["method"] == "GET":
            await self._streaming(scope, receive, send, limit)
        else:
            await self._with_body(scope, receive, send, limit)

    async def _streaming(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        started = False

        async def noting_send(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, _counting(receive, limit), noting_send)
        except TooLarge:
            if not started:
                await _too_large(scope, send, limit)

    async def _with_body(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        try:
            body = await _whole(_counting(receive, limit))
        except TooLarge:
            await _too_large(scope, send, limit)
            return
        if body is None:
            return
        if depth_of(body) > MAX_DEPTH:
            why = f"the body is nested deeper than {MAX_DEPTH} levels"
            await refuse(send, 400, "TooDeep", why, scope["state"]["trace_id"])
            return
        await self.app(scope, _replay(body, receive), send)


async def _too_large(scope: Scope, send: Send, limit: int) -> None:
    await refuse(send, 413, "TooLarge", f"the body is larger than {limit} bytes", scope["state"]["trace_id"])


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


Header = tuple[bytes, bytes]


async def refuse(send: Send, status: int, name: str, detail: str, trace: str, more: Iterable[Header] = ()) -> None:
    """Send a problem (RFC 9457) in the application's place."""
    problem = {"type": f"{DOCS}#{name}", "title": TITLES[status], "status": status, "detail": detail}
    body = orjson.dumps({**problem, "errors": [], "trace_id": trace})
    headers: list[Header] = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *more,
    ]
    if status == 413:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
