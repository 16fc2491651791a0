"""Building a view anew beside the live one: tables of another name that take the live ones' place in one step.

Law: readers see the old rows until the new ones take over, never a half-built view. What a crash leaves of a rebuild
are tables that nobody reads; the next rebuild or start drops them.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Index,
    MetaData,
    String,
    Table,
    and_,
    case,
    cast,
    func,
    inspect,
    select,
)
from sqlalchemy.schema import CreateTable

from projections.rows import Rows
from projections.temporal import key_of
from projections.view import View

BESIDE = "__next_"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild came to: its position, and in how many rows the old view and the new one differ."""

    position: int
    differing: int


def make_tables(connection: Connection, view: View) -> None:
    """Make the tables of a view, empty."""
    for table in view.tables:
        _make(connection, table, table.indexes)
    if view.index is not None:
        view.index(connection)


def drop_tables(connection: Connection, view: View) -> None:
    """Drop the tables of a view, and what a crash left of a rebuild."""
    for table in view.tables:
        table.drop(connection, checkfirst=True)
    drop_leftovers(connection, view)


def drop_leftovers(connection: Connection, view: View) -> None:
    """Drop what was left of other rebuilds. One that still runs, in another process, fails then, and says so."""
    beside = tuple(f"{table.name}{BESIDE}" for table in view.tables)
    for name in inspect(connection).get_table_names():
        if name.startswith(beside):
            Table(name, MetaData()).drop(connection)


class Rebuild:
    """A view that is being built anew."""

    def __init__(self, view: View) -> None:
        self.view, mark = view, uuid4().hex[:8]
        self._next = {table.name: _beside(table, mark) for table in view.tables}
        self.rows = Rows(view.tables, self._next)
        self.position = 0
        self.mark: str | None = None

    def make(self, connection: Connection) -> None:
        """Make the new tables, empty."""
        drop_leftovers(connection, self.view)
        for table in self._next.values():
            _make(connection, table, _needed(table))

    def finish(self, building: Callable[[], AbstractContextManager[Connection]]) -> None:
        """Add the indexes by which only readers look: at the end it takes half the time. Others write in between."""
        for table in self._next.values():
            for index in table.indexes - _needed(table):
                with building() as connection:
                    _index(connection, index)

    def differing(self, connection: Connection, position: int) -> int:
        """Count the rows of old and new tables that the other ones do not hold, as both stood at a position."""
        return sum(_differing(connection, table, self._next[table.name], position) for table in self.view.tables)

    def take_over(self, connection: Connection) -> None:
        """Let the new tables take the names of the old ones."""
        for table in self.view.tables:
            new = self._next[table.name]
            table.drop(connection)
            connection.exec_driver_sql(f"ALTER TABLE {new.name} RENAME TO {table.name}")
        if self.view.index is not None:
            self.view.index(connection)


def _make(connection: Connection, table: Table, indexes: set[Index]) -> None:
    connection.execute(CreateTable(table))
    for index in indexes:
        _index(connection, index)


def _index(connection: Connection, index: Index) -> None:
    """Make an index, unless it is for another database only."""
    if index.info.get("only") in (None, connection.dialect.name):
        index.create(connection)


def _needed(table: Table) -> set[Index]:
    """Return the indexes by which a view finds its own rows."""
    return {index for index in table.indexes if index.unique or index.info.get("now")}


def _beside(table: Table, mark: str) -> Table:
    """Return an empty twin of a table, under another name; its indexes keep theirs when it takes over."""
    new = Table(
        f"{table.name}{BESIDE}{mark}",
        MetaData(),
        *(Column(column.name, column.type, nullable=column.nullable) for column in table.columns),
        info=table.info,
    )
    for index in table.indexes:
        columns = [new.c[column.name] for column in index.columns]
        options = {
            f"{dialect}_{name}": value
            for dialect in ("sqlite", "postgresql")
            for name in ("where", "using")
            if (value := index.dialect_options[dialect].get(name)) is not None
        }
        Index(f"{index.name}__{mark}", *columns, unique=index.unique, info=index.info, **options)
    return new


def _differing(connection: Connection, old: Table, new: Table, position: int) -> int:
    """Count the rows of two tables, begun by a position, that are not alike in both.

    Each row looks for its twin by key and beginning: to sort all rows of both took longer than to make them.
    """
    twin = and_(*(old.c[part] == new.c[part] for part in (*key_of(old), "since")))
    alike = [
        _text(old.c[column.name]).is_not_distinct_from(_text(column)) for column in new.c if column.name != "until"
    ]
    ended = _ended(old, position).is_not_distinct_from(_ended(new, position))
    matched = select(func.count()).select_from(old.join(new, twin)).where(old.c.since <= position, *alike, ended)
    both = int(connection.execute(matched).scalar_one())
    held = (select(func.count()).select_from(table).where(table.c.since <= position) for table in (old, new))
    return sum(int(connection.execute(count).scalar_one()) - both for count in held)


def _text(column: Column[Any]) -> ColumnElement[Any]:
    """Return a column as what it is stored as: JSON is compared as its text."""
    return cast(column, String) if isinstance(column.type, JSON) else column


def _ended(table: Table, position: int) -> ColumnElement[Any]:
    """Return where rows ended, as it was known at a position."""
    return case((table.c.until <= position, table.c.until))
