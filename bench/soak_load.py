"""Who works at a desk that is soaked: writers, readers, and one who listens to the stream, each in turns of its own.

Law: each does what a good client does: it sends a key with each write, waits as long as `Retry-After` says, and asks
again with the same key. What it cannot act on is noted as a failure, and it goes on.
"""

import asyncio
import time
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import uuid4

import httpx2

from bench.desk import sentence

API = "/api/v1"
ROLES = {"write": 4, "read": 3, "past": 2, "differ": 1, "search": 1, "download": 1, "listen": 1}
"""How many there are of each."""
WHY = "as reported"
LONG = 300
"""Events of an incident, after which it is told: the next one is opened."""
KEPT = 100
"""Claims that a writer still has in mind, and incidents that are read after they are told."""
DOWNLOADS = ("claims.ndjson", "claims.csv", "reports.json", "timeline.ndjson", "evidence.csv")
WORDS = ("troops", "governor", "border", "miles", "тривають")
TRIES = 60
"""Times that something is asked again before that is a failure."""


@dataclass
class Seen:
    """What became of all requests: seconds by kind, how often each status came, and what nobody could act on."""

    seconds: dict[str, "array[float]"] = field(default_factory=dict)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    begun: int = 0
    """The position at which all was ready to be worked on."""
    position: int = 0
    heard: int = 0

    def took(self, kind: str, seconds: float) -> None:
        """Note how long an answer took."""
        self.seconds.setdefault(kind, array("d")).append(seconds)

    def told_of(self, kind: str) -> str:
        """Return how many answers of a kind were no success, by status."""
        others = [
            f"{n} of {status}" for (of, status), n in sorted(self.statuses.items()) if of == kind and status > 299
        ]
        return ", ".join(others) or "none"

    def failed(self, kind: str, what: str) -> None:
        """Note what a client could not act on."""
        self.failures.append(f"{kind}: {what}")


@dataclass
class Board:
    """The incidents of a desk: those that are worked on, and those that are told, with the positions since when."""

    open: dict[str, int]
    told: dict[str, int] = field(default_factory=dict)

    def any(self, chance: Random) -> tuple[str, int]:
        """Return an incident that is read, more often one that is worked on."""
        return chance.choice([*self.open.items(), *self.open.items(), *self.told.items()])

    def close(self, incident: str) -> bool:
        """Let an incident be told, and say whether it was not."""
        since = self.open.pop(incident, None)
        if since is not None:
            self.told = dict([*self.told.items(), (incident, since)][-KEPT:])
        return since is not None


