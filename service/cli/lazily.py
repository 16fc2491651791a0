"""Commands that are loaded when they are asked for: what one command needs, no other one waits for.

Law: the list of commands says of each what its own module says, which is read for that and not run.
"""

import ast
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


class Commands(Mapping[str, Any]):
    """The commands by name: each is made when it is got, from `module:name` of its function or group."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places

    def __getitem__(self, name: str) -> Any:
        module, _, found = self._places[name].partition(":")
        made = getattr(import_module(module), found)
        if not isinstance(made, typer.Typer):
            function, made = made, typer.Typer(add_completion=False)
            made.command(name)(function)
        return typer.main.get_command(made)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def told(self) -> dict[str, Any]:
        """Return commands that can only be listed."""
        return {name: TyperCommand(name, help=_said(place)) for name, place in self._places.items()}


def _said(place: str) -> str | None:
    """Return what a module says of its function or group, without running the module."""
    module, _, wanted = place.partition(":")
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    for node in ast.parse(Path(spec.origin).read_text()).body:
        match node:
            case ast.FunctionDef(name=name) if name == wanted:
                return ast.get_docstring(node)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(keywords=given)) if name == wanted:
                return next((str(ast.literal_eval(one.value)) for one in given if one.arg == "help"), None)
    return None


def group_of(places: Mapping[str, str]) -> type[TyperGroup]:
    """Return the kind of a group whose commands are at these places."""

    class Lazily(TyperGroup):
        """Loads the command that is asked for; to list all, none."""

        def __init__(self, **given: Any) -> None:
            super().__init__(**given)
            self.commands = Commands(places)  # type: ignore[assignment]  # nothing is added to them

        def format_help(self, ctx: Any, formatter: Any) -> None:
            self.commands = Commands(places).told()
            super().format_help(ctx, formatter)

    return Lazily
