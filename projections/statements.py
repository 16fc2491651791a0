"""The statements of one table in the driver's words, and how its values are written and read.

Law: whichever the database, the same rows come back that were written. Many rows are written at once: to a file, row by
row, since nothing is nearer; to a server, in one statement, since each one is a way there and back.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Dialect,
    Executable,
    Table,
    bindparam,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.types import TypeEngine

from projections.temporal import INTERVAL, key_of

Row = dict[str, Any]
Key = tuple[Any, ...]
Names = tuple[str, ...]
Ended = tuple[int, Key, int]
"""Where a row ended, its key, and where it began."""
Processor = Callable[[Any], Any] | None
Encoded = Any


class Cursor(Protocol):
    """The driver's cursor (PEP 249)."""

    def execute(self, operation: str, parameters: Sequence[Any] = ..., /) -> Any:
        """Run a statement."""

    def executemany(self, operation: str, parameters: Sequence[Sequence[Any]], /) -> Any:
        """Run a statement for each of these parameters."""

    def fetchone(self) -> Any:
        """Return the next row, None where there is none."""

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""


class Statements:
    """How the rows of a table are found, in any database, and how they are written to one that is a file."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        self.table, self.dialect = table, dialect
        columns = [column for column in table.columns if column.name not in INTERVAL]
        self.key = key_of(table)
        self._writers = [(str(column.name), _writer(column, dialect)) for column in columns]
        self._readers = [(str(column.name), _reader(column, dialect)) for column in columns]
        self._keys = [f"key_{part}" for part in self.key]
        self._named = [table.c[part] == bindparam(name) for part, name in zip(self.key, self._keys, strict=True)]
        # Not the row "with no end": it would be looked for among all the rows that the key ever had.
        newest = select(*columns, table.c.since, table.c.until).where(*self._named).order_by(table.c.since.desc())
        limited = newest.limit(literal_column("1")).offset(literal_column("0"))
        self._newest = self._text(limited, self._keys)
        self._finds: dict[Names, str] = {}
        self._prepare()

    def _prepare(self) -> None:
        table = self.table
        self._insert = self._text(insert(table), [column.name for column in table.columns])
        ending = update(table).where(*self._named, table.c.since == bindparam("began")).values(until=bindparam("at"))
        self._end = self._text(ending, ["at", *self._keys, "began"])

    def newest(self, cursor: Cursor, key: Key) -> tuple[Row, int] | None:
        """Return the row of a key that holds now and since when it does, None where none does."""
        cursor.execute(self._newest, key)
        found = cursor.fetchone()
        return None if found is None or found[-1] is not None else self._decoded(found)

    def find(self, cursor: Cursor, names: Names, values: Key) -> list[tuple[Row, int]]:
        """Return the rows that hold now with these values of these columns, and since when they do."""
        if names not in self._finds:
            where = [self.table.c[name] == bindparam(f"is_{name}") for name in names]
            query = select(self.table).where(self.table.c.until.is_(None), *where)
            self._finds[names] = self._text(query, [f"is_{name}" for name in names])
        cursor.execute(self._finds[names], values)
        return [self._decoded(found) for found in cursor.fetchall()]

    def encoded(self, row: Row, since: int, until: int | None) -> Encoded:
        """Return a row as `write` takes it."""
        values = [row[name] if write is None else write(row[name]) for name, write in self._writers]
        return (*values, since, until)

    def write(self, cursor: Cursor, rows: Sequence[Encoded]) -> None:
        """Write new rows."""
        cursor.executemany(self._insert, rows)

    def end(self, cursor: Cursor, ended: Sequence[Ended]) -> None:
        """End rows that were written before."""
        cursor.executemany(self._end, [(at, *key, since) for at, key, since in ended])

    def _decoded(self, found: Sequence[Any]) -> tuple[Row, int]:
        pairs = zip(self._readers, found, strict=False)
        return {name: value if read is None else read(value) for (name, read), value in pairs}, found[-2]

    def _text(self, statement: Executable, parameters: Sequence[str]) -> str:
        compiled = statement.compile(dialect=self.dialect)  # type: ignore[attr-defined]  # a Core statement
        assert list(compiled.positiontup or ()) == list(parameters), "values are given in the order of the statement"
        return str(compiled)


class ServerStatements(Statements):
    """How rows are written to PostgreSQL: all of a batch as one JSON text, which the server takes apart.

    Not by COPY: a process that is stopped in the middle of one is not noticed, and would keep its turn for ever.
    """

    def _prepare(self) -> None:
        quoted = self.dialect.identifier_preparer.quote
        table = quoted(self.table.name)
        columns = ", ".join(quoted(column.name) for column in self.table.columns)
        # A column of the table is written in the name of the type that the JSON is read as.
        self._insert = (
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s::json)"  # noqa: S608
        )
        named = {name: self._type(self.table.c[name].type) for name in self.key} | {"since": self._type(BigInteger())}
        given = ", ".join(f"{quoted(name)} {type_}" for name, type_ in {**named, "at": "bigint"}.items())
        same = " AND ".join(f"held.{quoted(name)} = ended.{quoted(name)}" for name in named)
        self._end = (
            f"UPDATE {table} AS held SET until = ended.at FROM json_to_recordset(%s::json) AS ended ({given})"  # noqa: S608
            f" WHERE {same}"
        )

    def _type(self, type_: TypeEngine[Any]) -> str:
        return self.dialect.type_compiler_instance.process(type_.dialect_impl(self.dialect))

    def encoded(self, row: Row, since: int, until: int | None) -> Encoded:
        """Return a row as `write` takes it."""
        return orjson.dumps({**row, "since": since, "until": until})

    def write(self, cursor: Cursor, rows: Sequence[Encoded]) -> None:
        """Write new rows."""
        cursor.execute(self._insert, ((b"[" + b",".join(rows) + b"]").decode(),))

    def end(self, cursor: Cursor, ended: Sequence[Ended]) -> None:
        """End rows that were written before."""
        given = [{**dict(zip(self.key, key, strict=True)), "since": since, "at": at} for at, key, since in ended]
        cursor.execute(self._end, (orjson.dumps(given).decode(),))


def statements_of(table: Table, dialect: Dialect) -> Statements:
    """Return the statements of a table in a database's words."""
    return (ServerStatements if dialect.name == "postgresql" else Statements)(table, dialect)


def _writer(column: Column[Any], dialect: Dialect) -> Processor:
    if isinstance(column.type, JSON):
        return _json_text
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def _reader(column: Column[Any], dialect: Dialect) -> Processor:
    return column.type.dialect_impl(dialect).result_processor(dialect, None)


def _json_text(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
