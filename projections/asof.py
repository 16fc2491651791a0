"""What changed between two moments: a difference is two reads of the same rows.

Law: a difference says what is different at the two moments, not all that happened between them; that is the change
log's to tell.
"""

from collections.abc import Collection, Iterator
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Connection, Table, and_, func, or_, select, tuple_

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
    moved = _moved(table, a, b)
    before = _rows(connection, table, and_(where, moved, holds_at(table, a)))
    after = _rows(connection, table, and_(where, moved, holds_at(table, b)))
    for key in sorted({*before, *after}):
        change = _change(table, key, before.get(key), after.get(key))
        if change is not None:
            yield change


def moved_keys(
    connection: Connection,
    table: Table,
    where: ColumnElement[bool],
    a: int,
    b: int,
    *,
    order: str,
    after: tuple[str | int, ...] | None,
    limit: int,
) -> list[tuple[int | str, str]]:
    """Return the keys whose rows differ at two positions, as (order, key), at most `limit` after such a pair.

    For tables with a key of one column; `order` names the column by which they are ordered.
    """
    key, first = table.c[key_of(table)[0]], func.min(table.c[order])
    query = select(first, key).where(where, _moved(table, a, b), or_(holds_at(table, a), holds_at(table, b)))
    query = query.group_by(key).order_by(first, key).limit(limit)
    if after is not None:
        query = query.having(tuple_(first, key) > tuple_(*after))
    return [(row[0], row[1]) for row in connection.execute(query)]


def rows_of(connection: Connection, table: Table, keys: Collection[str], position: int) -> dict[str, Row]:
    """Return the rows of these keys at a position, by key. For tables with a key of one column."""
    key = table.c[key_of(table)[0]]
    found = connection.execute(select(table).where(key.in_(keys), holds_at(table, position))).mappings()
    return {row[key.name]: dict(row) for row in found}


def _moved(table: Table, a: int, b: int) -> ColumnElement[bool]:
    """Return the condition that a row began or ended between two positions."""
    first, last = min(a, b), max(a, b)
    return or_(and_(table.c.since > first, table.c.since <= last), and_(table.c.until > first, table.c.until <= last))


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
