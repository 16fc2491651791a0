"""The log on SQLite: the library's application recorder with a contiguous position of its own.

Law: events, their positions, the answers kept for retries, the hashes of new keys and how far an import is are one
transaction. A crash before its commit leaves nothing of it, a crash after it leaves all of it.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from eventsourcing import persistence as p
from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteFactory,
)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The answer to a request, kept so that a retry gets the same one."""

    caller: str
    key: str
    fingerprint: str
    receipt: bytes
    recorded_at: str


@dataclass(frozen=True, slots=True)
class KeySecret:
    """The hash of a new key's secret, and whose key it is."""

    key_id: str
    account: UUID
    hash: bytes


class DurablePool(SQLiteConnectionPool):
    """Connections whose commits are on the disk when they return."""

    def _create_connection(self) -> SQLiteConnection:
        connection = super()._create_connection()
        for pragma in ("synchronous = FULL", "busy_timeout = 5000"):
            connection.cursor().execute(f"PRAGMA {pragma}")
        return connection


class DurableDatastore(SQLiteDatastore):
    """The library's datastore over durable connections, with transactions that take the write lock at once."""

    def __init__(self, db_name: str, **options: Any) -> None:
        super().__init__(db_name, **options)
        self.pool = DurablePool(db_name=db_name)

    @contextmanager
    def writing(self) -> Iterator[SQLiteCursor]:
        """Run a transaction that is begun IMMEDIATE: a deferred one meets SQLITE_BUSY in its middle."""
        with self.get_connection(commit=True) as connection:
            cursor = connection.cursor()
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
            except BaseException:
                connection.rollback()
                raise
            connection.commit()


