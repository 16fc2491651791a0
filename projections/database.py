"""The database of the views: SQLite, one writer at a time, readers beside it."""

import sqlite3
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

READERS = 80
"""Connections at the most."""
WRITES = "onrecord_writes"
"""The execution option of a connection that will write: its transaction takes the lock at once."""


def open_engine(file: Path) -> Engine:
    """Return the engine over a file, which is made where there is none."""
    engine = create_engine(
        f"sqlite:///{file}",
        poolclass=QueuePool,
        pool_size=READERS // 2,
        max_overflow=READERS // 2,
        connect_args={"check_same_thread": False},
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        hide_parameters=True,  # an error must not carry what people search for or say
    )
    event.listen(engine, "connect", _tune)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    """Begin a transaction. One that reads first and writes later would meet SQLITE_BUSY in its middle."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(WRITES) else "BEGIN")


def _tune(connection: sqlite3.Connection, _record: Any) -> None:
    """Let readers and the writer pass each other. What a power cut loses is projected again from the log."""
    connection.isolation_level = None
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    pragmas = ("journal_mode = WAL", "synchronous = NORMAL", "busy_timeout = 10000", "cache_size = -16384")
    for pragma in (*pragmas, "wal_autocheckpoint = 8000"):
        connection.execute(f"PRAGMA {pragma}")


def _casefold(text: str | None) -> str | None:
    """Fold the case of every script: SQLite itself folds that of ASCII only."""
    return None if text is None else text.casefold()
