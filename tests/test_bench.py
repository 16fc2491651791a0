"""Every part of the bench works: run in its quick form, without a look at the figures."""

from pathlib import Path

import pytest

from bench.__main__ import PARTS
from bench.machine import described


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_the_bench_gives_its_tables(part: str, tmp_path: Path) -> None:
    tables = PARTS[part](tmp_path, True)
    assert all(table.rows for table in tables)
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
    assert list(tmp_path.iterdir()) == []


def test_the_machine_is_described_as_text_and_as_markdown(tmp_path: Path) -> None:
    table = described(tmp_path)
    assert "SQLite" in table.as_text()
    assert "| SQLite |" in table.as_markdown()
