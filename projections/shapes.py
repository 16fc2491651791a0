"""How values look in rows: ids as text, times as RFC 3339 text in UTC with microseconds, the rest as JSON."""

from datetime import UTC, datetime
from functools import lru_cache
from math import inf
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Boolean, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from domain.units import to_si
from domain.values import Quantity

SPREAD = ("low", "best", "high")


@lru_cache(maxsize=1024)  # the views of one event all write the same few times
def text_of(moment: datetime) -> str:
    """Return a time as sortable text: 2024-08-08T09:00:00.000000Z."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def json_of(value: BaseModel) -> dict[str, Any]:
    """Return a value as JSON, without what it leaves empty."""
    return value.model_dump(mode="json", exclude_none=True)


def json_or_none(value: BaseModel | None) -> dict[str, Any] | None:
    """Return a value as JSON where there is one."""
    return None if value is None else json_of(value)


def id_of(value: UUID | None) -> str | None:
    """Return an id as text."""
    return None if value is None else str(value)


def quantity_of(quantity: Quantity | None) -> dict[str, Any] | None:
    """Return a quantity as given, with its numbers in SI base units beside it."""
    if quantity is None:
        return None
    given = json_of(quantity)
    return {**given, "si": in_si(given)}


def in_si(quantity: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers of a quantity, given as JSON, in SI base units."""
    unit = quantity["unit"]
    si: dict[str, Any] = {name: to_si(quantity[name], unit)[0] for name in SPREAD if name in quantity}
    si["unit"] = to_si(1, unit)[1]
    return si


def holds_text(column: ColumnElement[Any], q: str) -> ColumnElement[bool]:
    """Return the condition that a text holds another, whatever the case of either, in any script."""
    return _held_text(column, q.upper())


class _held_text(FunctionElement[bool]):  # noqa: N801  # it is written as a function of SQL
    """Whether a text holds another, given in upper case: so are ß and SS the same, and both sigmas of Greek."""

    type = Boolean()
    inherit_cache = True


@compiles(_held_text, "sqlite")
def _in_a_file(element: _held_text, compiler: SQLCompiler, **options: Any) -> str:
    column, part = (compiler.process(clause, **options) for clause in element.clauses)
    return f"(instr(folded({column}), {part}) > 0)"


@compiles(_held_text, "postgresql")
def _on_a_server(element: _held_text, compiler: SQLCompiler, **options: Any) -> str:
    column, part = (compiler.process(clause, **options) for clause in element.clauses)
    return f'(strpos(upper({column} COLLATE "und-x-icu"), {part}) > 0)'


def apart(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether the ranges that two quantities, as rows hold them, leave possible do not overlap."""
    (low, high), (other_low, other_high) = _range(one), _range(other)
    return high < other_low or other_high < low


def _range(quantity: dict[str, Any]) -> tuple[float, float]:
    """Return the range in SI base units; a bound leaves its side open."""
    given = [quantity["si"][name] for name in SPREAD if name in quantity["si"]]
    if quantity["bound"] in ("at_least", "more_than"):
        return min(given), inf
    if quantity["bound"] in ("at_most", "up_to", "fewer_than"):
        return 0.0, max(given)
    return (min(given), max(given)) if given else (0.0, inf)
