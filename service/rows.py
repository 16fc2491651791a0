"""The rows of an import: lines of a file, compressed or not, or of standard input, as they come.

Law: a line is never held beyond its limit, and nothing that is held grows with the file. What makes a row the same row
again is its text, and how many times the same text came before it: a file may be mended, cut and added to.
"""

import gzip
import hashlib
import sqlite3
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self, cast

MAX_LINE = 4_000_000
"""Bytes of a line at the most."""
BLOCK = 1_048_576
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Unreadable(Exception):
    """The file cannot be read any further."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a file. `digest` is the SHA-256 of its text, `times` counts the rows with this text so far."""

    file: str
    number: int
    text: bytes
    digest: str = ""
    times: int = 1


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file has been read: its lines, and the SHA-256 of every byte of them."""

    line: int
    digest: str


class Rows:
    """Iterate over the rows of an open file, blank lines left out; `place` tells how far that is."""

    def __init__(self, file: str, lines: BinaryIO) -> None:
        self.file, self._lines = file, lines
        self._number, self._read = 0, hashlib.sha256()
        self._seen = _Seen()

    @property
    def place(self) -> Place:
        """Return how far the file has been read."""
        return Place(self._number, self._read.hexdigest())

    def pass_over(self, place: Place) -> bool:
        """Read up to a place without giving the rows; tell whether the file is up to there what it was."""
        for row in self:
            if row.number >= place.line:
                break
        return self.place == place

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        while True:
            line = self._line()
            if not line:
                raise StopIteration
            self._number += 1
            text = (line.removeprefix(BYTE_ORDER_MARK) if self._number == 1 else line).strip()
            if text:
                digest = hashlib.sha256(text)
                return Row(self.file, self._number, text, digest.hexdigest(), self._seen.count(digest.digest()))

    def _line(self) -> bytes:
        """Return the next line; of one that is too long, enough to see that it is."""
        try:
            line = part = self._lines.readline(MAX_LINE + 1)
            self._read.update(part)
            while len(part) > MAX_LINE and not part.endswith(b"\n"):
                part = self._lines.readline(MAX_LINE + 1)
                self._read.update(part)
        except (OSError, EOFError, zlib.error) as problem:
            raise Unreadable(f"what follows line {self._number} cannot be read: {problem}") from problem
        return line

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._seen.close()
        if self._lines is not sys.stdin.buffer:
            self._lines.close()


class _Seen:
    """How often each text came, in a private file of the system's temporary folder that is gone when it is closed."""

    def __init__(self) -> None:
        self._table = sqlite3.connect("", isolation_level=None)
        self._table.execute("PRAGMA journal_mode = OFF")
        self._table.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID")
        self._table.execute("BEGIN")

    def count(self, digest: bytes) -> int:
        """Count a text, and return how often it has come."""
        found = self._table.execute(
            "INSERT INTO seen VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times", (digest[:16],)
        )
        ((times,),) = found.fetchall()
        return int(times)

    def close(self) -> None:
        self._table.close()


def open_rows(path: Path) -> Rows:
    """Open the rows of a file, `.gz` or not; `-` is standard input. Raise OSError where that cannot be."""
    return Rows(str(path), _opened(path))


def count_lines(path: Path) -> int | None:
    """Return how many lines a file has, for telling progress; None for what can be read only once."""
    if not path.is_file():
        return None
    lines, last = 0, b"\n"
    try:
        with closing(_opened(path)) as file:
            while block := file.read(BLOCK):
                lines, last = lines + block.count(b"\n"), block
    except (OSError, EOFError, zlib.error):
        return None  # the import itself meets it, and tells at which line
    return lines + (not last.endswith(b"\n"))


def _opened(path: Path) -> BinaryIO:
    if str(path) == "-":
        return sys.stdin.buffer
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")
