"""What changed between two moments: a difference is two reads of the same rows.

Law: a difference says what is different at the two moments, not all that happened between them; that is the change
log's to tell.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, Table, and_, func, or_, select, tuple_

from projections.rows import Row
from projections.temporal import holds_at, key_of


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
