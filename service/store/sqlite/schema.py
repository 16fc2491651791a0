"""The tables of the record that cannot be rebuilt, and how an older file is brought up to date.

Law: a step that was released is never changed; the next one is added below it.
"""

import sqlite3

from service.store.recorder import NewerSchema

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE stored_events (
        position INTEGER PRIMARY KEY,
        originator_id TEXT NOT NULL,
        originator_version INTEGER NOT NULL,
        topic TEXT NOT NULL,
        state BLOB NOT NULL,
        recorded_at TEXT,
        UNIQUE (originator_id, originator_version)
    );
    CREATE INDEX stored_events_recorded_at ON stored_events (recorded_at);
    CREATE INDEX stored_events_of_sources ON stored_events (position) WHERE topic >= 'source.' AND topic < 'source/';
    CREATE TABLE stored_snapshots (
        originator_id TEXT NOT NULL,
        originator_version INTEGER NOT NULL,
        topic TEXT NOT NULL,
        state BLOB NOT NULL,
        PRIMARY KEY (originator_id, originator_version)
    ) WITHOUT ROWID;
    CREATE TABLE idempotency (
        caller TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        receipt BLOB NOT NULL,
        recorded_at TEXT NOT NULL,
        PRIMARY KEY (caller, key)
    ) WITHOUT ROWID;
    CREATE INDEX idempotency_recorded_at ON idempotency (recorded_at);
    CREATE TABLE api_keys (
        key_id TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        hash BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE things (id TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    """,
    """
    CREATE TABLE tiles (
        level INTEGER NOT NULL,
        "index" INTEGER NOT NULL,
        hashes BLOB NOT NULL,
        root BLOB NOT NULL,
        PRIMARY KEY (level, "index")
    );
    CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL, signed_at TEXT NOT NULL, tail BLOB);
    """,
)


def migrate(connection: sqlite3.Connection) -> int:
    """Bring the file up to date, each step in a transaction of its own, and return the schema's version.

    A crash here leaves the file at a whole step: the next start goes on. Raise `NewerSchema` for a file from the
    future.
    """
    while (version := _version(connection)) < len(STEPS):
        connection.executescript(f"BEGIN IMMEDIATE; {STEPS[version]} PRAGMA user_version = {version + 1}; COMMIT;")
    if version > len(STEPS):
        raise NewerSchema(f"the record has schema {version}, this version knows {len(STEPS)}: use the newer version")
    return version


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)
