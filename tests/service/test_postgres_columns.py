"""Columns of rows reach PostgreSQL as they are."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from service.store.postgres.columns import Blobs, Ids, Numbers, Texts, columns, register


@pytest.mark.parametrize(
    "column",
    [
        Texts(["бої тривають", None, ""]),
        Texts([None]),
        Texts(),
        Numbers([0, -1, 2**62]),
        Numbers(),
        Ids([UUID(int=0), UUID(int=2**128 - 1)]),
        Ids(),
        Blobs([b"", b"\x00\xff"]),
        Blobs(),
    ],
)
def test_a_column_comes_back_as_it_was_sent(database: str, column: list[Any]) -> None:
    with psycopg.connect(database) as connection:
        register(connection)
        assert connection.execute("SELECT %b", [column]).fetchone() == (list(column),)


def test_rows_are_columns_and_so_are_none() -> None:
    assert columns([("a", 1), ("b", 2)], Texts, Numbers) == [["a", "b"], [1, 2]]
    assert columns([], Texts, Numbers) == [[], []]
    assert [type(column) for column in columns([], Texts, Numbers)] == [Texts, Numbers]


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        columns([("a", 1)], Texts)
