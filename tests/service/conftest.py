"""A record with a story on it, for the tests that read."""

from pathlib import Path

import pytest

from domain.events import Actor
from service import demo
from service.imports import import_file
from service.ledger import Ledger
from service.settings import Settings
from tests.service.command_line import onrecord


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with the example story, its views built. Nobody writes to it."""
    data: Path = tmp_path_factory.mktemp("story")
    with Ledger.open(Settings(data=data), demonstration=True) as ledger:
        assert not import_file(ledger, demo.EXAMPLES / "kursk-2024-08.ndjson", Actor()).failed
    assert onrecord(data, "log", "--event", "incident.opened.v1").code == 0
    return data


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for a `store` on both databases; what is marked `of_a_file` on the one that is a file."""
    if "store" in metafunc.fixturenames:
        of_a_file = metafunc.definition.get_closest_marker("of_a_file") is not None
        metafunc.parametrize("store", ["sqlite"] if of_a_file else ["sqlite", "postgres"], indirect=True)


@pytest.fixture
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let ledgers be kept in their folder, or all in one database, by the one setting that says so."""
    if request.param == "postgres":
        monkeypatch.setenv("ONRECORD_DATABASE", request.getfixturevalue("database"))
    kept: str = request.param
    return kept
