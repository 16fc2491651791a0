"""Rows as CSV (RFC 4180), guarded against formula injection (OWASP, "CSV Injection").

Law: which columns a table has depends on its model alone, never on its rows; nothing that a row says is left out.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, get_args, get_origin

import orjson
from pydantic import BaseModel

from domain import values as v

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Path = tuple[str, ...]


def _fields(*kinds: type[BaseModel]) -> tuple[str, ...]:
    return tuple(name for kind in kinds for name in kind.model_fields)


_SI = ("low", "best", "high", "unit")
SPREAD_OUT: dict[str, tuple[str, ...]] = {
    "place": _fields(v.Place),
    "occurred": _fields(v.Occurred),
    "wording": _fields(v.Wording),
    "attribution": _fields(v.Attribution),
    "quantity": (*_fields(v.Quantity), *(f"si.{name}" for name in _SI)),
    "groups": (*get_args(v.AssessmentGroup), "retracted"),
    "opened": ("position", "recorded_at"),
    "made": ("position", "recorded_at"),
    "retraction": ("by", "code", "notice", "reason", "position"),
    "assessed": (
        *("credibility", "reason", "by", "position", "recorded_at", "evidence", "stances", "answers"),
        *("independent_origins", "override"),
    ),
}
"""Columns that hold one object each: every part of it has a column of its own, and what else it says the last one."""
CONTENTS: dict[str, type[BaseModel]] = {
    "EvidenceView": v.EvidenceContent,
    "ReportView": v.ReportContent,
    "SourceView": v.SourceContent,
}
"""What the column `content` of a table holds."""


def csv_lines(kind: type[BaseModel], rows: Iterable[BaseModel]) -> Iterator[bytes]:
    """Yield a header and a line for each row, in UTF-8: `quantity.low` is a part, a list of plain values is joined."""
    columns = [(name, _parts(kind, name)) for name in kind.model_fields]
    yield _line([".".join((name, *part)) for name, parts in columns for part in parts])
    for row in rows:
        values = row.model_dump(mode="json")
        yield _line([cell(part) for name, parts in columns for part in _taken(values[name], parts)])


def _parts(kind: type[BaseModel], column: str) -> list[Path]:
    """Return the parts of a column: those of the object that it holds, and itself for what is left or for all."""
    parts = SPREAD_OUT.get(column, ()) if _is_object(kind.model_fields[column].annotation) else ()
    if column == "content" and kind.__name__ in CONTENTS:
        parts = _fields(CONTENTS[kind.__name__])
    return [*(tuple(part.split(".")) for part in parts), ()]


def _is_object(annotation: Any) -> bool:
    return get_origin(annotation) is dict or any(get_origin(one) is dict for one in get_args(annotation))


def _taken(value: Any, parts: list[Path]) -> Iterator[Any]:
    """Yield the parts of a value, and at last what they leave of it."""
    for part in parts[:-1]:
        yield _take(value, part)
    yield value if len(parts) == 1 else _left(value)


def _left(value: Any) -> Any:
    """Return what is left of an object, None where its parts were all."""
    if not isinstance(value, dict):
        return value
    return {name: one for name, one in value.items() if _left(one) is not None} or None


def _take(value: Any, path: Path) -> Any:
    """Take a part out of a value, None where it has none."""
    *above, last = path
    for name in above:
        value = value.get(name) if isinstance(value, dict) else None
    return value.pop(last, None) if isinstance(value, dict) else None


def cell(value: Any) -> str:
    """Return a value as the text of a cell; text that a spreadsheet would run begins with an apostrophe."""
    if value is None:
        return ""
    joined = value if isinstance(value, str) else _joined(value)
    text = orjson.dumps(value).decode() if joined is None else joined
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"'{text}" if text.startswith(_FORMULA) and not is_number else text


def _joined(value: Any) -> str | None:
    """Return a list of plain values as `a; b`, None for what that would not tell apart."""
    if not isinstance(value, list) or any(isinstance(one, dict | list) for one in value):
        return None
    texts = [one if isinstance(one, str) else orjson.dumps(one).decode() for one in value]
    return None if any(";" in text or not text for text in texts) else "; ".join(texts)


def _line(cells: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode()
