"""The parts of docs/operations.md that are written from the code: the settings, and the commands with their options.

`python -m service.cli.manual docs/operations.md` prints the page with both parts as the code has them now.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from service.cli.main import app
from service.settings import PREFIX, Settings


def page_of(text: str) -> str:
    """Return the page with its two parts written anew."""
    for name, written in (("settings", settings_part()), ("commands", commands_part())):
        part = re.compile(rf"(<!-- {name} -->\n).*(<!-- end of {name} -->)", re.DOTALL)
        text = part.sub(lambda found, written=written: f"{found[1]}\n{written}\n{found[2]}", text)  # type: ignore[misc]
    return text


def settings_part() -> str:
    """Return the settings as a table."""
    lines = ["| variable | in onrecord.toml | if not set | what it sets |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = str(field.default).lower() if isinstance(field.default, bool) else field.default
        told = "" if default is None else f"`{default}`"
        lines.append(f"| `{PREFIX}{name.upper()}` | `{name}` | {told} | {field.description} |")
    return "\n".join(lines) + "\n"


def commands_part() -> str:
    """Return every command with its arguments and options."""
    return "\n".join(_told(typer.main.get_command(app), "onrecord"))


def _told(command: Any, path: str) -> Iterator[str]:
    below = getattr(command, "commands", None)
    if below is None:
        yield f"### `{' '.join([path, *_usage(command)])}`"
        yield ""
        yield " ".join((command.help or "").split())
        yield ""
        yield from (f"- `{_name(one)}`: {one.help}" for one in command.params if one.name != "help")
        yield ""
        return
    for name, one in below.items():
        yield from _told(one, f"{path} {name}")


def _usage(command: Any) -> Iterator[str]:
    for one in command.params:
        if one.param_type_name == "argument":
            name = one.metavar or one.name.upper()
            many = "..." if one.nargs == -1 else ""
            yield f"{name}{many}" if one.required else f"[{name}{many}]"
        elif one.required:
            yield f"{one.opts[0]} {one.name.upper()}"


def _name(one: Any) -> str:
    if one.param_type_name == "argument":
        return str(one.metavar or one.name.upper())
    value = "" if getattr(one, "is_flag", False) else f" {one.name.upper()}"
    return ", ".join(one.opts) + value


if __name__ == "__main__":
    sys.stdout.write(page_of(Path(sys.argv[1]).read_text()))
