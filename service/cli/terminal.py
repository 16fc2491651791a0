"""What goes to the terminal: data to standard output, everything else to standard error.

Law: texts of the record come from anybody. No control character of theirs reaches a terminal.
"""

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Control characters but the tab, and the marks that turn the direction of writing around (Unicode TR9).
_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Return a text as one line that only says what it says."""
    return _UNSAFE.sub(" ", text)


def say(text: str) -> None:
    """Tell the user something that is not data."""
    print(plain(text), file=sys.stderr, flush=True)


def put(text: str) -> None:
    """Print a line of data."""
    print(plain(text))


def put_json(value: Mapping[str, Any]) -> None:
    """Print an object of data as a line of JSON."""
    sys.stdout.write(orjson.dumps(dict(value)).decode() + "\n")


def is_terminal() -> bool:
    """Tell whether standard output is a terminal that can be drawn on."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def put_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, json: bool) -> None:
    """Print rows: as a table in a terminal, elsewhere as fields between tabs, or as JSON objects."""
    if json:
        for row in rows:
            put_json(dict(zip(columns, row, strict=True)))
    elif is_terminal():
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column)
        for row in rows:
            table.add_row(*(Text(_field(value)) for value in row))
        Console(highlight=False).print(table)
    else:
        for row in rows:
            print("\t".join(_field(value) for value in row))


def _field(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(map(_field, value))
    return plain(str(value)).replace("\t", " ")
