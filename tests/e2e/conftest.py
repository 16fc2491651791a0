"""One served desk for the tests that only need one."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from domain.events import Actor
from service import demo
from service.imports import import_merged
from service.ledger import Ledger
from service.settings import Settings
from tests import postgres
from tests.e2e.desk import Desk, Server, open_account, serving
from tests.e2e.stage import Stage


@dataclass(frozen=True)
class Served:
    """A server, and the ways to it of two people and a machine."""

    server: Server
    editor: httpx2.Client
    verifier: httpx2.Client
    machine: httpx2.Client


@contextmanager
def place_of(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Give the settings that say where a record is kept: in its data folder, or in a database of its own."""
    if request.param == "sqlite":
        yield {}
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    with server.database() as address:
        yield {"database": address}


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Return where the record of the desk is kept, which most tests share."""
    with place_of(request) as place:
        yield place


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, where: dict[str, str]) -> Iterator[Served]:
    data: Path = tmp_path_factory.mktemp("desk")
    database = where.get("database")
    editor = open_account(data, "editor-1", "reporter", "verifier", "editor", "admin", "custodian", database=database)
    verifier = open_account(data, "verifier-1", "verifier", database=database)
    machine = open_account(data, "machine-1", "verifier", kind="machine", database=database)
    # One client each for all tests: to make one costs more than what most tests ask.
    with ExitStack() as held:
        server = held.enter_context(serving(data, None, None, **where))
        yield Served(server, *(held.enter_context(server.client(key)) for key in (editor, verifier, machine)))


@pytest.fixture
def server(served: Served) -> Server:
    return served.server


@pytest.fixture
def editor(served: Served) -> Desk:
    return Desk(served.editor)


@pytest.fixture
def verifier(served: Served) -> Desk:
    return Desk(served.verifier)


@pytest.fixture(scope="session")
def story(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, where: dict[str, str]
) -> Iterator[httpx2.Client]:
    """Serve the Kursk story, open for reading."""
    data: Path = tmp_path_factory.mktemp("story")
    with ExitStack() as held:
        if where:  # a database of its own: the desk has the other one
            server: postgres.Server = request.getfixturevalue("postgres_server")
            where = {"database": held.enter_context(server.database())}
        with Ledger.open(Settings.read(data=data, **where), demonstration=True) as ledger:
            assert import_merged(ledger, [demo.EXAMPLES / demo.FILES[0]], Actor()).failed == 0
        served = held.enter_context(serving(data, None, None, **where, open_reading="true"))
        yield held.enter_context(served.client())


@pytest.fixture
def stage(served: Served) -> Stage:
    return Stage({"editor": served.editor})


@pytest.fixture
def unharmed(stage: Stage) -> Iterator[None]:
    """Assert that nothing was recorded, and that the server still serves."""
    stage.id("figure"), stage.id("claim"), stage.id("evidence")
    head = stage.head()
    yield
    assert stage.head() == head
    assert stage.get("/sources").status_code == 200
