"""One served desk for the tests that only need one."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from domain.events import Actor
from service import demo
from service.imports import import_merged
from service.ledger import Ledger
from service.settings import Settings
from tests.e2e.desk import Desk, Server, open_account, serving


@pytest.fixture(scope="session")
def editor_key_and_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Server]]:
    data: Path = tmp_path_factory.mktemp("desk")
    key = open_account(data, "editor-1", "reporter", "verifier", "editor", "admin")
    with serving(data) as server:
        yield key, server


@pytest.fixture
def server(editor_key_and_server: tuple[str, Server]) -> Server:
    return editor_key_and_server[1]


@pytest.fixture
def editor(editor_key_and_server: tuple[str, Server]) -> Iterator[Desk]:
    key, server = editor_key_and_server
    with server.client(key) as client:
        yield Desk(client)


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """Serve the Kursk story, open for reading."""
    data: Path = tmp_path_factory.mktemp("story")
    with Ledger.open(Settings(data=data), demonstration=True) as ledger:
        assert import_merged(ledger, [demo.EXAMPLES / demo.FILES[0]], Actor()).failed == 0
    with serving(data, open_reading="true") as server, server.client() as client:
        yield client
