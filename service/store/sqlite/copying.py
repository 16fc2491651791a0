"""A record in a file of SQLite, as a copy reads or writes it.

Law: who reads sees one moment, and holds up nobody. Each transaction that writes is on the disk when it returns.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from service.store.copying import LOG, MARK, AnotherLog, Row, Table
from service.store.recorder import NewerSchema
from service.store.sqlite.schema import STEPS, migrate


class FileSource:
    """A file, read as of one moment."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def last_position(self) -> int:
        """Return the last position, 0 for an empty log."""
        return _end(self._connection)

    def event_at(self, position: int) -> Row | None:
        """Return the event at a position, None where the log does not hold it."""
        found: Row | None = self._connection.execute(f"{_select(LOG)} WHERE position = ?", (position,)).fetchone()
        return found

    def events(self, after: int) -> Iterator[Row]:
        """Yield the events after a position, in log order."""
        return self._connection.execute(f"{_select(LOG)} WHERE position > ? ORDER BY position", (after,))

    def rows(self, table: Table) -> Iterator[Row]:
        """Yield all rows of a table, in its order."""
        return self._connection.execute(f"{_select(table)} ORDER BY {', '.join(map(_quoted, table.order))}")


class FileTarget:
    """A file that is written to; the folder's lock keeps others away."""

    def __init__(self, file: Path, connection: sqlite3.Connection) -> None:
        self._file, self._connection = file, connection

    @contextmanager
    def source(self) -> Iterator[FileSource]:
        """Let what was committed be read."""
        with reading(self._file) as source:
            yield source

    def mark(self, value: str) -> None:
        """Note which record this is a copy of."""
        with self._transaction() as c:
            c.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (MARK, value))

    def append(self, after: int, events: list[Row]) -> None:
        """Save events in one transaction."""
        with self._transaction() as c:
            if (end := _end(c)) != after:
                raise AnotherLog(f"the target ends at position {end}, not at {after}: somebody else writes to it")
            c.executemany(_insert(LOG), events)

    def replace(self, tables: Iterable[tuple[Table, Iterator[Row]]]) -> None:
        """Let tables hold these rows and no others."""
        with self._transaction() as c:
            for table, rows in tables:
                c.execute(f"DELETE FROM {table.name}")  # noqa: S608  # our own name
                c.executemany(_insert(table), rows)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()


@contextmanager
def reading(file: Path) -> Iterator[FileSource]:
    """Give a file to read, as it is at this moment."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != len(STEPS):
            raise NewerSchema(f"the record has schema {version}, this version knows {len(STEPS)}: `onrecord migrate`")
        connection.execute("PRAGMA query_only = 1")
        connection.execute("BEGIN")
        connection.execute("SELECT COUNT(*) FROM meta").fetchone()  # the moment is that of the first read
        yield FileSource(connection)


@contextmanager
def writing(file: Path) -> Iterator[FileTarget]:
    """Give a file to write to, made where there is none. Whoever calls holds the folder's lock."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        migrate(connection)
        yield FileTarget(file, connection)


def _end(connection: sqlite3.Connection) -> int:
    (position,) = connection.execute("SELECT COALESCE(MAX(position), 0) FROM stored_events").fetchone()
    return int(position)


def _quoted(name: str) -> str:
    return f'"{name}"'


def _select(table: Table) -> str:
    return f"SELECT {table.names} FROM {table.name}"  # noqa: S608  # our own names


def _insert(table: Table) -> str:
    return f"INSERT INTO {table.name} ({table.names}) VALUES ({', '.join('?' * len(table.columns))})"  # noqa: S608
