"""Evidence files: a content-addressed store in a folder, named by SHA-256.

Law: what is read is checked against its name; a file is there whole or not at all. Bytes that were damaged are mended
by storing the true ones again. A crash during an upload leaves a file under `incoming/`, which the next start removes.
Several processes may share the folder.
"""

import asyncio
import hashlib
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from service.disk import flush
from service.scratch import Scratch

CHUNK = 1024 * 1024


class EvidenceTooLarge(Exception):
    """The file is larger than the limit."""


class EvidenceDamaged(Exception):
    """The stored bytes are not those that the name promises."""


class EmptyEvidence(Exception):
    """The upload held no byte."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored file: its hash as `sha256:<hex>` and its size in bytes."""

    hash: str
    size: int
    new: bool


class EvidenceStore:
    """A folder of files named by their hash. `limit` is the largest file, in bytes."""

    def __init__(self, root: Path, limit: int) -> None:
        self._files, self._limit = root / "sha256", limit
        self._files.mkdir(parents=True, exist_ok=True)
        self._incoming = Scratch(root / "incoming")

    def close(self) -> None:
        """Let go of what is under way."""
        self._incoming.close()

    async def store(self, chunks: AsyncIterator[bytes]) -> Stored:
        """Store a file as it arrives. Raise `EvidenceTooLarge` or `EmptyEvidence`; nothing is left behind then."""
        incoming = self._incoming.folder / uuid.uuid4().hex
        digest, size = hashlib.sha256(), 0
        try:
            with incoming.open("wb") as file:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > self._limit:
                        raise EvidenceTooLarge(f"evidence files have at most {self._limit} bytes")
                    digest.update(chunk)
                    file.write(chunk)
                await asyncio.to_thread(_to_disk, file)
            if size == 0:
                raise EmptyEvidence("the upload is empty: send the bytes of the file as the body")
            return await asyncio.to_thread(self._keep, incoming, digest.hexdigest(), size)
        finally:
            incoming.unlink(missing_ok=True)

    def _keep(self, incoming: Path, hexadecimal: str, size: int) -> Stored:
        """Give the file its name, unless what has it is whole: true bytes take the place of damaged ones."""
        target = self._path(hexadecimal)
        if target.exists() and _is_itself(target):
            return Stored(f"sha256:{hexadecimal}", size, new=False)
        target.parent.mkdir(exist_ok=True)
        flush(self._files)
        incoming.chmod(0o440)
        incoming.replace(target)
        flush(target.parent)
        return Stored(f"sha256:{hexadecimal}", size, new=True)

    def size(self, hash_: str) -> int | None:
        """Return the size of a stored file in bytes, or None where it is not held."""
        path = self._path(hash_.removeprefix("sha256:"))
        return path.stat().st_size if path.exists() else None

    def read(self, hash_: str) -> Iterator[bytes]:
        """Yield the bytes after checking all of them against the hash. Raise `EvidenceDamaged` before the first."""
        path = self._path(hash_.removeprefix("sha256:"))
        if not _is_itself(path):
            raise EvidenceDamaged(f"the stored bytes of {hash_} are not those that were stored: restore a backup")
        return _chunks(path)

    def _path(self, hexadecimal: str) -> Path:
        return self._files / hexadecimal[:2] / hexadecimal


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _is_itself(path: Path) -> bool:
    """Tell whether the bytes are those that the name promises."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == path.name


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
