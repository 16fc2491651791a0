"""Columns of many rows, as PostgreSQL takes arrays in binary: a batch is sent at about the price of a few values.

The driver's own arrays look at each element to find out what it is; here the column says it once.
"""

from collections.abc import Iterable
from struct import Struct, pack
from typing import Any, ClassVar
from uuid import UUID

from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format

NO_DIMENSIONS, DIMENSIONS, LENGTH = Struct(">iiI"), Struct(">iiIii"), Struct(">i")
NULL = LENGTH.pack(-1)


class Texts(list[str | None]):
    """A column of text."""


class Numbers(list[int]):
    """A column of bigint."""


class Ids(list[UUID]):
    """A column of uuid."""


class Blobs(list[bytes]):
    """A column of bytea."""


class _Column(Dumper):
    """Write a column as `array_recv` reads it: dimensions, then each value behind its length."""

    format = Format.BINARY
    element: ClassVar[int]
    """The type's number in `pg_type`."""

    def dump(self, obj: Any) -> bytes:
        if not obj:
            return NO_DIMENSIONS.pack(0, 0, self.element)
        return DIMENSIONS.pack(1, None in obj, self.element, len(obj), 1) + self.values(obj)

    def values(self, column: Any) -> bytes:
        raise NotImplementedError


class _Texts(_Column):
    oid, element = 1009, 25

    def values(self, column: Texts) -> bytes:
        return b"".join([NULL if one is None else _sized(one.encode()) for one in column])


class _Numbers(_Column):
    oid, element = 1016, 20

    def values(self, column: Numbers) -> bytes:
        return pack(f">{'iq' * len(column)}", *[part for one in column for part in (8, one)])


class _Ids(_Column):
    oid, element = 2951, 2950

    def values(self, column: Ids) -> bytes:
        return b"".join([_sized(one.bytes) for one in column])


class _Blobs(_Column):
    oid, element = 1001, 17

    def values(self, column: Blobs) -> bytes:
        return b"".join([_sized(one) for one in column])


def _sized(value: bytes) -> bytes:
    return LENGTH.pack(len(value)) + value


def register(context: AdaptContext) -> None:
    """Let a connection take columns."""
    adapters = context.adapters
    for column, dumper in ((Texts, _Texts), (Numbers, _Numbers), (Ids, _Ids), (Blobs, _Blobs)):
        adapters.register_dumper(column, dumper)


def columns(rows: Iterable[tuple[Any, ...]], *kinds: type[list[Any]]) -> list[list[Any]]:
    """Return rows as the columns that `unnest` takes, each of its kind."""
    by_column = list(zip(*rows, strict=True)) or [()] * len(kinds)
    return [kind(values) for kind, values in zip(kinds, by_column, strict=True)]
