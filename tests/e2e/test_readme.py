"""The README's commands, run as they stand there; their output is the output that it shows."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service import demo
from service.ledger import Ledger
from service.settings import Settings
from service.views import open_views
from tests.e2e.desk import Server, serving

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"```sh\n([^`]*)```\n\n```text\n([^`]*)```")
SHOWN = BLOCK.findall(README.read_text())


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    data: Path = tmp_path_factory.mktemp("readme")
    with Ledger.open(Settings(data=data), demonstration=True) as ledger:
        demo.load(ledger)
        with open_views(Settings(data=data)) as views:
            views.catch_up(ledger.read_raw)
    with serving(data, open_reading="true") as server:
        yield server, data


def output_of(command: str, server: Server, data: Path) -> str:
    """Return what a command prints against this server, or beside it on its folder."""
    script = command.replace("http://127.0.0.1:8000", server.url)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": path, "ONRECORD_DATA": str(data)},
    )
    return done.stdout


def test_the_readme_shows_commands() -> None:
    assert len(SHOWN) >= 5


@pytest.mark.parametrize(("command", "expected"), SHOWN)
def test_a_command_prints_what_the_readme_says(demonstration: tuple[Server, Path], command: str, expected: str) -> None:
    assert output_of(command, *demonstration) == expected
