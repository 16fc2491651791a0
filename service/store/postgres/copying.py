"""A record on PostgreSQL, as a copy reads or writes it: by COPY, in its binary form, both ways.

Law: who reads sees one moment, and holds up nobody. Who writes has the turn, as a ledger has that writes to the log;
one copy at a time writes to a database, and none that is also read from.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from uuid import UUID

from psycopg import Connection, sql
from psycopg.rows import tuple_row

from service.store.copying import LOG, MARK, AnotherLog, Busy, Damaged, Row, Table
from service.store.postgres.connections import BEGIN, LogDatastore
from service.store.postgres.recorder import INSERT_MARKS, prepare
from service.store.postgres.schema import LOCK, SCHEMA, STEPS
from service.store.recorder import NewerSchema, Server

COPY_LOCK = LOCK + 1
"""The advisory lock of a copy: who writes holds it alone, who reads shares it."""


class ServerSource:
    """A database, read as of one moment."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def last_position(self) -> int:
        """Return the last position, 0 for an empty log."""
        return int(_one(self._connection, "SELECT COALESCE(MAX(position), 0) FROM onrecord.stored_events"))

    def event_at(self, position: int) -> Row | None:
        """Return the event at a position, None where the log does not hold it."""
        found = list(self._copied(LOG, sql.SQL("WHERE position = {}").format(position)))
        return found[0] if found else None

    def events(self, after: int) -> Iterator[Row]:
        """Yield the events after a position, in log order."""
        return self._copied(LOG, sql.SQL("WHERE position > {} ORDER BY position").format(after))

    def rows(self, table: Table) -> Iterator[Row]:
        """Yield all rows of a table, in its order."""
        return self._copied(table, sql.SQL("ORDER BY {}").format(_listed(table.order)))

    def _copied(self, table: Table, of: sql.Composed) -> Iterator[Row]:
        query = sql.SQL("COPY (SELECT {} FROM {} {}) TO STDOUT (FORMAT BINARY)").format(
            _columns_of(table), _named(table), of
        )
        ids = _ids_of(table)
        with self._connection.cursor() as cursor, cursor.copy(query) as copied:
            copied.set_types([kind for _, kind in table.columns])
            for row in copied.rows():
                yield _changed(row, ids, _to_digits) if ids else row


class ServerTarget:
    """A database that is written to."""

    def __init__(self, server: Server, connection: Connection[Any]) -> None:
        self._server, self._connection = server, connection

    @contextmanager
    def source(self) -> Iterator[ServerSource]:
        """Let what was committed be read."""
        with _connected(self._server, read_only=True) as connection:
            yield _at_a_moment(connection)

    def mark(self, value: str) -> None:
        """Note which record this is a copy of."""
        self._connection.execute(INSERT_MARKS, [[MARK], [value]])

    def append(self, after: int, events: list[Row]) -> None:
        """Save events in one transaction, in a turn of its own."""
        with self._turn() as end:
            if end != after:
                raise AnotherLog(f"the target ends at position {end}, not at {after}: somebody else writes to it")
            self._insert(LOG, events)

    def replace(self, tables: Iterable[tuple[Table, Iterator[Row]]]) -> None:
        """Let tables hold these rows and no others."""
        with self._turn():
            for table, rows in tables:
                self._connection.execute(sql.SQL("TRUNCATE {}").format(_named(table)))
                self._insert(table, rows)

    @contextmanager
    def _turn(self) -> Iterator[int]:
        """Begin a transaction that has the turn, yield where the log ends, and commit."""
        with self._connection.cursor(row_factory=tuple_row) as cursor:
            cursor.execute(BEGIN)
            while cursor.nextset():
                pass
            row = cursor.fetchone()
        try:
            yield row[0] if row else 0
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.execute("COMMIT")

    def _insert(self, table: Table, rows: Iterable[Row]) -> None:
        query = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(_named(table), _columns_of(table))
        ids = _ids_of(table)
        with self._connection.cursor() as cursor, cursor.copy(query) as copying:
            copying.set_types([kind for _, kind in table.columns])
            for row in rows:
                copying.write_row(_changed(row, ids, _to_id) if ids else row)


@contextmanager
def reading(server: Server) -> Iterator[ServerSource]:
    """Give a database to read, as it is at this moment."""
    with _connected(server, read_only=True) as connection:
        version = _one(connection, "SELECT version FROM onrecord.schema")
        if version != len(STEPS):
            raise NewerSchema(f"the record has schema {version}, this version knows {len(STEPS)}: `onrecord migrate`")
        _lock(connection, "pg_try_advisory_lock_shared")
        yield _at_a_moment(connection)


@contextmanager
def writing(server: Server) -> Iterator[ServerTarget]:
    """Give a database to write to, its tables made where there are none."""
    prepare(server, [])
    with _connected(server) as connection:
        _lock(connection, "pg_try_advisory_lock")
        yield ServerTarget(server, connection)


@contextmanager
def _connected(server: Server, *, read_only: bool = False) -> Iterator[Connection[Any]]:
    """Yield a connection on which what takes long takes as long as it takes."""
    datastore = LogDatastore(server, read_only=read_only)
    with closing(datastore), datastore.alone() as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        yield connection


def _at_a_moment(connection: Connection[Any]) -> ServerSource:
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    source = ServerSource(connection)
    source.last_position()  # the moment is that of the first read
    return source


def _lock(connection: Connection[Any], how: str) -> None:
    """Take the lock of a copy for as long as the connection lasts, however it ends."""
    if not _one(connection, sql.SQL("SELECT {}({})").format(sql.SQL(how), COPY_LOCK)):
        raise Busy("another copy is under way in this database, or both sides are the same database")


def _one(connection: Connection[Any], query: Any) -> Any:
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(query).fetchone()
    return row[0] if row else None


def _named(table: Table) -> sql.Identifier:
    return sql.Identifier(SCHEMA, table.name)


def _columns_of(table: Table) -> sql.Composed:
    return _listed(name for name, _ in table.columns)


def _listed(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _ids_of(table: Table) -> tuple[int, ...]:
    return tuple(n for n, (_, kind) in enumerate(table.columns) if kind == "uuid")


def _changed(row: Row, columns: tuple[int, ...], change: Callable[[Any], Any]) -> Row:
    changed = list(row)
    for n in columns:
        changed[n] = change(changed[n])
    return tuple(changed)


def _to_digits(one: UUID) -> str:
    return one.hex


def _to_id(digits: str) -> UUID:
    try:
        return UUID(digits)
    except ValueError:
        raise Damaged(f"{digits!r} is no id: run `onrecord doctor` on the record to copy from") from None
