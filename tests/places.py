"""Places where views are kept in tests: files, and schemas of a database."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from pydantic import SecretStr

from projections.database import Database
from projections.postgres import PostgresViews
from projections.runner import Runner
from projections.sqlite import SqliteViews
from service.store.postgres_connections import connecting
from service.store.recorder import Server

Place = Callable[..., Runner]
"""Opens the views of one place; what it is given is given to `Runner`."""
_NUMBERS = count(1)


class Places:
    """Makes places: in the database of an address, or in files where there is none."""

    def __init__(self, address: str | None) -> None:
        self._address = address

    @contextmanager
    def new(self) -> Iterator[Place]:
        """Make a place, and leave nothing of it."""
        with self._in_a_file() if self._address is None else self._on_a_server(self._address) as made:
            yield lambda *given, **named: Runner(made(), *given, **named)

    @contextmanager
    def _in_a_file(self) -> Iterator[Callable[[], Database]]:
        with tempfile.TemporaryDirectory() as folder:
            yield lambda: SqliteViews(Path(folder) / "views.sqlite")

    @contextmanager
    def _on_a_server(self, address: str) -> Iterator[Callable[[], Database]]:
        schema = f"views_{next(_NUMBERS)}"
        connect: Any = connecting(Server(SecretStr(address)))
        try:
            yield lambda: PostgresViews(connect, connections=4, schema=schema)
        finally:
            with psycopg.connect(address) as connection:
                connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())


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
