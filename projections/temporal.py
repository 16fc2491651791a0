"""Rows that know when they held: every row carries the half-open interval of positions `[since, until)`.

Law: "now" is only the newest moment. A change closes a row and opens another; nothing is overwritten. What is opened
and closed within one batch is inserted closed, so that a version inside a batch is never lost.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    MetaData,
    Table,
    and_,
    bindparam,
    insert,
    or_,
    select,
    update,
)

from domain.events import Recorded

Row = dict[str, Any]
Key = tuple[Any, ...]
CACHED_ROWS = 50_000
INTERVAL = ("since", "until")


def temporal(name: str, metadata: MetaData, *columns: Column[Any], key: tuple[str, ...]) -> Table:
    """Return a table whose rows hold from `since` up to, not including, `until` (NULL: they still hold)."""
    table = Table(
        name,
        metadata,
        *columns,
        Column("since", BigInteger, nullable=False),
        Column("until", BigInteger),
        info={"key": key},
    )
    Index(f"ix_{name}_key", *(table.c[part] for part in key), table.c.since)
    return table


def key_of(table: Table) -> tuple[str, ...]:
    """Return the names of the columns that name a row."""
    key: tuple[str, ...] = table.info["key"]
    return key


def holds_at(table: Table, position: int) -> ColumnElement[bool]:
    """Return the condition that a row held at a position: the one query for now and for the past."""
    return and_(table.c.since <= position, or_(table.c.until.is_(None), table.c.until > position))


@dataclass(slots=True)
class _Open:
    """The row of a key that holds now. `stored`: it is in the table, not only in the buffer."""

    row: Row
    since: int
    stored: bool


@dataclass(slots=True)
class _Buffer:
    """What one table still has to be told."""

    open: dict[Key, _Open | None] = field(default_factory=dict)
    closed: list[Row] = field(default_factory=list)
    ended: list[Row] = field(default_factory=list)


class Rows:
    """The rows of one view while a batch is projected: writes are kept back until `flush`, and reads see them."""

    def __init__(self, tables: tuple[Table, ...], beside: dict[str, Table] | None = None) -> None:
        """Keep the rows of these tables; `beside` names the tables that they are really written to, in a rebuild."""
        self._buffers: dict[str, _Buffer] = {table.name: _Buffer() for table in tables}
        self._tables = beside or {table.name: table for table in tables}
        self._connection: Connection | None = None
        self.position = 0

    def at(self, connection: Connection) -> None:
        """Go on in this transaction."""
        self._connection = connection

    @property
    def connection(self) -> Connection:
        """Return the connection of the present transaction."""
        assert self._connection is not None, "rows are written in a transaction"
        return self._connection

    def get(self, table: Table, *key: Any) -> Row | None:
        """Return the row of a key that holds now, None where none does."""
        held = self._held(table, key)
        return None if held is None else dict(held.row)

    def add(self, table: Table, **row: Any) -> None:
        """Let a row of a new key hold from the present position on: the caller knows that none holds."""
        key = tuple(row[part] for part in key_of(table))
        self._buffers[table.name].open[key] = _Open(row, self.position, stored=False)

    def put(self, table: Table, **row: Any) -> None:
        """Let a row hold from the present position on, in place of the one of the same key."""
        key = tuple(row[part] for part in key_of(table))
        buffer, held = self._buffers[table.name], self._held(table, key)
        if held is not None:
            if held.row == row:
                return
            self._end(buffer, key, held)
        buffer.open[key] = _Open(row, self.position, stored=False)

    def change(self, table: Table, key: Key, **changes: Any) -> None:
        """Change columns of the row that holds now. Raise KeyError where none does."""
        held = self._held(table, key)
        if held is None:
            raise KeyError((table.name, key))
        self.put(table, **{**held.row, **changes})

    def close(self, table: Table, *key: Any) -> None:
        """Let no row of this key hold any more."""
        buffer, held = self._buffers[table.name], self._held(table, key)
        if held is not None:
            self._end(buffer, key, held)
            buffer.open[key] = None

    def find(self, table: Table, **equals: Any) -> list[Row]:
        """Return the rows that hold now with these values, own writes included, in the order of their keys."""
        buffer, table = self._buffers[table.name], self._tables[table.name]
        where = and_(table.c.until.is_(None), *(table.c[name] == value for name, value in equals.items()))
        found: dict[Key, Row] = {}
        for stored in self.connection.execute(select(table).where(where)).mappings():
            row = {name: value for name, value in stored.items() if name not in INTERVAL}
            found[tuple(row[part] for part in key_of(table))] = row
        for key, held in buffer.open.items():
            found.pop(key, None)
            if held is not None and all(held.row[name] == value for name, value in equals.items()):
                found[key] = dict(held.row)
        return [found[key] for key in sorted(found, key=repr)]

    def _held(self, table: Table, key: Key) -> _Open | None:
        buffer = self._buffers[table.name]
        if key not in buffer.open:
            buffer.open[key] = self._load(table, key)
        return buffer.open[key]

    def _load(self, table: Table, key: Key) -> _Open | None:
        table = self._tables[table.name]
        where = [table.c[name] == value for name, value in zip(key_of(table), key, strict=True)]
        found = self.connection.execute(select(table).where(table.c.until.is_(None), *where)).mappings().first()
        if found is None:
            return None
        row = {name: value for name, value in found.items() if name not in INTERVAL}
        return _Open(row, found["since"], stored=True)

    def _end(self, buffer: _Buffer, key: Key, held: _Open) -> None:
        if held.stored:
            buffer.ended.append({f"k{n}": part for n, part in enumerate(key)} | {"at": self.position})
        elif held.since < self.position:
            buffer.closed.append({**held.row, "since": held.since, "until": self.position})

    def flush(self) -> None:
        """Write what was kept back. Rows that are in the table now stay at hand for the next batch."""
        for name, buffer in self._buffers.items():
            table = self._tables[name]
            if buffer.ended:
                where = [table.c[part] == bindparam(f"k{n}") for n, part in enumerate(key_of(table))]
                ending = update(table).where(table.c.until.is_(None), *where).values(until=bindparam("at"))
                self.connection.execute(ending, buffer.ended)
            fresh = [held for held in buffer.open.values() if held is not None and not held.stored]
            rows = buffer.closed + [{**held.row, "since": held.since, "until": None} for held in fresh]
            if rows:
                self.connection.execute(insert(table), rows)
            for held in fresh:
                held.stored = True
            buffer.closed, buffer.ended = [], []
            if len(buffer.open) > CACHED_ROWS:
                buffer.open.clear()


@dataclass(frozen=True)
class View:
    """A view: its tables, the events that it cares about, and what it makes of them.

    `project` never reads the clock, never calls out, and gives the same rows for the same log. A changed meaning is a
    new `version`: the runner then builds the view anew, beside the old one.
    """

    name: str
    version: int
    tables: tuple[Table, ...]
    names: frozenset[str]
    project: Callable[[Rows, Recorded], None]
