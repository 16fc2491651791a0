"""What holds for all tests, and the database server that some of them use.

Where CI runs them, the same examples are tried each time; elsewhere others each time.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import postgres

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """Return the server of this session, or of this worker of it: it starts when the first test asks for it."""
    with postgres.server() as started:
        yield started


@pytest.fixture
def database(postgres_server: postgres.Server) -> Iterator[str]:
    """Return the address of an empty database."""
    with postgres_server.database() as address:
        yield address


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
