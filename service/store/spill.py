"""What a trial has decided and does not have at hand: in a private file of the system's temporary folder.

Law: nothing of it outlives its connection, and what it takes in memory does not grow.
"""

import sqlite3
from collections.abc import Iterable
from uuid import UUID

from domain.event import Aggregate


class Spill:
    """States that had to make room, and the ids and names that came to be. Only the writer's thread uses it."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "CREATE TABLE states (aggregate BLOB PRIMARY KEY, kind TEXT NOT NULL, state BLOB NOT NULL) WITHOUT ROWID",
            "CREATE TABLE things (name TEXT PRIMARY KEY) WITHOUT ROWID",
            "BEGIN",
        ):
            self._file.execute(statement)

    def put(self, aggregate: UUID, kind: Aggregate, state: bytes) -> None:
        """Take the newest state of an aggregate."""
        self._file.execute("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", (aggregate.bytes, kind, state))

    def get(self, aggregate: UUID) -> tuple[Aggregate, bytes] | None:
        """Return the kind and the state of an aggregate that was put here."""
        query = "SELECT kind, state FROM states WHERE aggregate = ?"
        found: tuple[Aggregate, bytes] | None = self._file.execute(query, (aggregate.bytes,)).fetchone()
        return found

    def update(self, names: Iterable[str]) -> None:
        """Note ids and names that came to be."""
        self._file.executemany("INSERT OR IGNORE INTO things VALUES (?)", ((name,) for name in names))

    def __contains__(self, name: object) -> bool:
        return self._file.execute("SELECT 1 FROM things WHERE name = ?", (name,)).fetchone() is not None

    def close(self) -> None:
        """Let go of the file, and with it of all that it held."""
        self._file.close()
