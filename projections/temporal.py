"""Tables whose rows know when they held: every row carries the half-open interval of positions `[since, until)`.

Law: "now" is only the newest moment. A change closes a row and opens another; nothing is overwritten. At any position
one row of a key holds, or none.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    MetaData,
    RowMapping,
    String,
    Table,
    and_,
    or_,
    select,
)

INTERVAL = ("since", "until")
Json = JSON(none_as_null=True)
"""A column of JSON, NULL where there is no value."""
Text = String().with_variant(String(collation="C"), "postgresql")
"""A column of text, in the order of its code points in every database."""


def temporal(name: str, metadata: MetaData, *columns: Column[Any], key: tuple[str, ...]) -> Table:
    """Return a table whose rows hold from `since` up to, not including, `until` (NULL: they still hold).

    One index finds the row of a key that held at a position, however many there were, and lets none begin twice.
    """
    table = Table(
        name,
        metadata,
        *columns,
        Column("since", BigInteger, nullable=False),
        Column("until", BigInteger),
        info={"key": key},
    )
    named = [table.c[part] for part in key]
    Index(f"ux_{name}_key", *named, table.c.since, unique=True)
    return table


def listed_by(table: Table, *columns: str) -> Index:
    """Add the index by which rows are listed: what held at a position is found in it without reading the rows."""
    name = f"ix_{table.name}_{'_'.join(columns)}"
    return Index(name, *(table.c[column] for column in columns), table.c.since, table.c.until)


def found_by(table: Table, *columns: str) -> Index:
    """Add the index by which a view finds, of the rows that hold now, those with some values."""
    now = table.c.until.is_(None)
    name = f"ix_{table.name}_{'_'.join(columns)}_now"
    return Index(
        name, *(table.c[column] for column in columns), sqlite_where=now, postgresql_where=now, info={"now": True}
    )


def key_of(table: Table) -> tuple[str, ...]:
    """Return the names of the columns that name a row."""
    key: tuple[str, ...] = table.info["key"]
    return key


def holds_at(table: Table, position: int) -> ColumnElement[bool]:
    """Return the condition that a row held at a position: the one query for now and for the past."""
    return and_(table.c.since <= position, or_(table.c.until.is_(None), table.c.until > position))


def held_at(connection: Connection, table: Table, position: int, *where: ColumnElement[bool]) -> RowMapping | None:
    """Return the row of one key that held at a position, None where none did; `where` names the key.

    The newest row that began by then either holds or nothing does: its cost does not grow with the history. That it
    holds is looked at here: a query around the query takes longer to put together than all else.
    """
    newest = select(table).where(*where, table.c.since <= position).order_by(table.c.since.desc()).limit(1)
    row = connection.execute(newest).mappings().first()
    return row if row is not None and (row["until"] is None or row["until"] > position) else None
