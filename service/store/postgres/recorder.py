"""The log on PostgreSQL: the library's application recorder with a contiguous position, for any number of processes.

Law: what `sqlite` keeps in one transaction, this does. Who inserts has the turn, from before the transaction looks at
the log until its commit: positions have no gap, and a reader that follows the log misses none.
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, closing
from typing import Any, NoReturn
from uuid import UUID

from eventsourcing import persistence as p
from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.postgres import PostgresAggregateRecorder, PostgresApplicationRecorder, PostgresFactory
from eventsourcing.utils import Environment
from psycopg import Connection
from psycopg.rows import tuple_row

from service.store.postgres.columns import Blobs, Ids, Numbers, Texts, columns
from service.store.postgres.connections import ANSWERS, END, LogDatastore
from service.store.postgres.schema import migrate
from service.store.recorder import OF_ACCOUNTS, OF_SOURCES, End, KeptAnswer, KeySecret, Server, Turn
from service.store.tiles import Tile, filled_by

NO_TIME_OUT = "set_config('statement_timeout', '0', true)"
"""Takes the time-out from a commit: one that is cut short while it waits for a standby succeeds, and may be lost with
this server."""
INSERT = f"""
    WITH given AS MATERIALIZED (
        SELECT * FROM unnest(%b, %b, %b, %b, %b) AS given (caller, key, fingerprint, receipt, recorded_at)
    ), events AS (
        INSERT INTO onrecord.stored_events SELECT * FROM unnest(%b, %b, %b, %b, %b, %b)
    ), things AS (
        INSERT INTO onrecord.things SELECT unnest(%b)
    ), expired AS (
        DELETE FROM onrecord.idempotency WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM (
                SELECT ctid, caller, key FROM onrecord.idempotency WHERE recorded_at < %t ORDER BY recorded_at LIMIT %b
            ) AS old WHERE NOT EXISTS (SELECT FROM given WHERE given.caller = old.caller AND given.key = old.key)
        ))
    ), answers AS (
        INSERT INTO onrecord.idempotency SELECT * FROM given ON CONFLICT (caller, key) DO UPDATE SET
        fingerprint = EXCLUDED.fingerprint, receipt = EXCLUDED.receipt, recorded_at = EXCLUDED.recorded_at
    )
    SELECT {NO_TIME_OUT}
"""  # noqa: S608
"""All that nearly every batch brings, in one statement: each one costs about as much as some rows."""
INSERT_TILES = "INSERT INTO onrecord.tiles SELECT * FROM unnest(%b, %b, %b, %b)"
INSERT_MARKS = """
    INSERT INTO onrecord.meta SELECT * FROM unnest(%b, %b) ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value
"""
INSERT_SECRETS = "INSERT INTO onrecord.api_keys SELECT * FROM unnest(%b, %b, %b)"
INSERT_SNAPSHOTS = "INSERT INTO onrecord.stored_snapshots SELECT * FROM unnest(%b, %b, %b, %b) ON CONFLICT DO NOTHING"
THINGS_AMONG = """
    SELECT kept.id FROM unnest(%b) AS asked (id), LATERAL (
        SELECT id FROM onrecord.things AS one WHERE one.id = asked.id LIMIT 1
    ) AS kept
"""
STORED = ("originator_id", "originator_version", "topic", "state")
RECENT = """
    SELECT originator_id FROM
    (SELECT originator_id, position FROM onrecord.stored_events ORDER BY position DESC LIMIT %s) AS last
    GROUP BY originator_id ORDER BY MAX(position)
