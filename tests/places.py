"""Places where views are kept in tests: files, and schemas of a database."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from pydantic import SecretStr

from projections.catalogue import VIEWS
from projections.postgres import PostgresViews
from projections.runner import Runner
from projections.sqlite import SqliteViews
from service.store.postgres.connections import connecting
from service.store.recorder import Server

Place = Callable[..., Runner]
"""Opens the views of one place; what it is given is given to `Runner`."""
_NUMBERS = count(1)


class Places:
    """Makes places: in the database of an address, or in files where there is none."""

    def __init__(self, address: str | None) -> None:
        self._address = address
        self._emptied: list[str] = []

    @contextmanager
    def new(self) -> Iterator[Place]:
        """Make a place, and leave nothing of it."""
        if self._address is None:
            with tempfile.TemporaryDirectory() as folder:
                yield lambda *given, **named: Runner(SqliteViews(Path(folder) / "views.sqlite"), *given, **named)
            return
        schema = f"views_{next(_NUMBERS)}"
        try:
            yield self._opening(schema)
        finally:
            self._run(f"DROP SCHEMA IF EXISTS {schema} CASCADE")

    @contextmanager
    def empty(self) -> Iterator[Place]:
        """Give a place where the views of the product show nothing. On a server, to make one takes a second."""
        if self._address is None:
            with self.new() as place:
                yield place
            return
        schema = self._emptied.pop() if self._emptied else f"views_{next(_NUMBERS)}"
        yield self._opening(schema)
        emptied = [f"DELETE FROM {schema}.{table.name}" for view in VIEWS for table in view.tables]  # noqa: S608
        begun = f"UPDATE {schema}.checkpoints SET generation=1, position=0, target=0, mark=NULL, error=NULL"  # noqa: S608
        self._run("; ".join([begun, *emptied]))
        self._emptied.append(schema)

    def _opening(self, schema: str) -> Place:
        connect: Any = connecting(Server(SecretStr(self._address or "")))
        return lambda *given, **named: Runner(PostgresViews(connect, connections=4, schema=schema), *given, **named)

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._address or "") as connection:
            connection.execute(statement.encode())


_used = [Places(None)]


def used() -> Places:
    """Return the places of the test that runs now."""
    return _used[-1]


@contextmanager
def using(places: Places) -> Iterator[None]:
    """Let tests use these places."""
    _used.append(places)
    try:
        yield
    finally:
        _used.pop()
