"""Witnesses: others who see each checkpoint, and sign that the log has only grown (c2sp.org/tlog-witness).

Law: a witness that is away, or refuses, holds up nothing but its own signature. What it answers counts only where its
own key signed this very checkpoint.
"""

import http.client
import re
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from proofs.note import Ed25519Key, Note, NoteError, Signature, key_from_text
from proofs.tiles import Tree
from proofs.tree import consistency_proof
from service.settings import BadSettings

PATIENCE = 5.0
"""Seconds that a witness has for its answer."""
REST = 10.0
"""Seconds until a witness that did not sign is asked again."""
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,14})\n?")
LONGEST = 65_536
"""Bytes of an answer that are read."""


class NotWitnessed(Exception):
    """A witness did not sign; the text says why."""


@dataclass(slots=True)
class Witness:
    """Where checkpoints are sent, whose signature comes back, and how far that witness has seen the log."""

    url: str
    key: Ed25519Key
    seen: int = 0
    last: int | None = None
    """The size that it signed last; None where it has not signed since the start."""
    why: str | None = None
    """Why it did not sign the last one that it was sent."""
    _due: float = 0.0

    def is_due(self) -> bool:
        """Tell whether it may be asked now: one that did not sign is left alone for a while."""
        return time.monotonic() >= self._due

    def sign(self, note: Note, tree: Tree) -> Signature:
        """Return the witness's signature of a checkpoint, by whose size the tree is. Raise `NotWitnessed`."""
        try:
            status, answer = self._sent(note, tree)
            if status == http.HTTPStatus.CONFLICT:  # it has seen less than we think, or more: it says how much
                seen = _size_in(answer)
                if seen > tree.size:
                    raise NotWitnessed(f"it has seen the log at size {seen}, and it has {tree.size} events now")
                self.seen = seen
                status, answer = self._sent(note, tree)
            signature = self._signature(status, answer, note)
        except NotWitnessed as problem:
            self.why, self._due = str(problem), time.monotonic() + REST
            raise
        self.seen, self.last, self.why = tree.size, tree.size, None
        return signature

    def has_signed(self, note: Note) -> bool:
        """Tell whether a note has its signature, whenever it was given."""
        return any((one.name, one.key_id) == (self.key.name, self.key.key_id) for one in note.signatures)

    def _sent(self, note: Note, tree: Tree) -> tuple[int, bytes]:
        seen = min(self.seen, tree.size)  # it says how far it is, where it is another size
        proof = consistency_proof(seen, tree.size, tree.subtree)
        hashes = "".join(f"{b64encode(one).decode()}\n" for one in proof)
        request = urllib.request.Request(  # the operator names it, as https or http
            f"{self.url.rstrip('/')}/add-checkpoint",
            data=f"old {seen}\n{hashes}\n{note}".encode(),
            headers={"Content-Type": "text/plain; charset=utf-8"},
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, _read(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, _read(refused)
        except (OSError, http.client.HTTPException) as problem:
            raise NotWitnessed(f"it does not answer: {problem}") from None

    def _signature(self, status: int, answer: bytes, note: Note) -> Signature:
        if status != http.HTTPStatus.OK:
            raise NotWitnessed(f"it answered {status}: {answer[:200].decode(errors='replace').strip()}")
        try:
            signed = Note.read(f"{note.text}\n{answer.decode()}".encode())
            if signed.text != note.text or not signed.signed_by([self.key]):
                raise NotWitnessed("what it answered is not signed by its key")
        except (NoteError, UnicodeDecodeError) as problem:
            raise NotWitnessed(f"what it answered is no signature of it: {problem}") from None
        named = (self.key.name, self.key.key_id)
        return next(one for one in signed.signatures if (one.name, one.key_id) == named)


def _read(answer: IO[bytes]) -> bytes:
    """Return an answer, or raise `NotWitnessed` where it does not come to an end in time."""
    until, found = time.monotonic() + PATIENCE, bytearray()
    while len(found) < LONGEST and (some := answer.read1(LONGEST - len(found))):  # type: ignore[attr-defined]
        found += some
        if time.monotonic() > until:
            raise NotWitnessed(f"its answer did not come within {PATIENCE:.0f} s")
    return bytes(found)


def _size_in(answer: bytes) -> int:
    size = _SIZE.fullmatch(answer)
    if size is None:
        raise NotWitnessed("it answered 409 without the size that it has seen")
    return int(size[1])


def witnesses_in(file: Path) -> Sequence[Witness]:
    """Read the witnesses in a file: an address and a verifier key in each line. Raise `BadSettings`."""
    try:
        lines = [line.split() for line in file.read_text().splitlines() if line.strip() and not line.startswith("#")]
        witnesses = [Witness(url, key_from_text(key)) for url, key in lines]
        if not all(one.url.startswith(("https://", "http://")) for one in witnesses):
            raise ValueError("an address begins with https://")
        return witnesses
    except (OSError, ValueError) as problem:
        raise BadSettings(f"{file}: {problem}: write an address and a verifier key in each line") from None
