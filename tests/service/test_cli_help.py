"""What the command line says about itself."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from service.cli.lazily import Commands
from service.cli.main import COMMANDS, app
from tests.service.command_line import ONRECORD, Done, environment, onrecord


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


def loaded(data: Path, *arguments: str) -> set[str]:
    """Return the packages that a command loads, which must be done."""
    command = [sys.executable, "-X", "importtime", ONRECORD, *arguments]
    done = subprocess.run(command, capture_output=True, env=environment(data), timeout=120, check=True)
    lines = (line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines() if line.startswith("import"))
    return {line.partition(".")[0] for line in lines}


def test_what_a_command_does_not_need_it_does_not_wait_for(story: Path) -> None:
    heavy = {"pint", "numpy", "sqlalchemy", "eventsourcing", "pydantic", "structlog"}
    assert not loaded(story, "--version") & heavy
    assert not loaded(story, "--help") & heavy
    assert "sqlalchemy" in loaded(story, "log")
    assert not loaded(story, "log") & {"pint", "numpy", "fastapi"}


@pytest.mark.parametrize("name", list(Commands(COMMANDS)))
def test_the_list_of_commands_says_what_the_command_says(name: str) -> None:
    commands = Commands(COMMANDS)
    assert commands.told()[name].help
    assert commands.told()[name].get_short_help_str() == commands[name].get_short_help_str()


@pytest.mark.parametrize("arguments", [("explode",), ("log", "--explode"), ("replay",), ("diff", "a", "b")])
def test_what_it_does_not_know_or_misses_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    done = onrecord(None, *arguments)
    assert done.code == 2
    assert "Usage: onrecord" in done.err