"""


class PostgresLogRecorder(PostgresApplicationRecorder):
    """The library's application recorder over a log with contiguous positions."""

    datastore: LogDatastore
    is_shared = True

    def turn(self, asked: Sequence[tuple[str, str]] = (), since: str = "") -> AbstractContextManager[Turn]:
        """Let this thread decide and insert while no process else does; tell where the log ends, and answers."""
        return self.datastore.turn(asked, since)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Insert events, with what `kwargs` brings of the same transaction; return their positions.

        It is tried once: after a commit whose answer was lost, only the log knows what became of it.
        """
        with self.datastore.having_turn() as (connection, end):
            first = end.position + 1
            if kwargs.get("after", end.position) != end.position:
                raise p.IntegrityError(f"the log ends at position {end.position}: somebody else has written to it")
            tiles = filled_by([one.state for one in stored_events], end.position, self)
            with connection.pipeline():
                _insert(connection, first, stored_events, tiles, **kwargs)
                connection.execute("COMMIT")
            return list(range(first, first + len(stored_events)))

    def confirm(self) -> None:
        """Return once what this turn has seen is where a commit has to be: on a standby too, where one has to have it.

        A server that was restarted, or ended a session, while it waited for a standby shows what only it has: it would
        be gone with it. What is committed later is nowhere before all that was written earlier is there.
        """
        with self.datastore.having_turn() as (connection, _), connection.pipeline():
            connection.execute(f"SELECT pg_logical_emit_message(true, 'onrecord', ''), {NO_TIME_OUT}")
            connection.execute("COMMIT")

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> NoReturn:
        """Raise: who follows the log asks it. A word sent within the transaction would hold up the next one."""
        raise NotImplementedError("nothing is notified: read what is after a position")

    # Reading.

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
        rows = self._all(
            "SELECT position, originator_id, originator_version, topic, state FROM onrecord.stored_events"
            " WHERE position >= %s AND position <= %s AND (topic = ANY(%s) OR %s) ORDER BY position LIMIT %s",
            (start or 0) + (0 if inclusive_of_start else 1),
            2**62 if stop is None else stop,
            list(topics),
            not topics,
            limit,
        )
        return [Notification(id=row[0], **dict(zip(STORED, row[1:], strict=True))) for row in rows]

    def max_notification_id(self) -> int | None:
        """Return the last position, None for an empty log, as the library asks."""
        return self.last_position() or None

    def answers(self, asked: Sequence[tuple[str, str]], since: str) -> list[KeptAnswer]:
        """Return the answers that were kept, since a time, for these callers and their keys."""
        query = ANSWERS.format(callers="%b", keys="%b", since="%t")
        return [KeptAnswer(*row) for row in self._all(query, *columns(asked, Texts, Texts), since)]

    def secret(self, key_id: str) -> KeySecret | None:
        """Return what is kept of a key."""
        rows = self._all("SELECT key_id, account, hash FROM onrecord.api_keys WHERE key_id = %s", key_id)
        return KeySecret(*rows[0]) if rows else None

    def has(self, aggregate: UUID, version: int) -> bool:
        """Tell whether the log holds this event."""
        found: bool = self._one(
            "SELECT EXISTS (SELECT FROM onrecord.stored_events WHERE originator_id = %s AND originator_version = %s)",
            aggregate,
            version,
        )
        return found

    def things_among(self, names: Collection[str]) -> set[str]:
        """Return those of these ids, and names for people, that are in use."""
        if not names:
            return set()
        return {name for (name,) in self._all(THINGS_AMONG, Texts(names))}

    def bytes_at(self, position: int) -> bytes | None:
        """Return the stored bytes of a position, None where the log does not hold it."""
        found: bytes | None = self._one("SELECT state FROM onrecord.stored_events WHERE position = %s", position)
        return found

    def last_position(self) -> int:
        """Return the last position, 0 for an empty log."""
        return self._one("SELECT MAX(position) FROM onrecord.stored_events") or 0

    def last(self) -> tuple[int, str | None, int]:
        """Return the last position, its recorded time, and the number of events, counted however long it takes."""
        query = "SELECT MAX(position), MAX(recorded_at), COUNT(*) FROM onrecord.stored_events"
        with (
            self.datastore.get_connection() as c,
            c.within(None),
            c.transaction(),
            c.cursor(row_factory=tuple_row) as cursor,
        ):
            cursor.execute("SET LOCAL statement_timeout = 0")
            position, recorded_at, count = cursor.execute(query).fetchall()[0]
        return position or 0, recorded_at, count

    def end(self) -> End:
        """Return the last event."""
        return self._end("TRUE")

    def last_of_accounts(self) -> End:
        """Return the last event that changed an account."""
        return self._end(OF_ACCOUNTS)

    def _end(self, of: str) -> End:
        rows = self._all(f"SELECT {END} FROM onrecord.stored_events WHERE {of} ORDER BY position DESC LIMIT 1")  # noqa: S608
        return End(*rows[0]) if rows else End()

    def position_at(self, moment: str) -> int:
        """Return the last position that was recorded at or before this time, 0 where none was."""
        return (
            self._one(
                "SELECT position FROM onrecord.stored_events WHERE recorded_at <= %s ORDER BY recorded_at DESC LIMIT 1",
                moment,
            )
            or 0
        )

    def recorded_at(self, position: int) -> str:
        """Return when a position was recorded. Raise KeyError for a position that the log does not hold."""
        rows = self._all("SELECT recorded_at FROM onrecord.stored_events WHERE position = %s", position)
        if not rows:
            raise KeyError(position)
        return str(rows[0][0])

    def rows(self, after: int, limit: int) -> list[tuple[int, str, bytes]]:
        """Return position, name and stored bytes of the events after a position."""
        return self._all(
            "SELECT position, topic, state FROM onrecord.stored_events WHERE position > %s ORDER BY position LIMIT %s",
            after,
            limit,
        )

    def whole_rows(self, after: int, limit: int) -> list[tuple[int, str, int, str, bytes, str | None]]:
        """Return position, aggregate, version, name, stored bytes and recorded time of what is after a position."""
        rows = self._all(
            "SELECT position, originator_id, originator_version, topic, state, recorded_at"
            " FROM onrecord.stored_events WHERE position > %s ORDER BY position LIMIT %s",
            after,
            limit,
        )
        return [(position, aggregate.hex, *rest) for position, aggregate, *rest in rows]

    def aggregate_rows(self, aggregate: UUID, after_version: int, limit: int) -> list[tuple[int, bytes]]:
        """Return position and stored bytes of an aggregate's events after a version."""
        return self._all(
            "SELECT position, state FROM onrecord.stored_events WHERE originator_id = %s"
            " AND originator_version > %s ORDER BY originator_version LIMIT %s",
            aggregate,
            after_version,
            limit,
        )

    def rows_of_sources(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return position and stored bytes of the events of sources after a position, in log order."""
        return self._all(
            f"SELECT position, state FROM onrecord.stored_events WHERE {OF_SOURCES}"  # noqa: S608
            " AND position > %s ORDER BY position LIMIT %s",
            after,
            limit,
        )

    def recent(self, limit: int) -> list[UUID]:
        """Return the aggregates of the last so many events, the longest unused first."""
        return [aggregate for (aggregate,) in self._all(RECENT, limit)]

    def tile(self, level: int, index: int) -> bytes | None:
        """Return the hashes of a full tile of the tree, None where it is not kept."""
        found: bytes | None = self._one(
            "SELECT hashes FROM onrecord.tiles WHERE level = %s AND index = %s", level, index
        )
        return found

    def tile_roots(self, level: int, start: int, end: int) -> list[bytes]:
        """Return the hashes above full tiles that are kept, from one index to before another."""
        query = "SELECT root FROM onrecord.tiles WHERE level = %s AND index >= %s AND index < %s ORDER BY index"
        return [root for (root,) in self._all(query, level, start, end)]

    def tiles_kept(self) -> int:
        """Return how many full tiles of leaves are kept: all up to the last one."""
        return self._one("SELECT MAX(index) + 1 FROM onrecord.tiles WHERE level = 0") or 0

    def leaf_hashes(self, after: int, until: int) -> list[bytes]:
        """Return the hashes of the events behind a position, up to another."""
        query = (
            "SELECT sha256('\\x00'::bytea || state) FROM onrecord.stored_events"
            " WHERE position > %s AND position <= %s ORDER BY position"
        )
        return [hash_ for (hash_,) in self._all(query, after, until)]

    def last_checkpoint(self) -> str | None:
        """Return the note of the largest checkpoint that is kept, None where there is none."""
        found: str | None = self._one("SELECT note FROM onrecord.checkpoints ORDER BY size DESC LIMIT 1")
        return found

    def checkpoint(self, size: int) -> str | None:
        """Return the note of the checkpoint of a size, None where none was signed."""
        found: str | None = self._one("SELECT note FROM onrecord.checkpoints WHERE size = %s", size)
        return found

    def keep_checkpoint(self, size: int, note: str, signed_at: str, tail: bytes) -> None:
        """Keep a checkpoint, and of the newest the hashes behind its last full tile.

        Of two of one size the longer one is kept, which has more signatures.
        """
        with self.datastore.get_connection() as connection, connection.transaction():
            connection.execute(
                "UPDATE onrecord.checkpoints SET tail = NULL"
                " WHERE size = (SELECT MAX(size) FROM onrecord.checkpoints WHERE size < %s)",
                (size,),
            )
            connection.execute(
                "INSERT INTO onrecord.checkpoints AS kept VALUES (%s, %s, %s, %s) ON CONFLICT (size) DO UPDATE"
                " SET note = EXCLUDED.note WHERE length(EXCLUDED.note) > length(kept.note)",
                (size, note, signed_at, tail),
            )

    def forget_checkpoints(self) -> None:
        """Forget what was signed: the log is to be another one from here on."""
        with self.datastore.get_connection() as connection, connection.transaction():
            connection.execute("DELETE FROM onrecord.checkpoints")

    def tail(self) -> tuple[int, bytes] | None:
        """Return the newest checkpoint's size, and the hashes behind its last full tile; None where none was signed."""
        rows = self._all("SELECT size, tail FROM onrecord.checkpoints ORDER BY size DESC LIMIT 1")
        return (rows[0][0], rows[0][1] or b"") if rows else None

    def integrity(self) -> list[str]:
        """Return nothing: the server looks after its files, and checks the pages that it reads where it was told to."""
        return []

    def meta(self, name: str) -> str | None:
        """Return a fact about the record itself."""
        found: str | None = self._one("SELECT value FROM onrecord.meta WHERE name = %s", name)
        return found

    def _all(self, statement: str, *values: object) -> list[Any]:
        with self.datastore.get_connection() as c, c.cursor(row_factory=tuple_row) as cursor:
            return cursor.execute(statement.encode(), values).fetchall()

    def _one(self, statement: str, *values: object) -> Any:
        rows = self._all(statement, *values)
        return rows[0][0] if rows else None


class SnapshotRecorder(PostgresAggregateRecorder):
    """The library's recorder of snapshots, without what it tries again by itself: a snapshot is an aid."""

    datastore: LogDatastore

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Keep snapshots; one that another process has kept meanwhile is the same."""
        rows = [(s.originator_id, s.originator_version, s.topic, s.state) for s in stored_events]
        with self.datastore.get_connection() as connection:
            connection.execute(INSERT_SNAPSHOTS, columns(rows, Ids, Numbers, Texts, Blobs))
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return the snapshots of an aggregate."""
        order = "DESC" if desc else "ASC"
        statement = (
            "SELECT originator_id, originator_version, topic, state FROM onrecord.stored_snapshots"  # noqa: S608
            " WHERE originator_id = %s AND originator_version > %s AND originator_version <= %s"
            f" ORDER BY originator_version {order} LIMIT %s"
        )
        values = (originator_id, -1 if gt is None else gt, 2**62 if lte is None else lte, limit)
        with self.datastore.get_connection() as c, c.cursor(row_factory=tuple_row) as cursor:
            return [StoredEvent(*row) for row in cursor.execute(statement.encode(), values).fetchall()]


class PostgresLogFactory(PostgresFactory):
    """The library's factory over our datastore and recorders."""

    def __init__(self, env: Environment, server: Server, *, read_only: bool) -> None:
        # What the library asks for is in the address; its own datastore is never opened.
        asked = ("POSTGRES_DBNAME", "POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_PASSWORD")
        super().__init__(Environment(env.name, {**env, **dict.fromkeys(asked, "")}))
        self.datastore = LogDatastore(server, read_only=read_only)

    def application_recorder(self) -> PostgresLogRecorder:
        """Return the recorder of the log."""
        return PostgresLogRecorder(self.datastore)

    def aggregate_recorder(self, purpose: str = "events") -> SnapshotRecorder:
        """Return the recorder of snapshots."""
        return SnapshotRecorder(self.datastore, events_table_name=f"stored_{purpose}")


def prepare(server: Server, marks: Sequence[tuple[str, str]]) -> None:
    """Make or migrate the tables, and mark a new record."""
    datastore = LogDatastore(server)
    with closing(datastore), datastore.alone() as connection:
        if (encoding := connection.info.parameter_status("server_encoding")) != "UTF8":
            raise p.NotSupportedError(f"the database has the encoding {encoding}: make one that has UTF8")
        migrate(connection)
        for mark in marks:
            connection.execute("INSERT INTO onrecord.meta VALUES (%s, %s) ON CONFLICT DO NOTHING", mark)


def is_there(server: Server) -> bool:
    """Tell whether the database holds a record."""
    datastore = LogDatastore(server, read_only=True)
    with closing(datastore), datastore.alone() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        return bool(cursor.execute("SELECT to_regclass('onrecord.meta')").fetchall()[0][0])


def _insert(
    c: Connection[Any], first: int, stored: Sequence[StoredEvent], tiles: Sequence[Tile], **kwargs: Any
) -> None:
    """Send what is to be inserted, and take the time-out from the commit that comes after it."""
    times = kwargs.get("recorded_at") or [None] * len(stored)
    events = [
        (first + n, s.originator_id, s.originator_version, s.topic, s.state, times[n]) for n, s in enumerate(stored)
    ]
    kept: Sequence[KeptAnswer] = kwargs.get("answers") or ()
    answers = {(a.caller, a.key): (a.caller, a.key, a.fingerprint, a.receipt, a.recorded_at) for a in kept}
    if tiles:
        rows = [(tile.level, tile.index, tile.hashes, tile.root) for tile in tiles]
        c.execute(INSERT_TILES, columns(rows, Numbers, Numbers, Blobs, Blobs))
    if marks := dict(kwargs.get("marks") or ()):
        c.execute(INSERT_MARKS, columns(marks.items(), Texts, Texts))
    if secrets := [(s.key_id, s.account, s.hash) for s in kwargs.get("secrets") or ()]:
        c.execute(INSERT_SECRETS, columns(secrets, Texts, Ids, Blobs))
    values = [
        *columns(answers.values(), Texts, Texts, Texts, Blobs, Texts),
        *columns(events, Numbers, Ids, Numbers, Texts, Blobs, Texts),
        Texts(kwargs.get("things") or ()),
        # Twice as many expired ones go as new ones come: they cannot pile up, and no transaction is a long one.
        kwargs.get("forget_before") or "",
        2 * len(kept),
    ]
    c.execute(INSERT, values)
