"""Who waits for a position keeps nobody else from being answered."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from projections.runner import Runner
from service.api import app as application
from service.ledger import Ledger
from service.settings import Settings
from service.views import open_views
from tests.service.ledgers import begin

MANY = 100
"""More than there are threads to wait in."""


@dataclass
class Behind:
    """An application whose record has gone on, and whose views show nothing of it yet."""

    app: FastAPI
    ledger: Ledger
    views: Runner
    incident: str

    def client(self) -> httpx2.AsyncClient:
        """Return a client that calls the application in this process."""
        transport = httpx2.ASGITransport(app=self.app)
        return httpx2.AsyncClient(transport=transport, base_url="http://desk", timeout=60)


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Behind]:
    settings = Settings(data=tmp_path, open_reading=True)
    with Ledger.open(settings) as ledger, open_views(Settings(data=tmp_path)) as views:
        incident, _ = begin(ledger)
        app = application.bare_app()
        application.provide(app, settings, ledger, views)
        app.state.began_at = 0
        yield Behind(app, ledger, views, str(incident))


def test_reads_that_wait_keep_neither_health_nor_other_reads_waiting(behind: Behind) -> None:
    async def told() -> list[httpx2.Response]:
        async with behind.client() as client:
            wait = {"X-Wait-Position": str(behind.ledger.head())}
            paths = (f"/api/v1/incidents/{behind.incident}", "/api/v1/changes?limit=1")
            waiting = [asyncio.create_task(client.get(paths[n % 2], headers=wait)) for n in range(MANY)]
            others = [await client.get(path) for path in ("/healthz/ready", "/metrics", "/api/v1/incidents")]
            assert [answer.status_code for answer in others] == [200, 200, 200]
            assert not any(task.done() for task in waiting)
            await asyncio.to_thread(behind.views.catch_up, behind.ledger.read_raw)
            return await asyncio.gather(*waiting)

    for answer in asyncio.run(told()):
        assert (answer.status_code, answer.headers["x-position"]) == (200, str(behind.ledger.head()))
