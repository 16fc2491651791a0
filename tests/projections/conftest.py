"""The places of the views in these tests: each test runs on every database."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests import postgres
from tests.places import Place, Places, using


@pytest.fixture(scope="session", autouse=True, params=["sqlite", "postgres"])
def places(request: pytest.FixtureRequest) -> Iterator[Places]:
    """Return what makes places, and let all tests use it."""
    with ExitStack() as held:
        address = None
        if request.param == "postgres":
            server: postgres.Server = request.getfixturevalue("postgres_server")
            address = held.enter_context(server.database())
        made = Places(address)
        held.enter_context(using(made))
        yield made


@pytest.fixture
def place(places: Places) -> Iterator[Place]:
    """Return an empty place."""
    with places.new() as made:
        yield made


@pytest.fixture
def other_place(places: Places) -> Iterator[Place]:
    """Return another empty place."""
    with places.new() as made:
        yield made
