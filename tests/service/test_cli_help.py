"""What the command line says about itself."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from service.cli.main import app
from tests.service.command_line import Done, onrecord


def paths(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command."""
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from paths(below, (*path, name))


@pytest.mark.parametrize("path", list(paths(typer.main.get_command(app))), ids=" ".join)
def test_every_command_explains_itself_and_each_of_its_options(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*path, "--help"])
    assert shown.exit_code == 0
    assert "Usage: onrecord" in shown.output or "Usage: root" in shown.output
    assert "Show this message and exit." in shown.output


def test_it_tells_its_version() -> None:
    assert onrecord(None, "--version") == Done(0, f"onrecord {version('onrecord')}\n", "")


@pytest.mark.parametrize("arguments", [("explode",), ("log", "--explode"), ("replay",), ("diff", "a", "b")])
def test_what_it_does_not_know_or_misses_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    done = onrecord(None, *arguments)
    assert done.code == 2
    assert "Usage: onrecord" in done.err
