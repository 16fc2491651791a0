"""The log on SQLite: the library's application recorder with a contiguous position of its own.

Law: events, their positions, the ids of the things that they make, the answers kept for retries, the hashes of new keys
and how far an import is are one transaction. A crash before its commit leaves nothing of it, a crash after it leaves
all of it.
"""

import json
import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any
from uuid import UUID

import orjson
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

from domain.events import mark_of
from proofs.tree import leaf_hash
from service.store.recorder import OF_ACCOUNTS, OF_SOURCES, End, KeptAnswer, KeySecret, Turn
from service.store.tiles import filled_by

ONE_EVENT = "SELECT 1 FROM stored_events WHERE originator_id = ? AND originator_version = ?"
KEPT_ANSWERS = """
    SELECT i.caller, i.key, i.fingerprint, i.receipt, i.recorded_at
    FROM json_each(?) AS asked CROSS JOIN idempotency AS i
    WHERE i.caller = asked.value ->> 0 AND i.key = asked.value ->> 1 AND +i.recorded_at >= ?
"""
"""By caller and key, for each that is asked for: the sign keeps SQLite off the index of times."""
EXPIRED_ANSWERS = """
    DELETE FROM idempotency WHERE (caller, key) IN
    (SELECT caller, key FROM idempotency WHERE recorded_at < ? ORDER BY recorded_at LIMIT ?)
"""


class DurablePool(SQLiteConnectionPool):
    """Connections whose commits are on the disk when they return. A reader's only read."""

    def __init__(self, db_name: str, *, read_only: bool, **options: Any) -> None:
        super().__init__(db_name=db_name, **options)
        self._read_only = read_only

    def open(self) -> SQLiteConnection:
        """Return a connection that is not one of the pool's."""
        return self._create_connection()

    def _create_connection(self) -> SQLiteConnection:
        connection = super()._create_connection()
        for pragma in ("synchronous = FULL", "busy_timeout = 5000", f"query_only = {int(self._read_only)}"):
            connection.cursor().execute(f"PRAGMA {pragma}")
        return connection


