"""Checkpoints: what a log was at a size, signed (c2sp.org/tlog-checkpoint)."""

from base64 import b64encode
from dataclasses import dataclass
from re import compile as pattern

from proofs.note import NoteError, canonical

SIZE = pattern("0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The name of a log, the number of its leaves, and the root of their tree."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def read(cls, text: str) -> "Checkpoint":
        """Read the text of a checkpoint. Raise `NoteError` where it is none.

        What a log adds in further lines says nothing of the tree, and is passed over.
        """
        *lines, end = text.split("\n")
        if len(lines) < 3 or end or not all(lines) or not SIZE.fullmatch(lines[1]):
            raise NoteError("no checkpoint: the name of a log, a size and a root, each in a line")
        try:
            hash_ = canonical(lines[2])
        except ValueError:
            hash_ = b""
        if len(hash_) != 32:
            raise NoteError("no checkpoint: its third line is not a SHA-256 in base64")
        return cls(lines[0], int(lines[1]), hash_)
