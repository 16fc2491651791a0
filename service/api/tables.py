"""Rows as CSV (RFC 4180), guarded against formula injection (OWASP, "CSV Injection")."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from pydantic import BaseModel

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(kind: type[BaseModel], rows: Iterable[BaseModel]) -> Iterator[bytes]:
    """Yield a header and a line for each row, in UTF-8; nested values are JSON."""
    names = list(kind.model_fields)
    yield _line(names)
    for row in rows:
        values = row.model_dump(mode="json")
        yield _line([cell(values[name]) for name in names])


def cell(value: Any) -> str:
    """Return a value as the text of a cell; text that a spreadsheet would run begins with an apostrophe."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"'{text}" if text.startswith(_FORMULA) and not is_number else text


def _line(cells: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode()