class DurableDatastore(SQLiteDatastore):
    """The library's datastore over durable connections, of which one is kept for writing.

    Readers, however many, never hold up the writer: it does not wait for a connection of the pool.
    """

    pool: DurablePool

    def __init__(self, db_name: str, *, read_only: bool = False, **options: Any) -> None:
        self._writer: SQLiteConnection | None = None
        self._writing = threading.Lock()
        super().__init__(db_name, **options)
        self.pool = DurablePool(db_name, read_only=read_only)

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """Run a transaction: in one that commits, the write lock is taken at once."""
        if commit:
            with self.writing() as cursor:
                yield cursor
        else:
            with super().transaction(commit=False) as cursor:
                yield cursor

    @contextmanager
    def writing(self) -> Iterator[SQLiteCursor]:
        """Run a transaction that is begun IMMEDIATE: a deferred one meets SQLITE_BUSY in its middle.

        A connection on which anything failed, the commit included, is rolled back and closed: the next one is new.
        """
        with self._writing:
            if self._writer is None:
                self._writer = self.pool.open()
            cursor = self._writer.cursor()
            try:
                cursor.execute("BEGIN IMMEDIATE")
                yield cursor
                self._writer.commit()
            except BaseException as problem:
                with suppress(sqlite3.Error):  # SQLite may have rolled back by itself
                    self._writer.rollback()
                self._writer.close()
                self._writer = None
                if isinstance(problem, sqlite3.Error):
                    raise _translated(problem) from problem
                raise

    def close(self) -> None:
        """Close all connections."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        super().close()


class LogRecorder(SQLiteApplicationRecorder):
    """The library's application recorder over a log with contiguous positions."""

    datastore: DurableDatastore
    is_shared = False

    def turn(self, asked: Sequence[tuple[str, str]] = (), since: str = "") -> AbstractContextManager[Turn]:
        """Tell what was answered, and take no turn: one process writes, and one thread of it decides."""
        return nullcontext(Turn(answers=self.answers(asked, since)))

    def confirm(self) -> None:
        """Do nothing: what is seen in the file is on the disk."""

    def construct_create_table_statements(self) -> list[str]:
        """Return nothing: `schema.migrate` makes the tables."""
        return []

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Insert events, with what `kwargs` brings of the same transaction; return their positions."""
        with self.datastore.writing() as cursor:
            return self._insert_events(cursor, stored_events, **kwargs)

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        first = self._max_position(c) + 1
        if kwargs.get("after", first - 1) != first - 1:
            raise p.IntegrityError(f"the log ends at position {first - 1}: somebody else has written to it")
        times: Sequence[str | None] = kwargs.get("recorded_at") or [None] * len(stored_events)
        c.executemany(
            "INSERT INTO stored_events VALUES (?, ?, ?, ?, ?, ?)",
            [
                (first + n, _hex(s.originator_id), s.originator_version, s.topic, s.state, times[n])
                for n, s in enumerate(stored_events)
            ],
        )
        tiles = filled_by([s.state for s in stored_events], first - 1, self)
        c.executemany("INSERT INTO tiles VALUES (?, ?, ?, ?)", [(t.level, t.index, t.hashes, t.root) for t in tiles])
        c.executemany("INSERT INTO things VALUES (?)", [(name,) for name in kwargs.get("things") or ()])
        c.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", kwargs.get("marks") or ())
        self._keep(c, kwargs.get("answers") or (), kwargs.get("secrets") or (), kwargs.get("forget_before") or "")
        return list(range(first, first + len(stored_events)))

    def _keep(
        self, c: SQLiteCursor, answers: Sequence[KeptAnswer], secrets: Sequence[KeySecret], forget_before: str
    ) -> None:
        if answers:
            # Twice as many expired ones go as new ones come: they cannot pile up, and no transaction is a long one.
            c.execute(EXPIRED_ANSWERS, (forget_before, 2 * len(answers)))
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
        return [self._notification(row) for row in self._all(statement, *values, *topics, limit)]

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

    def answers(self, asked: Sequence[tuple[str, str]], since: str) -> list[KeptAnswer]:
        """Return the answers that were kept, since a time, for these callers and their keys."""
        if not asked:
            return []
        return [KeptAnswer(*row) for row in self._all(KEPT_ANSWERS, orjson.dumps(asked).decode(), since)]

    def secret(self, key_id: str) -> KeySecret | None:
        """Return what is kept of a key."""
        row = self._one("SELECT key_id, account, hash FROM api_keys WHERE key_id = ?", key_id)
        return KeySecret(row["key_id"], UUID(row["account"]), row["hash"]) if row else None

    def has(self, aggregate: UUID, version: int) -> bool:
        """Tell whether the log holds this event."""
        return bool(self._one(ONE_EVENT, aggregate.hex, version))

    def things_among(self, names: Collection[str]) -> set[str]:
        """Return those of these ids, and names for people, that are in use."""
        if not names:
            return set()
        among = "SELECT id FROM things WHERE id IN (SELECT value FROM json_each(?))"
        return {row[0] for row in self._all(among, json.dumps(list(names)))}

    def bytes_at(self, position: int) -> bytes | None:
        """Return the stored bytes of a position, None where the log does not hold it."""
        row = self._one("SELECT state FROM stored_events WHERE position = ?", position)
        return bytes(row[0]) if row else None

    def last_position(self) -> int:
        """Return the last position, 0 for an empty log."""
        row = self._one("SELECT MAX(position) FROM stored_events")
        return int(row[0] or 0) if row else 0

    def last(self) -> tuple[int, str | None, int]:
        """Return the last position, its recorded time, and the number of events."""
        row = self._one("SELECT MAX(position), MAX(recorded_at), COUNT(*) FROM stored_events")
        assert row is not None
        return row[0] or 0, row[1], row[2]

    def end(self) -> End:
        """Return the last event."""
        return self._end("TRUE")

    def last_of_accounts(self) -> End:
        """Return the last event that changed an account."""
        return self._end(OF_ACCOUNTS)

    def _end(self, of: str) -> End:
        newest = f"FROM stored_events WHERE {of} ORDER BY position DESC LIMIT 1"
        query = f"SELECT position, recorded_at, CAST(state AS BLOB) {newest}"  # text, where it was altered
        row = self._one(query)
        return End(row[0], row[1], mark_of(row[2])) if row else End()

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
        return self._tuples(
            "SELECT position, topic, state FROM stored_events WHERE position > ? ORDER BY position LIMIT ?",
            after,
            limit,
        )

    def whole_rows(self, after: int, limit: int) -> list[tuple[int, str, int, str, bytes, str | None]]:
        """Return position, aggregate, version, name, stored bytes and recorded time of what is after a position."""
        return self._tuples(
            "SELECT position, originator_id, originator_version, topic, state, recorded_at FROM stored_events"
            " WHERE position > ? ORDER BY position LIMIT ?",
            after,
            limit,
        )

    def aggregate_rows(self, aggregate: UUID, after_version: int, limit: int) -> list[tuple[int, bytes]]:
        """Return position and stored bytes of an aggregate's events after a version."""
        return self._tuples(
            "SELECT position, state FROM stored_events WHERE originator_id = ? AND originator_version > ?"
            " ORDER BY originator_version LIMIT ?",
            aggregate.hex,
            after_version,
            limit,
        )

    def rows_of_sources(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return position and stored bytes of the events of sources after a position, in log order."""
        return self._tuples(
            f"SELECT position, state FROM stored_events WHERE {OF_SOURCES}"  # noqa: S608
            " AND position > ? ORDER BY position LIMIT ?",
            after,
            limit,
        )

    def recent(self, limit: int) -> list[UUID]:
        """Return the aggregates of the last so many events, the longest unused first."""
        rows = self._all(
            "SELECT originator_id FROM (SELECT originator_id, position FROM stored_events ORDER BY position DESC"
            " LIMIT ?) GROUP BY originator_id ORDER BY MAX(position)",
            limit,
        )
        return [UUID(row[0]) for row in rows]

    def tile(self, level: int, index: int) -> bytes | None:
        """Return the hashes of a full tile of the tree, None where it is not kept."""
        row = self._one('SELECT hashes FROM tiles WHERE level = ? AND "index" = ?', level, index)
        return bytes(row["hashes"]) if row else None

    def tile_roots(self, level: int, start: int, end: int) -> list[bytes]:
        """Return the hashes above full tiles that are kept, from one index to before another."""
        query = 'SELECT root FROM tiles WHERE level = ? AND "index" >= ? AND "index" < ? ORDER BY "index"'
        return [row["root"] for row in self._all(query, level, start, end)]

    def tiles_kept(self) -> int:
        """Return how many full tiles of leaves are kept: all up to the last one."""
        row = self._one('SELECT MAX("index") AS last FROM tiles WHERE level = 0')
        return 0 if row is None or row["last"] is None else int(row["last"]) + 1

    def leaf_hashes(self, after: int, until: int) -> list[bytes]:
        """Return the hashes of the events behind a position, up to another."""
        query = "SELECT state FROM stored_events WHERE position > ? AND position <= ? ORDER BY position"
        return [leaf_hash(row["state"]) for row in self._all(query, after, until)]

    def last_checkpoint(self) -> str | None:
        """Return the note of the largest checkpoint that is kept, None where there is none."""
        row = self._one("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")
        return str(row["note"]) if row else None

    def checkpoint(self, size: int) -> str | None:
        """Return the note of the checkpoint of a size, None where none was signed."""
        row = self._one("SELECT note FROM checkpoints WHERE size = ?", size)
        return str(row["note"]) if row else None

    def keep_checkpoint(self, size: int, note: str, signed_at: str, tail: bytes) -> None:
        """Keep a checkpoint, and of the newest the hashes behind its last full tile.

        Of two of one size the longer one is kept, which has more signatures.
        """
        with self.datastore.writing() as cursor:
            cursor.execute(
                "UPDATE checkpoints SET tail = NULL WHERE size = (SELECT MAX(size) FROM checkpoints WHERE size < ?)",
                (size,),
            )
            cursor.execute(
                "INSERT INTO checkpoints VALUES (?, ?, ?, ?) ON CONFLICT (size) DO UPDATE"
                " SET note = excluded.note WHERE length(excluded.note) > length(note)",
                (size, note, signed_at, tail),
            )

    def forget_checkpoints(self) -> None:
        """Forget what was signed: the log is to be another one from here on."""
        with self.datastore.writing() as cursor:
            cursor.execute("DELETE FROM checkpoints")

    def tail(self) -> tuple[int, bytes] | None:
        """Return the newest checkpoint's size, and the hashes behind its last full tile; None where none was signed."""
        row = self._one("SELECT size, tail FROM checkpoints ORDER BY size DESC LIMIT 1")
        return (row["size"], bytes(row["tail"] or b"")) if row else None

    def integrity(self) -> list[str]:
        """Return what SQLite finds wrong with the file."""
        return [str(row[0]) for row in self._all("PRAGMA integrity_check") if row[0] != "ok"]

    def meta(self, name: str) -> str | None:
        """Return a fact about the record itself."""
        row = self._one("SELECT value FROM meta WHERE name = ?", name)
        return str(row[0]) if row else None

    def _all(self, statement: str, *values: str | int) -> list[sqlite3.Row]:
        with self.datastore.transaction(commit=False) as c:
            c.execute(statement, values)
            rows: list[sqlite3.Row] = c.fetchall()
            return rows

    def _tuples(self, statement: str, *values: str | int) -> list[Any]:
        return [tuple(row) for row in self._all(statement, *values)]

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
        read_only = self.env.get("READ_ONLY") == "y"
        self.datastore = DurableDatastore(self.datastore.pool.db_name, read_only=read_only)


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
