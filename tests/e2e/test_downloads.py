"""Downloads, however slow and however many, leave room for everybody else."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from starlette.types import Message

from domain.source_commands import RegisterSource
from projections.runner import Runner
from service.api import app as application
from service.api.downloads import Places
from service.api.lists import CHUNK, BuiltAnew
from service.ledger import Ledger
from service.settings import Settings
from service.views import open_views
from tests.service.ledgers import ask

SOURCES = CHUNK + 5
"""So many that a download reads them in two parts."""


@dataclass
class Library:
    """An application with a long list."""

    app: FastAPI
    ledger: Ledger
    views: Runner
    folder: Path

    @property
    def most(self) -> int:
        """Return how many downloads there may be at a time."""
        return Places(self.views.readers).most

    async def get(self, path: str) -> httpx2.Response:
        """Read an address to its end."""
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://desk") as client:
            return await client.get(path)


@dataclass
class Slow:
    """A client that takes the first part of an answer, and the rest only when it is told to."""

    app: FastAPI
    path: str
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    status: int = 0
    body: bytes = b""

    async def read(self) -> None:
        """Read the answer to its end."""
        path, _, query = self.path.partition("?")
        accept = [(b"accept", b"application/x-ndjson")]
        scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": accept}
        await self.app({**scope, "http_version": "1.1", "scheme": "http", "server": ("desk", 80)}, _nothing, self._take)

    async def _take(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")
        if self.body:
            self.begun.set()
            await self.go_on.wait()


async def _nothing() -> Message:
    await asyncio.Event().wait()
    raise AssertionError("nothing more is sent")


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    settings = Settings(data=tmp_path, open_reading=True)
    with Ledger.open(settings) as ledger, open_views(Settings(data=tmp_path)) as views:
        ledger.execute_many(ask(RegisterSource(name=f"Source {n}", kind="outlet")) for n in range(SOURCES))
        views.catch_up(ledger.read_raw)
        app = application.bare_app()
        application.provide(app, settings, ledger, views)
        yield Library(app, ledger, views, tmp_path)


def while_they_read(
    library: Library, slow: Callable[[], list[Slow]], then: Callable[[], Awaitable[None]]
) -> tuple[list[Slow], list[BaseException | None]]:
    """Let clients begin to read, do something then, let them go on, and return them with how each ended."""

    async def run() -> tuple[list[Slow], list[BaseException | None]]:
        clients = slow()
        reading = [asyncio.create_task(one.read()) for one in clients]
        for one in clients:
            await one.begun.wait()
        await then()
        for one in clients:
            one.go_on.set()
        return clients, await asyncio.gather(*reading, return_exceptions=True)

    return asyncio.run(run())


@pytest.mark.parametrize("path", ["/api/v1/sources.ndjson", f"/api/v1/sources/diff?from=0&to={SOURCES}"])
def test_more_downloads_than_there_are_places_are_told_to_come_back(library: Library, path: str) -> None:
    async def then() -> None:
        refused = await library.get("/api/v1/sources.ndjson")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.json()["type"] == "/docs/problems#TooManyDownloads"
        pages = await asyncio.gather(*(library.get("/api/v1/sources") for _ in range(2 * library.most)))
        assert {page.status_code for page in pages} == {200}

    slow, ended = while_they_read(library, lambda: [Slow(library.app, path) for _ in range(library.most)], then)
    assert ended == [None] * library.most
    assert {(one.status, len(one.body.splitlines())) for one in slow} == {(200, SOURCES)}
    after = asyncio.run(library.get("/api/v1/sources.ndjson"))
    assert (after.status_code, len(after.content.splitlines())) == (200, SOURCES)


def test_a_slow_download_holds_no_picture_of_the_views(library: Library) -> None:
    async def then() -> None:
        with closing(sqlite3.connect(library.folder / "views.sqlite", timeout=0)) as connection:
            (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert not busy, "a reader keeps what was written from being folded into the file"

    _, ended = while_they_read(library, lambda: [Slow(library.app, "/api/v1/sources.ndjson")], then)
    assert ended == [None]


def test_a_download_whose_view_is_built_anew_is_cut_short_and_never_mixed(library: Library) -> None:
    async def then() -> None:
        await asyncio.to_thread(library.views.rebuild, "sources", library.ledger.read_raw)

    (slow,), (ended,) = while_they_read(library, lambda: [Slow(library.app, "/api/v1/sources.ndjson")], then)
    assert isinstance(ended, BuiltAnew)
    assert len(slow.body.splitlines()) == CHUNK
