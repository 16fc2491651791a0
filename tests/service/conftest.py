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
