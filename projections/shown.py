"""Views as they lie in their file, read beside the process that keeps them, or without one.

Law: nothing is written here, and what is read says how far it goes: the position is asked anew each time.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from projections import checkpoints
from projections.catalogue import VIEWS
from projections.checkpoints import Checkpoint
from projections.runner import ViewStatus
from projections.view import View


class ShownViews:
    """The views of one database file, for reading. Open them with `ShownViews.open`."""

    def __init__(self, engine: Engine, views: tuple[View, ...]) -> None:
        self._engine, self._views = engine, views

    @classmethod
    def open(cls, file: Path, views: tuple[View, ...] = VIEWS) -> Self:
        """Open the views in a file; it need not be there yet."""
        engine = create_engine(
            f"sqlite:///file:{file.absolute()}?mode=ro&uri=true", poolclass=NullPool, json_deserializer=orjson.loads
        )
        event.listen(engine, "connect", _tune)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        return cls(engine, views)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.dispose()

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Give a connection for reading: one unchanging picture until it is let go."""
        with self._engine.connect() as connection:
            yield connection

    def position(self) -> int:
        """Return the position that all views show, those left out that failed; 0 where one is missing or outdated."""
        return min((one.position for one in self.status() if one.error is None), default=0)

    def status(self) -> list[ViewStatus]:
        """Tell how each view stands."""
        kept = self.checkpoints()
        return [_status(view, kept.get(view.name)) for view in self._views]

    def checkpoints(self) -> dict[str, Checkpoint]:
        """Return the checkpoint of each view that there is."""
        try:
            with self.connect() as connection:
                return checkpoints.read(connection)
        except OperationalError as problem:
            if _not_there(problem):
                return {}
            raise


def _not_there(problem: OperationalError) -> bool:
    return any(words in str(problem.orig) for words in ("unable to open", "no such table"))


def _status(view: View, at: Checkpoint | None) -> ViewStatus:
    if at is None or at.version != view.version:
        return ViewStatus(view.name, view.version, 0, "rebuilding", None, 0.0)
    return ViewStatus(view.name, view.version, at.position, "failed" if at.error else "live", at.error)


def _tune(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout = 5000")