class LogRecorder(SQLiteApplicationRecorder):
    """The library's application recorder over a log with contiguous positions."""

    datastore: DurableDatastore

    def construct_create_table_statements(self) -> list[str]:
        """Return nothing: `schema.migrate` makes the tables."""
        return []

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Insert events, with what `kwargs` brings of the same transaction; return their positions."""
        try:
            with self.datastore.writing() as cursor:
                return self._insert_events(cursor, stored_events, **kwargs)
        except sqlite3.Error as problem:
            raise _translated(problem) from problem

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        first = self._max_position(c) + 1
        times: Sequence[str | None] = kwargs.get("recorded_at") or [None] * len(stored_events)
        c.executemany(
            "INSERT INTO stored_events VALUES (?, ?, ?, ?, ?, ?)",
            [
                (first + n, _hex(s.originator_id), s.originator_version, s.topic, s.state, times[n])
                for n, s in enumerate(stored_events)
            ],
        )
        self._keep(c, kwargs.get("answers") or (), kwargs.get("secrets") or ())
        c.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", kwargs.get("marks") or ())
        return list(range(first, first + len(stored_events)))

    def _keep(self, c: SQLiteCursor, answers: Sequence[KeptAnswer], secrets: Sequence[KeySecret]) -> None:
        if answers:
            rows = [(a.caller, a.key, a.fingerprint, a.receipt, a.recorded_at) for a in answers]
            c.executemany("INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?)", rows)
        if secrets:
            c.executemany("INSERT INTO api_keys VALUES (?, ?, ?)", [(s.key_id, s.account.hex, s.hash) for s in secrets])

    def _max_position(self, c: SQLiteCursor) -> int:
        c.execute("SELECT COALESCE(MAX(position), 0) FROM stored_events")
        return int(c.fetchone()[0])

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return the events from a position on, in log order."""
        where, values = ["position >= ?" if inclusive_of_start else "position > ?"], [start or 0]
        if stop is not None:
            where.append("position <= ?")
            values.append(stop)
        marks = ",".join("?" * len(topics))
        if topics:
            where.append(f"topic IN ({marks})")
        # Only our own words are put together here; every value is bound.
        statement = f"SELECT * FROM stored_events WHERE {' AND '.join(where)} ORDER BY position LIMIT ?"  # noqa: S608
        with self.datastore.transaction(commit=False) as c:
            c.execute(statement, [*values, *topics, limit])
            return [self._notification(row) for row in c.fetchall()]

    def _notification(self, row: sqlite3.Row) -> Notification:
        return Notification(
            id=row["position"],
            originator_id=self.convert_originator_id(row["originator_id"]),
            originator_version=row["originator_version"],
            topic=row["topic"],
            state=row["state"],
        )

    def _max_notification_id(self, c: SQLiteCursor) -> int:
        c.execute("SELECT MAX(position) FROM stored_events")
        return c.fetchone()[0]  # type: ignore[no-any-return]  # None for an empty log, as the library asks

    def answer(self, caller: str, key: str) -> KeptAnswer | None:
        """Return the answer that was kept for a caller's key."""
        row = self._one("SELECT * FROM idempotency WHERE caller = ? AND key = ?", caller, key)
        return KeptAnswer(*row) if row else None

    def forget_answers(self, before: str) -> None:
        """Forget the answers that were recorded before this time."""
        with self.datastore.writing() as c:
            c.execute("DELETE FROM idempotency WHERE recorded_at < ?", (before,))

    def secret(self, key_id: str) -> KeySecret | None:
        """Return what is kept of a key."""
        row = self._one("SELECT key_id, account, hash FROM api_keys WHERE key_id = ?", key_id)
        return KeySecret(row["key_id"], UUID(row["account"]), row["hash"]) if row else None

    def last_position(self) -> int:
        """Return the last position, 0 for an empty log."""
        row = self._one("SELECT MAX(position) FROM stored_events")
        return int(row[0] or 0) if row else 0

    def last(self) -> tuple[int, str | None, int]:
        """Return the last position, its recorded time, and the number of events."""
        row = self._one("SELECT MAX(position), MAX(recorded_at), COUNT(*) FROM stored_events")
        assert row is not None
        return row[0] or 0, row[1], row[2]

    def position_at(self, moment: str) -> int:
        """Return the last position that was recorded at or before this time, 0 where none was."""
        row = self._one(
            "SELECT position FROM stored_events WHERE recorded_at <= ? ORDER BY recorded_at DESC LIMIT 1", moment
        )
        return int(row[0]) if row else 0

    def recorded_at(self, position: int) -> str:
        """Return when a position was recorded. Raise KeyError for a position that the log does not hold."""
        row = self._one("SELECT recorded_at FROM stored_events WHERE position = ?", position)
        if row is None:
            raise KeyError(position)
        return str(row[0])

    def rows(self, after: int, limit: int) -> list[tuple[int, str, bytes]]:
        """Return position, name and stored bytes of the events after a position."""
        with self.datastore.transaction(commit=False) as c:
            c.execute(
                "SELECT position, topic, state FROM stored_events WHERE position > ? ORDER BY position LIMIT ?",
                (after, limit),
            )
            return [tuple(row) for row in c.fetchall()]

    def aggregate_rows(self, aggregate: UUID, after_version: int, limit: int) -> list[tuple[int, bytes]]:
        """Return position and stored bytes of an aggregate's events after a version."""
        with self.datastore.transaction(commit=False) as c:
            c.execute(
                "SELECT position, state FROM stored_events WHERE originator_id = ? AND originator_version > ?"
                " ORDER BY originator_version LIMIT ?",
                (aggregate.hex, after_version, limit),
            )
            return [tuple(row) for row in c.fetchall()]

    def integrity(self) -> list[str]:
        """Return what SQLite finds wrong with the file."""
        with self.datastore.transaction(commit=False) as c:
            c.execute("PRAGMA integrity_check")
            return [str(row[0]) for row in c.fetchall() if row[0] != "ok"]

    def meta(self, name: str) -> str | None:
        """Return a fact about the record itself."""
        row = self._one("SELECT value FROM meta WHERE name = ?", name)
        return str(row[0]) if row else None

    def set_meta(self, name: str, value: str) -> None:
        """Keep a fact about the record itself."""
        with self.datastore.writing() as c:
            c.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def _one(self, statement: str, *values: str | int) -> sqlite3.Row | None:
        with self.datastore.transaction(commit=False) as c:
            c.execute(statement, values)
            row: sqlite3.Row | None = c.fetchone()
            return row


class LogFactory(SQLiteFactory):
    """The library's factory over durable connections and the log recorder."""

    application_recorder_class = LogRecorder

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self.datastore.close()
        self.datastore = DurableDatastore(self.datastore.pool.db_name)


def _translated(problem: sqlite3.Error) -> Exception:
    kinds = (
        (sqlite3.IntegrityError, p.IntegrityError),
        (sqlite3.OperationalError, p.OperationalError),
        (sqlite3.DataError, p.DataError),
        (sqlite3.ProgrammingError, p.ProgrammingError),
    )
    for kind, translated in kinds:
        if isinstance(problem, kind):
            return translated(problem)
    return p.DatabaseError(problem)


def _hex(originator: UUID | str) -> str:
    return originator.hex if isinstance(originator, UUID) else originator
