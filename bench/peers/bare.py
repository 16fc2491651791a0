"""The databases alone: what storing rows like ours costs without anything around it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from service.store.log import rfc3339

DATA = b"x" * 600
"""As many bytes as a claim of ours has."""
Row = tuple[str, int, str, bytes, str]


def rows(size: int) -> list[Row]:
    """Return rows of new aggregates."""
    now = rfc3339(datetime.now(UTC))
    return [(uuid4().hex, 1, "claim.made.v1", DATA, now) for _ in range(size)]


@contextmanager
def bare_database(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open SQLite alone, with the log's table and its durability."""
    with closing(sqlite3.connect(folder / "bare.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(
            "CREATE TABLE events (position INTEGER PRIMARY KEY, id TEXT, version INTEGER, name TEXT, state BLOB,"
            " recorded_at TEXT, UNIQUE (id, version))"
        )
        connection.execute("CREATE INDEX events_recorded_at ON events (recorded_at)")
        yield connection


def insert(connection: sqlite3.Connection, size: int) -> None:
    """Store so many rows in one transaction."""
    made = rows(size)
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO events (id, version, name, state, recorded_at) VALUES (?, ?, ?, ?, ?)", made)
    connection.execute("COMMIT")


@contextmanager
def bare_server(address: str) -> Iterator[psycopg.Connection[Any]]:
    """Open PostgreSQL alone, with the log's table, each statement a transaction of its own."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE bare_events (position bigserial PRIMARY KEY, id uuid, version bigint, name text, state bytea,"
            " recorded_at text, UNIQUE (id, version))"
        )
        connection.execute("CREATE INDEX bare_events_recorded_at ON bare_events (recorded_at)")
        yield connection


def insert_on_server(connection: psycopg.Connection[Any], size: int) -> None:
    """Store so many rows in one statement."""
    columns = [list(column) for column in zip(*rows(size), strict=True)]
    connection.execute(
        "INSERT INTO bare_events (id, version, name, state, recorded_at)"
        " SELECT * FROM unnest(%b::uuid[], %b::bigint[], %t::text[], %b::bytea[], %t::text[])",
        columns,
    )
