"""How often anybody may ask: a limit for each key, and, without one, for each address.

Law: what is counted is the key that was proven, never the one that was only sent: a made-up key counts for the address
that sent it. Health is never limited. The counts are this process's own and do not outlive it.
"""

import asyncio
import ipaddress
import math
import time
from dataclasses import dataclass
from functools import lru_cache

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.callers import proven
from service.api.guards import header_of, refuse
from service.api.problems import AWAY
from service.ledger import Ledger
from service.settings import Settings
from service.store.log import StoreError

log = structlog.get_logger()

LIMITED = "/api/"
"""The paths that are limited; health, metrics and the documentation are not."""
READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit with its name, as the RateLimit headers give it."""

    name: str
    item: RateLimitItem


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands with a limit: whether it was reached, how many are left, and in how many seconds one more."""

    limit: Limit
    reached: bool
    left: int
    seconds: int


class Limits:
    """ASGI middleware: counts requests and failed keys, and tells how the caller stands with each answer."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._reads = _limit("reads", settings.reads_per_minute)
        self._writes = _limit("writes", settings.writes_per_minute)
        self._failures = _limit("failed-keys", settings.failed_keys_per_minute)
        self._failed: dict[str, float] = {}
        """When an address last sent a key that is none, the longest ago first: of all others nothing is asked."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it with 429."""
        if scope["type"] != "http" or not scope["path"].startswith(LIMITED):
            await self.app(scope, receive, send)
            return
        address, sent = address_of(scope), _sent(scope)
        if sent is not None and await self._guessed_too_often(scope, send, address):
            return
        limit = self._reads if scope["method"] in READING else self._writes
        try:  # counts a key that is none, also where nothing else is limited
            whose = await self._whose(scope, sent, address)
        except StoreError as problem:
            log.error("no key can be looked up", error=str(problem))
            await refuse(send, 503, "Unavailable", AWAY, scope["state"]["trace_id"], [(b"retry-after", b"1")])
            return
        if limit is None:
            await self.app(scope, receive, send)
            return
        standing = await self._hit(limit, whose)
        if standing.reached:
            await _too_many(scope, send, standing, f"{limit.item.amount} {limit.name} a minute are allowed")
        else:
            await self.app(scope, receive, _telling(send, standing))

    async def _guessed_too_often(self, scope: Scope, send: Send, address: str) -> bool:
        """Refuse who sent too many keys that are none, before this one is looked at: guessing must teach nothing."""
        limit = self._failures
        if limit is None or address not in self._failed or await self._limiter.test(limit.item, address):
            return False
        standing = await self._standing(limit, address, reached=True)
        await _too_many(scope, send, standing, "too many keys were sent from your address that are not valid")
        return True

    async def _whose(self, scope: Scope, sent: str | None, address: str) -> str:
        """Return for whom a request counts: the key that it proves to have, or the address it comes from."""
        if sent is None:
            return address
        ledger: Ledger = scope["app"].state.ledger
        # A server that does not answer must not hold up the event loop; a file does not keep anybody waiting.
        key = await asyncio.to_thread(proven, ledger, sent) if ledger.is_shared else proven(ledger, sent)
        scope["state"]["proven"] = key
        if key is None and self._failures is not None:
            self._note_failure(address, self._failures.item.get_expiry())
            await self._limiter.hit(self._failures.item, address)
        return address if key is None else f"key {key.id}"

    def _note_failure(self, address: str, window: int) -> None:
        """Remember who failed, as long as it can count: in the window of the failure and in the next one."""
        now = time.monotonic()
        self._failed.pop(address, None)
        self._failed[address] = now
        while next(iter(self._failed.values())) < now - 2 * window:
            del self._failed[next(iter(self._failed))]

    async def _hit(self, limit: Limit, whose: str) -> Standing:
        passed = await self._limiter.hit(limit.item, whose)
        return await self._standing(limit, whose, reached=not passed)

    async def _standing(self, limit: Limit, whose: str, *, reached: bool) -> Standing:
        stats = await self._limiter.get_window_stats(limit.item, whose)
        return Standing(limit, reached, stats.remaining, max(math.ceil(stats.reset_time - time.time()), 1))


def address_of(scope: Scope) -> str:
    """Return the address that a request comes from; of IPv6 its network of 64 bits, which one caller has whole."""
    return _network(scope["client"][0] if scope.get("client") else "")


@lru_cache(maxsize=1_024)
def _network(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


def _limit(name: str, per_minute: int) -> Limit | None:
    return Limit(name, RateLimitItemPerMinute(per_minute, namespace=name)) if per_minute > 0 else None


def _sent(scope: Scope) -> str | None:
    """Return the key that a request sends; what is no bearer's key is one that is not valid."""
    sent = header_of(scope, b"authorization")
    if sent is None:
        return None
    scheme, _, secret = sent.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else sent


def _headers(standing: Standing) -> list[tuple[bytes, bytes]]:
    """Return RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers)."""
    name, item = standing.limit.name, standing.limit.item
    policy = f'"{name}";q={item.amount};w={item.get_expiry()}'
    left = f'"{name}";r={standing.left};t={standing.seconds}'
    return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", left.encode())]


def _telling(send: Send, standing: Standing) -> Send:
    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *_headers(standing)]
        await send(message)

    return told


async def _too_many(scope: Scope, send: Send, standing: Standing, why: str) -> None:
    detail = f"{why}: wait {standing.seconds} s, as Retry-After says"
    headers = [*_headers(standing), (b"retry-after", str(standing.seconds).encode())]
    await refuse(send, 429, "TooManyRequests", detail, scope["state"]["trace_id"], headers)
