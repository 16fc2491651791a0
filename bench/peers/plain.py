"""Plain SQL over the histories that django-simple-history keeps: the newest row of each key by a time.

On PostgreSQL `DISTINCT ON`, on SQLite the columns that go with a `MAX`, each its database's own short way.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any

import orjson
import psycopg
from psycopg.types.json import set_json_loads
from sqlalchemy import JSON, Table

from bench.peers.history import columns_of, history_table
from projections.temporal import key_of


class Plain:
    """Reads the rows of one table as of a time, by a statement for one row, for some and for all."""

    _one: str
    _some: str
    _all: str

    def one(self, key: str, at: datetime) -> Any:
        """Return the row of a key."""
        return self._rows(self._one, at, key)[0]

    def some(self, incident: str, at: datetime, limit: int) -> list[Any]:
        """Return the rows of an incident, in order."""
        return self._rows(self._some, at, incident, limit)

    def all_of(self, at: datetime) -> list[Any]:
        """Return the rows of all keys."""
        return self._rows(self._all, at)

    def _rows(self, statement: str, at: datetime, *values: object) -> list[Any]:
        raise NotImplementedError


class OnServer(Plain):
    """On PostgreSQL."""

    def __init__(self, connection: psycopg.Connection[Any], table: Table) -> None:
        (key,), names = key_of(table), ", ".join(columns_of(table))
        self._connection, given = connection, f"FROM {history_table(table)} WHERE history_date <= %s"
        self._one = f"SELECT {names} {given} AND {key} = %s ORDER BY history_date DESC LIMIT 1"
        newest = f"SELECT DISTINCT ON ({key}) {names} {given}"
        self._all = f"{newest} ORDER BY {key}, history_date DESC"
        of_one = f"{newest} AND incident = %s ORDER BY {key}, history_date DESC"
        self._some = f"SELECT * FROM ({of_one}) AS held ORDER BY number LIMIT %s"  # noqa: S608

    def _rows(self, statement: str, at: datetime, *values: object) -> list[Any]:
        return self._connection.execute(statement.encode(), (at, *values)).fetchall()


class InFile(Plain):
    """On SQLite."""

    def __init__(self, connection: sqlite3.Connection, table: Table) -> None:
        (key,), names = key_of(table), ", ".join(columns_of(table))
        self._connection, given = connection, f"FROM {history_table(table)} WHERE history_date <= ?"
        self._documents = [n for n, column in enumerate(table.c) if isinstance(column.type, JSON)]
        self._one = f"SELECT {names} {given} AND {key} = ? ORDER BY history_date DESC LIMIT 1"
        newest = f"SELECT {names}, MAX(history_date) {given}"
        self._all = f"{newest} GROUP BY {key}"
        self._some = f"{newest} AND incident = ? GROUP BY {key} ORDER BY number LIMIT ?"

    def _rows(self, statement: str, at: datetime, *values: object) -> list[Any]:
        moment = at.replace(tzinfo=None).isoformat(" ", "microseconds")
        return [self._parsed(row) for row in self._connection.execute(statement, (moment, *values))]

    def _parsed(self, row: tuple[Any, ...]) -> list[Any]:
        values = list(row)
        for n in self._documents:
            values[n] = orjson.loads(values[n]) if values[n] is not None else None
        return values


@contextmanager
def on_server(address: str, *tables: Table) -> Iterator[list[Plain]]:
    """Open the tables on a server."""
    with psycopg.connect(address, autocommit=True) as connection:
        set_json_loads(orjson.loads, connection)
        yield [OnServer(connection, table) for table in tables]


@contextmanager
def in_file(file: str, *tables: Table) -> Iterator[list[Plain]]:
    """Open the tables in a file."""
    with closing(sqlite3.connect(file)) as connection:
        yield [InFile(connection, table) for table in tables]
