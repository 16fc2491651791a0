"""Building a view anew beside the live one: tables of another name that take the live ones' place in one step.

Law: readers see the old rows until the new ones take over, never a half-built view. What a crash leaves of a rebuild
are tables that nobody reads; the next rebuild or start drops them.
"""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Column, Connection, Index, MetaData, Select, Table, case, func, inspect, select

from projections.rows import Rows
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
        table.create(connection)
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
            table.create(connection)

    def differing(self, connection: Connection, position: int) -> int:
        """Count the rows of old and new tables that the other ones do not hold, as both stood at a position."""
        count = 0
        for table in self.view.tables:
            old, new = _as_of(table, position), _as_of(self._next[table.name], position)
            for one, other in ((old, new), (new, old)):
                only_one = select(func.count()).select_from(one.except_(other).subquery())
                count += int(connection.execute(only_one).scalar_one())
        return count

    def take_over(self, connection: Connection) -> None:
        """Let the new tables take the names of the old ones."""
        for table in self.view.tables:
            new = self._next[table.name]
            table.drop(connection)
            connection.exec_driver_sql(f"ALTER TABLE {new.name} RENAME TO {table.name}")
        if self.view.index is not None:
            self.view.index(connection)


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
        now = new.c.until.is_(None) if index.info.get("now") else None
        Index(f"{index.name}__{mark}", *columns, unique=index.unique, sqlite_where=now, postgresql_where=now)
    return new


def _as_of(table: Table, position: int) -> Select[Any]:
    """Return the query for the rows that had begun by a position, as they stood then."""
    columns = [column for column in table.columns if column.name != "until"]
    ended = case((table.c.until <= position, table.c.until))
    return select(*columns, ended.label("until")).where(table.c.since <= position)