@dataclass
class Worker:
    """One at the desk: a connection, what it knows, and how long it rests between two requests."""

    client: httpx2.AsyncClient
    board: Board
    sources: list[str]
    seen: Seen
    chance: Random
    rest: float
    ending: asyncio.Event
    claims: list[tuple[str, str]] = field(default_factory=list)
    reports: dict[str, str] = field(default_factory=dict)

    async def work(self, turn: Callable[["Worker"], Awaitable[None]]) -> None:
        """Take one turn after the other until all is to end."""
        while not self.ending.is_set():
            await turn(self)
            await self._pause(self.chance.uniform(0, 2 * self.rest))

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.ending.wait(), seconds)
        except TimeoutError:
            return

    async def post(self, kind: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Write, with a key for retries; return the receipt, None where there is none."""
        headers = {"Idempotency-Key": str(uuid4())}
        answer = await self._asked(kind, lambda: self.client.post(f"{API}{path}", json=body, headers=headers))
        if answer is None or answer.status_code not in (200, 201):
            return None
        receipt: dict[str, Any] = answer.json()
        self.seen.position = max(self.seen.position, receipt["position"])
        return receipt

    async def get(self, kind: str, path: str, **query: Any) -> httpx2.Response | None:
        """Read; return the answer, None where there is none."""
        return await self._asked(kind, lambda: self.client.get(f"{API}{path}", params=query))

    async def _asked(self, kind: str, ask: Callable[[], Awaitable[httpx2.Response]]) -> httpx2.Response | None:
        for _ in range(TRIES):
            begun = time.perf_counter()
            try:
                answer = await ask()
            except httpx2.TransportError as problem:
                self.seen.failed(kind, f"no answer: {problem!r}")
                return None
            self.seen.took(kind, time.perf_counter() - begun)
            self.seen.statuses[kind, answer.status_code] += 1
            again = answer.headers.get("Retry-After")
            if answer.status_code not in (429, 503) or again is None:
                break
            await self._pause(float(again))
        if answer.status_code >= 500:
            self.seen.failed(kind, f"{answer.status_code} {answer.text[:300]}")
        return answer


async def write(one: Worker) -> None:
    """Make a claim; now and then receive a report, assess a claim or retract one."""
    incident = one.chance.choice(list(one.board.open))
    drawn = one.chance.random()
    if incident not in one.reports or drawn < 0.1:
        body = {"source": one.chance.choice(one.sources), "title": sentence(one.chance, 40)}
        if (receipt := await one.post("report", f"/incidents/{incident}/reports", body)) is not None:
            one.reports[incident] = receipt["ids"]["report"]
    elif one.claims and drawn < 0.25:
        at, claim = one.chance.choice(one.claims)
        body = {"assessment": one.chance.choice(["unverified", "contested"]), "reason": WHY}
        await one.post("assessment", f"/incidents/{at}/claims/{claim}/assessment", body)
    elif one.claims and drawn < 0.35:
        at, claim = one.claims.pop(one.chance.randrange(len(one.claims)))
        body = {"by": "desk", "code": "error", "reason": WHY}
        await one.post("retraction", f"/incidents/{at}/claims/{claim}/retraction", body)
    else:
        await _claim(one, incident)


async def _claim(one: Worker, incident: str) -> None:
    wording = {"text": sentence(one.chance), "language": "en"}
    body = {"report": one.reports[incident], "wording": wording}
    if (receipt := await one.post("claim", f"/incidents/{incident}/claims", body)) is not None:
        one.claims = [*one.claims[-KEPT:], (incident, receipt["ids"]["claim"])]
        if receipt["version"] >= LONG and len(one.board.open) > 1 and one.board.close(incident):
            await _open(one)


async def _open(one: Worker) -> None:
    receipt = await one.post("incident", "/incidents", {"title": sentence(one.chance, 40)})
    if receipt is not None:
        one.board.open[receipt["ids"]["incident"]] = receipt["position"]


async def read(one: Worker) -> None:
    """Read a page as it is now."""
    incident, _ = one.board.any(one.chance)
    path = one.chance.choice(["/incidents", f"/incidents/{incident}", *_lists(incident)])
    await one.get("page, now", path)


async def past(one: Worker) -> None:
    """Read a page as it was at some position."""
    incident, since = one.board.any(one.chance)
    path = one.chance.choice([f"/incidents/{incident}", *_lists(incident)])
    await one.get("page, in the past", path, at=one.chance.randint(since, one.seen.position))


def _lists(incident: str) -> list[str]:
    return [f"/incidents/{incident}/{name}" for name in ("claims", "timeline", "reports", "review")]


async def differ(one: Worker) -> None:
    """Ask what changed within some positions."""
    incident, since = one.board.any(one.chance)
    last = one.seen.position
    first = max(last - one.chance.randint(1, 2_000), since)
    await one.get("difference", f"/incidents/{incident}/diff", **{"from": first, "to": last})


async def search(one: Worker) -> None:
    """Search for a word."""
    await one.get("search", "/search", q=one.chance.choice(WORDS))


async def download(one: Worker) -> None:
    """Take a whole list."""
    incident, _ = one.board.any(one.chance)
    await one.get("download", f"/incidents/{incident}/{one.chance.choice(DOWNLOADS)}")


async def listen(one: Worker) -> None:
    """Follow the stream for a while, and come back behind what was heard: nothing is missed, nothing comes twice."""
    for_so_long = one.chance.uniform(5, 60)
    query: dict[str, Any] = {"after": one.seen.heard}
    stopping = asyncio.create_task(one.ending.wait())
    hearing = asyncio.create_task(_hear(one, query))
    await asyncio.wait({stopping, hearing}, timeout=for_so_long, return_when=asyncio.FIRST_COMPLETED)
    for task in (stopping, hearing):
        task.cancel()
    await asyncio.gather(stopping, hearing, return_exceptions=True)


async def _hear(one: Worker, query: dict[str, Any]) -> None:
    try:
        async with one.client.stream("GET", f"{API}/stream", params=query, timeout=60) as answer:
            one.seen.statuses["stream", answer.status_code] += 1
            if answer.status_code != 200:
                return
            async for line in answer.aiter_lines():
                if line.startswith("id:"):
                    _heard(one, int(line.removeprefix("id:")))
    except httpx2.TransportError as problem:
        one.seen.failed("stream", f"it broke off: {problem!r}")


def _heard(one: Worker, position: int) -> None:
    if position != one.seen.heard + 1:
        one.seen.failed("stream", f"position {position} came after {one.seen.heard}")
    one.seen.heard = position


TURNS: dict[str, Callable[[Worker], Awaitable[None]]] = {
    "write": write,
    "read": read,
    "past": past,
    "differ": differ,
    "search": search,
    "download": download,
    "listen": listen,
}
