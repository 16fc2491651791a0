r"""Bundles: events of a log, and the hashes of all that is left out, so that they make the root that was signed.

Law: a bundle is read from its beginning to its end, line by line, with little in memory; nothing in it is believed.

It is UTF-8 text. The first line is `onrecord-bundle/v1`, the second is JSON and says what the bundle holds (`Holds`).
Then comes a line for each event, `@POSITION LEAF BYTES`, and one for each complete subtree that is left out,
`=POSITION HEIGHT HASH`, in the order of the tree; hashes are in base64, the bytes are those that the log stores, where
there is no newline. An empty line ends them. What follows are signed notes (c2sp.org/signed-note), each ended by a line
with a full stop: the checkpoint, and the ends of the aggregates that are held whole.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import IO

from proofs.checkpoint import SIZE
from proofs.note import canonical

FIRST = b"onrecord-bundle/v1\n"
LONGEST = 1 << 20
"""Bytes of a line, or of a note: a longer one is no bundle's."""
HIGHEST = 62
"""Height of a subtree at the most."""


class BundleError(ValueError):
    """What was given is no bundle: the text says where, and what was expected there."""


@dataclass(frozen=True, slots=True)
class Holds:
    """What a bundle holds: the events of some aggregates, or those from one position to another, of a log."""

    origin: str
    size: int
    first: int
    last: int
    aggregates: tuple[str, ...] = ()
    """None: all events from `first` to `last`."""

    @property
    def line(self) -> bytes:
        """Return the line that says so, in the one way of writing it."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event: its position, the hash of its leaf as the exporter had it, and its bytes."""

    position: int
    leaf: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Gap:
    """A complete subtree that is left out: the position of its first event, its height, and its hash."""

    position: int
    height: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class End:
    """What a log says of an aggregate at a size and root: its last version, and what marks that event."""

    origin: str
    size: int
    root: str
    """In base64, as the checkpoint has it."""
    aggregate: str
    version: int
    mark: str

    @property
    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}/end\n{self.size}\n{self.root}\n{self.aggregate}\n{self.version}\n{self.mark}\n"

    @classmethod
    def read(cls, text: str) -> "End":
        """Read the text of an end. Raise `BundleError` where it is none."""
        name, *lines = text.split("\n")
        if not name.endswith("/end") or len(lines) != 6 or not all(SIZE.fullmatch(lines[n]) for n in (0, 3)):
            raise BundleError("a note that is neither a checkpoint nor the end of an aggregate")
        return cls(name.removesuffix("/end"), int(lines[0]), lines[1], lines[2], int(lines[3]), lines[4])


class Bundle:
    """A bundle that is being read."""

    def __init__(self, file: IO[bytes]) -> None:
        """Read the head. Raise `BundleError` where it is no bundle."""
        self._file, self._number = file, 0
        if self._line() != FIRST:
            raise BundleError(f"no bundle: its first line is not {FIRST.decode().strip()}")
        self.holds = self._holds()

    def _holds(self) -> Holds:
        line = self._line()
        try:
            said = json.loads(line)
            holds = Holds(**{**said, "aggregates": tuple(said["aggregates"])})
            is_whole = holds.line == line and all(type(one) is str for one in (holds.origin, *holds.aggregates))
        except (ValueError, KeyError, TypeError, RecursionError):
            is_whole = False
        if not is_whole or not all(type(one) is int for one in (holds.size, holds.first, holds.last)):
            raise self._error("what the bundle holds, in JSON")
        return holds

    def entries(self) -> Iterator[Entry | Gap]:
        """Yield events and what is left out, in the order of the tree. Raise `BundleError` at what is neither."""
        while (line := self._line()) != b"\n":
            try:
                yield _read(line)
            except ValueError:
                raise self._error("an event, a hash, or an empty line") from None

    def notes(self) -> list[bytes]:
        """Return the notes below the events. Raise `BundleError` where one has no end."""
        notes: list[bytes] = []
        while (note := self._note()) is not None:
            notes.append(note)
        if not notes:
            raise self._error("a signed note that ends in a line with a full stop")
        return notes

    def _note(self) -> bytes | None:
        """Return the next note, None at the end of the file."""
        lines: list[bytes] = []
        length = 0
        while (line := self._file.readline(LONGEST)) and line != b".\n":
            self._number += 1
            lines.append(line)
            length += len(line)
            if length > LONGEST:
                raise self._error("a shorter note")
        if lines and not line:
            raise self._error("a signed note that ends in a line with a full stop")
        return b"".join(lines) if line else None

    def _line(self) -> bytes:
        line = self._file.readline(LONGEST)
        self._number += 1
        if not line.endswith(b"\n"):
            raise self._error("a whole line: the file was cut, or a line is longer than any event")
        return line

    def _error(self, expected: str) -> BundleError:
        return BundleError(f"line {self._number}: expected {expected}")


def _read(line: bytes) -> Entry | Gap:
    kind, rest = line[:1], line[1:-1]
    if kind == b"@":
        position, leaf, data = rest.split(b" ", 2)
        return Entry(_number(position), _hash(leaf), data)
    if kind == b"=":
        position, height, hash_ = rest.split(b" ")
        if len(height) > 2 or _number(height) > HIGHEST:
            raise ValueError(height)
        return Gap(_number(position), _number(height), _hash(hash_))
    raise ValueError(kind)


def _number(text: bytes) -> int:
    if not text.isdigit() or len(text) > 15 or b"%d" % int(text) != text:
        raise ValueError(text)
    return int(text)


def _hash(text: bytes) -> bytes:
    found = canonical(text)
    if len(found) != 32:
        raise ValueError(text)
    return found
