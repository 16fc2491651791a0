"""A client that costs little: requests over kept connections, in a process of its own.

Reads a job from standard input, `Job` as JSON, and writes what it saw to standard output, `Seen` as JSON.
"""

import asyncio
import sys
import time
from dataclasses import asdict, dataclass
from typing import cast

import orjson
import uvloop


@dataclass(frozen=True, slots=True)
class Job:
    """What to send: each body once, over so many connections, to the paths in turn."""

    port: int
    connections: int
    paths: list[str]
    bodies: list[str]
    key: str
    retry_keys: str
    """What the Idempotency-Keys begin with; none is sent where it is empty."""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Seen:
    """What came back: seconds of the whole, seconds of each request, and how many answers were not of success."""

    seconds: float
    latencies: list[float]
    failed: int


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._buffer, self._waiting = b"", asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer the waiting request once its whole response is there."""
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if found and len(body) >= int(length or 0):
            self._buffer = b""
            self._waiting.set_result(head[9:12] in (b"200", b"201"))

    def connection_lost(self, error: Exception | None) -> None:
        """Tell whoever waits that nothing comes any more."""
        if not self._waiting.done():
            self._waiting.set_exception(ConnectionError("the server closed the connection"))

    async def ask(self, request: bytes) -> bool:
        """Send a request and tell whether it was answered with success."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        answered: bool = await self._waiting
        return answered

    def close(self) -> None:
        """Let go of the connection."""
        self._waiting.cancel()
        if self._transport is not None:
            self._transport.close()


def requests_of(job: Job) -> list[bytes]:
    """Return the bytes of all requests: made before the clock runs."""
    requests = []
    for n, text in enumerate(job.bodies):
        body = text.encode()
        retry = f"Idempotency-Key: {job.retry_keys}-{n}\r\n" if job.retry_keys else ""
        head = (
            f"{job.method} {job.paths[n % len(job.paths)]} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {job.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{retry}\r\n"
        )
        requests.append(head.encode() + body)
    return requests


async def work(job: Job) -> Seen:
    """Send all requests, each connection the next one as soon as it is free."""
    loop, latencies, failed = asyncio.get_running_loop(), [], 0
    requests = iter(requests_of(job))
    connections = [(await loop.create_connection(Connection, "127.0.0.1", job.port))[1] for _ in range(job.connections)]

    async def one(connection: Connection) -> None:
        nonlocal failed
        for request in requests:
            begun = time.perf_counter()
            failed += not await connection.ask(request)
            latencies.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(one(connection) for connection in connections))
    seconds = time.perf_counter() - begun
    for connection in connections:
        connection.close()
    return Seen(seconds, latencies, failed)


if __name__ == "__main__":
    seen = uvloop.run(work(Job(**orjson.loads(sys.stdin.buffer.read()))))
    sys.stdout.buffer.write(orjson.dumps(asdict(seen)))
