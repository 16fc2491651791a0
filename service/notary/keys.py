"""The key that signs the log, in a file that only its owner reads, and the keys that did before it.

Law: a private key is in its file and in memory, and nowhere else. Of one that was replaced, the public half is kept.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from proofs.note import Ed25519Key, Note, NoteError, PostQuantumSigner, Signer, key_from_text
from service.disk import replace_file

FILE = "log.key"


class BadKeyFile(Exception):
    """The file holds no key, or that of another log."""


class NoKeyFile(BadKeyFile):
    """There is no key: nothing was signed yet, or it is kept elsewhere."""


class KeyElsewhere(NoKeyFile):
    """The log was signed before, by a key that is not here: it is another process's, or lost."""


@dataclass(frozen=True, slots=True)
class LogKeys:
    """Who signs now, and the keys that signed before, the newest first."""

    signer: Signer
    earlier: tuple[Ed25519Key, ...] = ()
    beside: PostQuantumSigner | None = None
    """Signs beside it, where the operator wants that."""

    @property
    def all(self) -> tuple[Ed25519Key, ...]:
        """Return the public keys, the newest first."""
        beside = (self.beside.key,) if self.beside is not None else ()
        return (self.signer.key, *beside, *self.earlier)

    def signed(self, text: str, seen_at: int) -> Note:
        """Return the text of a checkpoint as a note, with the signatures of these keys as of a time."""
        beside = (self.beside.sign(text, seen_at),) if self.beside is not None else ()
        return Note(text, (self.signer.sign(text), *beside))

    def rotated(self) -> Self:
        """Return new keys in the place of those that sign now."""
        name = self.signer.name
        beside = PostQuantumSigner.new(name) if self.beside is not None else None
        return type(self)(Signer.new(name), self.all, beside)

    def with_one_beside(self) -> Self:
        """Return these keys with one of ML-DSA-44 beside."""
        return type(self)(self.signer, self.earlier, self.beside or PostQuantumSigner.new(self.signer.name))

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read the keys. Raise `NoKeyFile` where there is no file, `BadKeyFile` where it holds none."""
        if not file.exists():
            raise NoKeyFile(f"there is no {file}: `onrecord serve` makes one; or name it by ONRECORD_LOG_KEY")
        try:
            first, *rest = file.read_text().splitlines()
            beside = PostQuantumSigner.from_text(rest.pop(0)) if rest and rest[0].startswith("PRIVATE+KEY+") else None
            return cls(Signer.from_text(first), tuple(key_from_text(line) for line in rest), beside)
        except (OSError, NoteError) as problem:
            raise BadKeyFile(f"{file}: {problem}") from None
        except ValueError:
            raise BadKeyFile(f"{file}: it is empty, or no text") from None

    @classmethod
    def of(cls, file: Path, origin: str | None) -> Self:
        """Read the keys of a log, of this name where one is given. Raise `BadKeyFile`."""
        keys = cls.read(file)
        if origin is not None and keys.signer.name != origin:
            raise BadKeyFile(
                f"{file} is the key of {keys.signer.name}, and ONRECORD_ORIGIN says {origin}: name the one that it is"
            )
        return keys

    @classmethod
    def made(cls, file: Path, origin: str) -> Self:
        """Make the key of a log of this name, and keep it."""
        keys = cls(Signer.new(origin))
        keys.write(file)
        return keys

    def write(self, file: Path) -> None:
        """Keep the keys, for the owner alone. A crash leaves the file as it was, or as it is to be."""
        beside = [self.beside.to_text()] if self.beside is not None else []
        lines = [self.signer.to_text(), *beside, *map(str, self.earlier)]
        replace_file(file, "".join(f"{line}\n" for line in lines).encode())
