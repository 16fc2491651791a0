"""The proof of one event as a text that stands for itself (c2sp.org/tlog-proof): index, inclusion proof, checkpoint."""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from proofs.checkpoint import Checkpoint
from proofs.note import Ed25519Key, Note, NoteError, canonical
from proofs.tree import is_included

_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}")
HEAD = "c2sp.org/tlog-proof@v1"


class BadProof(ValueError):
    """The text is no proof, or proves nothing of the event."""


@dataclass(frozen=True, slots=True)
class Proof:
    """That the log of a checkpoint has a leaf at an index, from the leaf's sibling up to the root's child."""

    index: int
    hashes: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        lines = [HEAD, f"index {self.index}", *(b64encode(one).decode() for one in self.hashes)]
        return "".join(f"{line}\n" for line in lines) + f"\n{self.note}"

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read a proof; extra data in it is passed over. Raise `BadProof`."""
        try:
            above, _, note = data.decode().partition("\n\n")
            head, *lines = above.split("\n")
            if lines and lines[0].startswith("extra "):
                canonical(lines.pop(0).removeprefix("extra "))
            word, _, index = lines.pop(0).partition(" ")
            hashes = tuple(map(canonical, lines))
            if head != HEAD or word != "index" or not _NUMBER.fullmatch(index):
                raise BadProof(f"it is not what {HEAD} says of a proof")
            return cls(int(index), hashes, Note.read(note.encode()))
        except (NoteError, ValueError, IndexError) as problem:
            raise BadProof(f"this is no proof of an event in a log: {problem}") from None

    def check(self, leaf: bytes, keys: Sequence[Ed25519Key]) -> Checkpoint:
        """Return the checkpoint of the log that has this leaf (its hash), by a key of that log. Raise `BadProof`."""
        try:
            checkpoint = Checkpoint.read(self.note.text)
            signers = self.note.signed_by([key for key in keys if key.name == checkpoint.origin])
        except NoteError as problem:
            raise BadProof(str(problem)) from None
        if not signers:
            raise BadProof(f"no key of {checkpoint.origin} that you name has signed the checkpoint")
        if not is_included(leaf, self.index, checkpoint.size, self.hashes, checkpoint.root):
            raise BadProof(f"the log of {checkpoint.size} events has another event at position {self.index + 1}")
        return checkpoint
