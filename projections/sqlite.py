"""The database of the views as a file: SQLite, one writer at a time, readers beside it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import QueuePool

from projections.database import ENGINE

READERS = 80
"""Connections at the most."""
WRITES = "onrecord_writes"
"""The execution option of a connection that will write: its transaction takes the lock at once."""
CACHE, WRITERS_CACHE = 2_048, 16_384
"""Pages that a connection keeps, in kB at the most: what one of many readers has, others have too."""
WATCHING = 1.0
"""Seconds: the process that writes the log tells of each commit, and this is only for what went missing."""


class SqliteViews:
    """The views in a file, which is made where there is none. Its lock is the turn; the first who has it follows."""

    watching = WATCHING
    readers = READERS

    def __init__(self, file: Path) -> None:
        self._engine = create_engine(
            f"sqlite:///{file}",
            poolclass=QueuePool,
            pool_size=READERS // 2,
            max_overflow=READERS // 2,
            connect_args={"check_same_thread": False},
            **ENGINE,
        )
        event.listen(self._engine, "connect", _tune)
        event.listen(self._engine, "begin", _begin)
        self._writing = self._engine.execution_options(**{WRITES: True})

    def make(self, connection: Connection) -> None:
        """Nothing: a file is made by who opens it."""

    @contextmanager
    def reading(self, *, patiently: bool = False) -> Iterator[Connection]:
        """Give a connection for reading: one unchanging picture until it is let go."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a transaction that has the file's lock from its beginning."""
        with self._writing.begin() as connection:
            yield connection

    building = writing

    def lead(self) -> bool:
        """Whoever follows the log in one folder may: the lock lets nobody project an event twice."""
        return True

    def resign(self) -> None:
        """Nobody was elected."""

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def _begin(connection: Connection) -> None:
    """Begin a transaction. One that reads first and writes later would meet SQLITE_BUSY in its middle."""
    if connection.get_execution_options().get(WRITES):
        connection.exec_driver_sql(f"PRAGMA cache_size = -{WRITERS_CACHE}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN")


def _tune(connection: sqlite3.Connection, _record: Any) -> None:
    """Let readers and the writer pass each other. What a power cut loses is projected again from the log."""
    connection.isolation_level = None
    connection.create_function("folded", 1, _folded, deterministic=True)
    pragmas = ("journal_mode = WAL", "synchronous = NORMAL", "busy_timeout = 10000", f"cache_size = -{CACHE}")
    for pragma in (*pragmas, "wal_autocheckpoint = 8000"):
        connection.execute(f"PRAGMA {pragma}")


def _folded(text: str | None) -> str | None:
    """Leave out the case of every script: SQLite itself knows that of ASCII only."""
    return None if text is None else text.upper()
