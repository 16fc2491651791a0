"""What changed between two moments: a difference is two reads of the same rows.

Law: a difference says what is different at the two moments, not all that happened between them; that is the change
log's to tell.
"""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Connection, Table, and_, or_, select

from projections.rows import Row
from projections.temporal import INTERVAL, holds_at, key_of


class Change(BaseModel):
    """One row that differs: added, removed or changed, with the fields that differ."""

    model_config = ConfigDict(frozen=True)

    what: Literal["added", "removed", "changed"]
    key: dict[str, Any]
    fields: tuple[str, ...]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def changes_between(
    connection: Connection, table: Table, where: ColumnElement[bool], a: int, b: int
) -> Iterator[Change]:
    """Yield the differences of the rows at two positions, in the order of their keys."""
    first, last = min(a, b), max(a, b)
    moved = or_(and_(table.c.since > first, table.c.since <= last), and_(table.c.until > first, table.c.until <= last))
    before = _rows(connection, table, and_(where, moved, holds_at(table, a)))
    after = _rows(connection, table, and_(where, moved, holds_at(table, b)))
    for key in sorted({*before, *after}):
        change = _change(table, key, before.get(key), after.get(key))
        if change is not None:
            yield change


def _rows(connection: Connection, table: Table, where: ColumnElement[bool]) -> dict[tuple[str, ...], Row]:
    found = connection.execute(select(table).where(where)).mappings()
    plain = [{name: value for name, value in row.items() if name not in INTERVAL} for row in found]
    return {tuple(str(row[part]) for part in key_of(table)): row for row in plain}


def _change(table: Table, key: tuple[str, ...], before: Row | None, after: Row | None) -> Change | None:
    named = dict(zip(key_of(table), key, strict=True))
    if before is None or after is None:
        present = before or after or {}
        what: Literal["added", "removed"] = "added" if before is None else "removed"
        return Change(what=what, key=named, fields=tuple(present), before=before, after=after)
    fields = tuple(name for name in before if before[name] != after[name])
    if not fields:
        return None
    return Change(
        what="changed",
        key=named,
        fields=fields,
        before={name: before[name] for name in fields},
        after={name: after[name] for name in fields},
    )
