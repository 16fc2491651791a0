"""The rows of a view while a batch of events is projected: writes are kept back until `flush`, and reads see them.

Law: nothing is overwritten: a change ends the row that holds and lets another hold from the present position on. What
begins and ends within one batch is inserted ended, so that a version inside a batch is never lost.
"""

from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table

from projections.statements import Encoded, Ended, Key, Names, Row, Statements, statements_of

__all__ = ["Row", "Rows"]
CACHED_ROWS = 4_000
"""Rows of one table that stay at hand between batches."""
CACHED_VALUES = 4_000
"""Values of which it stays at hand which rows of one table have them."""


@dataclass(slots=True)
class _Held:
    """The row of a key that holds now. `stored`: it is in the table, not only kept back."""

    row: Row
    since: int
    stored: bool


@dataclass(slots=True)
class _Having:
    """Which rows have certain values of some columns now: all of them for values in `whole`, else only fresh ones."""

    keys: dict[Key, dict[Key, None]] = field(default_factory=dict)
    whole: set[Key] = field(default_factory=set)

    def trim(self) -> None:
        """Keep at hand what was asked for last, once nothing is fresh."""
        if len(self.keys) > CACHED_VALUES:
            self.keys = dict(islice(self.keys.items(), len(self.keys) - CACHED_VALUES // 2, None))
            self.whole &= self.keys.keys()


@dataclass(slots=True)
class _Kept:
    """What is known of one table, and what it still has to be told.

    `fresh`: the keys that were touched since. `having`: the rows by values, for the columns that were asked for.
    """

    sql: Statements
    now: dict[Key, _Held | None] = field(default_factory=dict)
    fresh: dict[Key, None] = field(default_factory=dict)
    having: dict[Names, _Having] = field(default_factory=dict)
    closed: list[Encoded] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)

    def move(self, key: Key, before: Row | None, after: Row | None) -> None:
        """Keep up which rows have which values."""
        for names, having in self.having.items():
            if before is not None:
                having.keys.get(_values(before, names), {}).pop(key, None)
            if after is not None:
                having.keys.setdefault(_values(after, names), {})[key] = None

    def by(self, names: Names) -> _Having:
        """Return the rows by the values of these columns."""
        if names not in self.having:
            having = self.having[names] = _Having()
            for key in self.fresh:
                held = self.now[key]
                if held is not None:
                    having.keys.setdefault(_values(held.row, names), {})[key] = None
        return self.having[names]


class Rows:
    """The rows of a view. `beside` names the tables that they are really written to, while the view is built anew."""

    def __init__(self, tables: tuple[Table, ...], beside: dict[str, Table] | None = None) -> None:
        self._tables, self._beside = tables, beside or {}
        self._kept: dict[str, _Kept] = {}
        self._cursor: Any = None
        self.position = 0

    def at(self, connection: Connection) -> None:
        """Go on in this transaction."""
        if not self._kept:
            real = ((table, self._beside.get(table.name, table)) for table in self._tables)
            self._kept = {table.name: _Kept(statements_of(written, connection.dialect)) for table, written in real}
        # The driver's own cursor: most of the time of a rebuild went into the layers above it.
        self._cursor = connection.connection.cursor()

    def forget(self) -> None:
        """Drop what is at hand: the transaction was rolled back, or the tables were changed by somebody else."""
        self._kept = {}

    def get(self, table: Table, *key: Any) -> Row | None:
        """Return the row of a key that holds now, None where none does. It is not to be changed in place."""
        held = self._held(self._kept[table.name], key)
        return None if held is None else held.row

    def add(self, table: Table, **row: Any) -> None:
        """Let a row of a new key hold from the present position on. Raise ValueError where one is known to hold."""
        kept = self._kept[table.name]
        key = _values(row, kept.sql.key)
        if kept.now.get(key) is not None:
            raise ValueError(f"{table.name} holds a row of this key already")
        self._open(kept, key, None, row)

    def put(self, table: Table, **row: Any) -> None:
        """Let a row hold from the present position on, in place of the one of the same key."""
        kept = self._kept[table.name]
        key = _values(row, kept.sql.key)
        held = self._held(kept, key)
        if held is not None:
            if held.row == row:
                return
            self._end(kept, key, held)
        self._open(kept, key, None if held is None else held.row, row)

    def change(self, table: Table, key: Key, **changes: Any) -> None:
        """Change columns of the row that holds now. Raise KeyError where none does."""
        held = self._held(self._kept[table.name], key)
        if held is None:
            raise KeyError((table.name, key))
        self.put(table, **{**held.row, **changes})

    def close(self, table: Table, *key: Any) -> None:
        """Let no row of this key hold any more."""
        kept = self._kept[table.name]
        held = self._held(kept, key)
        if held is not None:
            self._end(kept, key, held)
            kept.now[key] = None
            kept.fresh[key] = None
            kept.move(key, held.row, None)

    def find(self, table: Table, **equals: Any) -> list[Row]:
        """Return the rows that hold now with these values, own writes included, in the order of their keys."""
        kept, names, values = self._kept[table.name], tuple(equals), tuple(equals.values())
        having = kept.by(names)
        keys = having.keys.setdefault(values, {})
        if values not in having.whole or not all(key in kept.now for key in keys):
            self._look_for(kept, names, values, keys)
            having.whole.add(values)
        rows = {key: held.row for key in keys if (held := kept.now[key]) is not None}
        return [rows[key] for key in sorted(rows, key=repr)]

    def _look_for(self, kept: _Kept, names: Names, values: Key, keys: dict[Key, None]) -> None:
        """Add the rows in the table that have these values, but for those that were touched since."""
        for row, since in kept.sql.find(self._cursor, names, values):
            key = _values(row, kept.sql.key)
            if key not in kept.fresh:
                kept.now.setdefault(key, _Held(row, since, stored=True))
                keys[key] = None

    def _held(self, kept: _Kept, key: Key) -> _Held | None:
        if key not in kept.now:
            found = kept.sql.newest(self._cursor, key)
            kept.now[key] = None if found is None else _Held(*found, stored=True)
        return kept.now[key]

    def _open(self, kept: _Kept, key: Key, before: Row | None, row: Row) -> None:
        kept.now.pop(key, None)  # to the end: the rows used last stay at hand for longest
        kept.now[key] = _Held(row, self.position, stored=False)
        kept.fresh[key] = None
        kept.move(key, before, row)

    def _end(self, kept: _Kept, key: Key, held: _Held) -> None:
        if held.stored:
            kept.ended.append((self.position, key, held.since))
        elif held.since < self.position:
            kept.closed.append(kept.sql.encoded(held.row, held.since, self.position))

    def flush(self) -> None:
        """Write what was kept back. Rows that are in the table now stay at hand for the next batch."""
        for kept in self._kept.values():
            if kept.ended:
                kept.sql.end(self._cursor, kept.ended)
            opened = [held for held in map(kept.now.get, kept.fresh) if held is not None and not held.stored]
            rows = kept.closed + [kept.sql.encoded(held.row, held.since, None) for held in opened]
            if rows:
                kept.sql.write(self._cursor, rows)
            for held in opened:
                held.stored = True
            kept.closed, kept.ended = [], []
            kept.fresh.clear()
            for having in kept.having.values():
                having.trim()
            if len(kept.now) > CACHED_ROWS:
                kept.now = dict(islice(kept.now.items(), len(kept.now) - CACHED_ROWS // 2, None))


def _values(row: Row, names: Names) -> Key:
    """Return the values of some columns."""
    return tuple([row[name] for name in names])
