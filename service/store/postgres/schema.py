"""The tables of the record on PostgreSQL, and how an older database is brought up to date.

Law: a step that was released is never changed; the next one is added below it. They are what `schema` makes on SQLite,
in this database's own words, in a schema of their own.
"""

from typing import Any

from psycopg import Connection
from psycopg.rows import tuple_row

from service.store.recorder import NewerSchema

SCHEMA = "onrecord"
LOCK = 0x6F6E7265636F7264
"""The advisory lock under which one process at a time looks at the version and takes the steps: "onrecord"."""

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE onrecord.stored_events (
        position bigint PRIMARY KEY,
        originator_id uuid NOT NULL,
        originator_version bigint NOT NULL,
        topic text COLLATE "C" NOT NULL,
        state bytea NOT NULL,
        recorded_at text COLLATE "C",
        UNIQUE (originator_id, originator_version)
    );
    CREATE INDEX stored_events_recorded_at ON onrecord.stored_events (recorded_at);
    CREATE INDEX stored_events_of_sources ON onrecord.stored_events (position)
        WHERE topic >= 'source.' AND topic < 'source/';
    CREATE INDEX stored_events_of_accounts ON onrecord.stored_events (position)
        WHERE (topic >= 'account.' AND topic < 'account/' OR topic >= 'key.' AND topic < 'key/'
            OR topic >= 'role.' AND topic < 'role/');
    CREATE TABLE onrecord.turns ();
    COMMENT ON TABLE onrecord.turns IS
        'Always empty. Who writes to the log holds it in EXCLUSIVE mode: on the log itself that would wait for vacuum.';
    CREATE TABLE onrecord.stored_snapshots (
        originator_id uuid NOT NULL,
        originator_version bigint NOT NULL,
        topic text NOT NULL,
        state bytea NOT NULL,
        PRIMARY KEY (originator_id, originator_version)
    );
    CREATE TABLE onrecord.idempotency (
        caller text COLLATE "C" NOT NULL,
        key text COLLATE "C" NOT NULL,
        fingerprint text NOT NULL,
        receipt bytea NOT NULL,
        recorded_at text COLLATE "C" NOT NULL,
        PRIMARY KEY (caller, key)
    );
    CREATE INDEX idempotency_recorded_at ON onrecord.idempotency (recorded_at);
    CREATE TABLE onrecord.api_keys (
        key_id text COLLATE "C" PRIMARY KEY,
        account uuid NOT NULL,
        hash bytea NOT NULL
    );
    CREATE TABLE onrecord.things (id text COLLATE "C" PRIMARY KEY);
    CREATE TABLE onrecord.meta (name text COLLATE "C" PRIMARY KEY, value text NOT NULL);
    """,
    """
    CREATE TABLE onrecord.tiles (
        level smallint NOT NULL,
        index bigint NOT NULL,
        hashes bytea NOT NULL,
        root bytea NOT NULL,
        PRIMARY KEY (level, index)
    );
    CREATE TABLE onrecord.checkpoints (
        size bigint PRIMARY KEY,
        note text NOT NULL,
        signed_at text NOT NULL,
        tail bytea
    );
    """,
)


def migrate(connection: Connection[Any]) -> int:
    """Bring the database up to date, in one transaction, and return the schema's version.

    Any number of processes may start at once: each waits for its turn. Raise `NewerSchema` for a database from the
    future.
    """
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        version = _version(cursor)
        if version > len(STEPS):
            raise NewerSchema(
                f"the record has schema {version}, this version knows {len(STEPS)}: use the newer version"
            )
        for step in STEPS[version:]:
            cursor.execute(step.encode())
        cursor.execute("UPDATE onrecord.schema SET version = %s WHERE version < %s", (len(STEPS), len(STEPS)))
    return len(STEPS)


def _version(cursor: Any) -> int:
    """Return the version, in a schema that is made where there is none."""
    if not _found(cursor, "SELECT to_regnamespace('onrecord')"):  # only who may make schemas is asked to
        cursor.execute("CREATE SCHEMA onrecord")
    if not _found(cursor, "SELECT to_regclass('onrecord.schema')"):
        cursor.execute("CREATE TABLE onrecord.schema AS SELECT 0 AS version")
    return int(_found(cursor, "SELECT version FROM onrecord.schema") or 0)


def _found(cursor: Any, query: str) -> Any:
    return cursor.execute(query).fetchone()[0]
