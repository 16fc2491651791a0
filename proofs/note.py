"""Signed notes: a text that a person can read, and who signed it (c2sp.org/signed-note, c2sp.org/tlog-cosignature).

Law: a signature counts only by a key that the reader knows beforehand. One by a known key that is not right spoils the
note; one by an unknown key says nothing.
"""

import struct
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

MOST_SIGNATURES = 100
"""A note with more of them is refused unread."""
DASH = "\N{EM DASH} "


class NoteError(ValueError):
    """What was given is no signed note, or no key, or a signature is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One line below a note: who says to have signed it, and with what."""

    name: str
    key_id: bytes
    blob: bytes

    def line(self) -> str:
        """Return the line as it stands in the note."""
        return f"{DASH}{self.name} {b64encode(self.key_id + self.blob).decode()}\n"

    @classmethod
    def from_line(cls, line: str) -> "Signature":
        """Read a line without its end. Raise `NoteError` where it is none."""
        name, space, signed = line.removeprefix(DASH).partition(" ")
        if not line.startswith(DASH) or not space:
            raise NoteError(f"no signature line: {line[:80]!r}")
        blob = _decoded(signed, "a signature")
        if not is_key_name(name) or len(blob) <= 4:
            raise NoteError(f"no signature line: {line[:80]!r}")
        return cls(name, blob[:4], blob[4:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text, which ends in a newline, and the signatures below it."""

    text: str
    signatures: tuple[Signature, ...] = ()

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(one.line() for one in self.signatures)}"

    @classmethod
    def read(cls, data: bytes) -> "Note":
        """Read a note. Raise `NoteError` where it is none."""
        text, signed = _parts(data)
        lines = signed.split("\n")[:-1]
        if len(lines) > MOST_SIGNATURES:
            raise NoteError(f"a note with {len(lines)} signatures: {MOST_SIGNATURES} are read at the most")
        return cls(text, tuple(Signature.from_line(line) for line in lines))

    def signed_by(self, keys: "Iterable[Verifier]") -> "list[Verifier]":
        """Return those of these keys that have signed, each once, in the order of the signatures.

        Raise `NoteError` where a signature by one of them is wrong.
        """
        known = {(key.name, key.key_id): key for key in keys}
        found = [(key, one.blob) for one in self.signatures if (key := known.get((one.name, one.key_id))) is not None]
        for key, blob in found:
            if not key.is_right(self.text.encode(), blob):
                raise NoteError(f"the signature by {key.name} is wrong: the text, or the signature, was altered")
        return list(dict.fromkeys(key for key, _ in found))


class Verifier(Protocol):
    """A key that is known: by its name and id a signature says that it is by it."""

    @property
    def name(self) -> str:
        """Return the name of the key."""

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that tell it from other keys of its name."""

    def is_right(self, text: bytes, blob: bytes) -> bool:
        """Tell whether the key signed this text."""


@dataclass(frozen=True, slots=True)
class Ed25519Key:
    """A public key of RFC 8032: 32 bytes, and the name that it signs under."""

    KIND: ClassVar[int] = 0x01
    LENGTH: ClassVar[int] = 32

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that tell it from other keys of its name."""
        return key_id_of(self.name, self.KIND, self.public)

    def is_right(self, text: bytes, blob: bytes) -> bool:
        """Tell whether the key signed this text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(blob, text)
        except (InvalidSignature, ValueError):
            return False
        return True

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes([self.KIND]) + self.public).decode()}"


@dataclass(frozen=True, slots=True)
class WitnessKey(Ed25519Key):
    """A witness's public key: what it signs says when it has seen the checkpoint (c2sp.org/tlog-cosignature)."""

    KIND: ClassVar[int] = 0x04

    def is_right(self, text: bytes, blob: bytes) -> bool:
        """Tell whether the witness signed this text, with the time in the blob."""
        if len(blob) != 72:
            return False
        return Ed25519Key.is_right(self, cosigned(text, seen_at(blob)), blob[8:])


@dataclass(frozen=True, slots=True)
class MlDsa44Key(Ed25519Key):
    """A public key of FIPS 204, 1,312 bytes: signs checkpoints, of logs and witnesses (c2sp.org/tlog-cosignature)."""

    KIND: ClassVar[int] = 0x06
    LENGTH: ClassVar[int] = 1_312

    def is_right(self, text: bytes, blob: bytes) -> bool:
        """Tell whether the key signed the checkpoint of this text, with the time in the blob."""
        try:
            message = subtree_message(self.name, text.decode(), seen_at(blob))
            MLDSA44PublicKey.from_public_bytes(self.public).verify(blob[8:], message)
        except (InvalidSignature, ValueError, struct.error):
            return False
        return True


KINDS: dict[int, type[Ed25519Key]] = {kind.KIND: kind for kind in (Ed25519Key, WitnessKey, MlDsa44Key)}


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key, and the name that it signs under. It never shows itself: not as text, and not in an error."""

    name: str
    _seed: bytes

    def __repr__(self) -> str:
        return f"Signer({self.name!r})"

    @property
    def key(self) -> Ed25519Key:
        """Return what others know it by."""
        return Ed25519Key(self.name, self._private().public_key().public_bytes_raw())

    @property
    def witness_key(self) -> WitnessKey:
        """Return what others know it by where it is a witness's."""
        return WitnessKey(self.name, self._private().public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """Sign a text. Raise `NoteError` where it cannot be that of a note."""
        if not is_text(text):
            raise NoteError("a note's text ends in a newline, and holds no other control characters")
        return Signature(self.name, self.key.key_id, self._private().sign(text.encode()))

    def cosign(self, text: str, seen_at: int) -> Signature:
        """Sign a checkpoint as a witness that has seen it at a time, in seconds since 1970."""
        blob = struct.pack(">Q", seen_at) + self._private().sign(cosigned(text.encode(), seen_at))
        return Signature(self.name, self.witness_key.key_id, blob)

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._seed)

    @classmethod
    def new(cls, name: str) -> "Signer":
        """Make a key."""
        return cls(_named(name), Ed25519PrivateKey.generate().private_bytes_raw())

    def to_text(self) -> str:
        """Return the line that keeps it, as golang.org/x/mod/sumdb/note writes it. Whoever reads it can sign."""
        secret = b64encode(bytes([Ed25519Key.KIND]) + self._seed).decode()
        return f"PRIVATE+KEY+{self.name}+{self.key.key_id.hex()}+{secret}"

    @classmethod
    def from_text(cls, text: str) -> "Signer":
        """Read what `to_text` wrote. Raise `NoteError`, which shows nothing of it, where it is no key."""
        name, key_id, secret = _private_parts(text, Ed25519Key.KIND)
        signer = cls(name, secret)
        if signer.key.key_id.hex() != key_id:
            raise NoteError("the private key is not that of its id: it was altered")
        return signer


@dataclass(frozen=True, slots=True)
class PostQuantumSigner:
    """A private key of ML-DSA-44 (FIPS 204), by its seed: signs checkpoints beside the other one."""

    name: str
    _seed: bytes

    def __repr__(self) -> str:
        return f"PostQuantumSigner({self.name!r})"

    @property
    def key(self) -> MlDsa44Key:
        """Return what others know it by."""
        return MlDsa44Key(self.name, self._private().public_key().public_bytes_raw())

    def sign(self, text: str, seen_at: int) -> Signature:
        """Sign a checkpoint, as of a time in seconds since 1970."""
        signed = self._private().sign(subtree_message(self.name, text, seen_at))
        return Signature(self.name, self.key.key_id, struct.pack(">Q", seen_at) + signed)

    def _private(self) -> MLDSA44PrivateKey:
        return MLDSA44PrivateKey.from_seed_bytes(self._seed)

    @classmethod
    def new(cls, name: str) -> "PostQuantumSigner":
        """Make a key."""
        return cls(_named(name), MLDSA44PrivateKey.generate().private_bytes_raw())

    def to_text(self) -> str:
        """Return the line that keeps it. Whoever reads it can sign."""
        secret = b64encode(bytes([MlDsa44Key.KIND]) + self._seed).decode()
        return f"PRIVATE+KEY+{self.name}+{self.key.key_id.hex()}+{secret}"

    @classmethod
    def from_text(cls, text: str) -> "PostQuantumSigner":
        """Read what `to_text` wrote. Raise `NoteError`, which shows nothing of it, where it is no key."""
        name, key_id, secret = _private_parts(text, MlDsa44Key.KIND)
        signer = cls(name, secret)
        if signer.key.key_id.hex() != key_id:
            raise NoteError("the private key is not that of its id: it was altered")
        return signer


def subtree_message(name: str, text: str, seen_at: int) -> bytes:
    """Return what a key of ML-DSA-44 signs: that a log has this root at this size. Raise ValueError for another text.

    c2sp.org/tlog-cosignature, "ML-DSA-44 signed message": a whole tree is the subtree that begins at leaf 0.
    """
    origin, size, root, *_ = text.split("\n")
    cosigner, log = (struct.pack(">B", len(one)) + one for one in (name.encode(), origin.encode()))
    when, leaves = struct.pack(">Q", seen_at), struct.pack(">QQ", 0, int(size))
    return b"subtree/v1\n\0" + cosigner + when + log + leaves + canonical(root)


def key_from_text(text: str) -> Ed25519Key:
    """Read a verifier key: name+id+key. Raise `NoteError` where it is none, or of a kind that is not known here."""
    name, *parts = text.strip().split("+", 2)
    if len(parts) != 2:
        raise NoteError(f"no verifier key: {text[:80]!r} is not of the form name+id+key")
    material = _decoded(parts[1], "a verifier key")
    kind = KINDS.get(material[0]) if material else None
    if kind is None or len(material) != 1 + kind.LENGTH:
        raise NoteError("the verifier key is of no known kind: Ed25519 (1), a witness's Ed25519 (4), ML-DSA-44 (6)")
    key = kind(_named(name), material[1:])
    if key.key_id.hex() != parts[0]:
        raise NoteError(f"the verifier key is not that of its id {parts[0][:16]!r}: it was altered")
    return key


def key_id_of(name: str, kind: int, public: bytes) -> bytes:
    """Return the four bytes that a signature names its key by."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def cosigned(text: bytes, seen_at: int) -> bytes:
    """Return what a witness signs: that it has seen a checkpoint at a time, in seconds since 1970."""
    return b"cosignature/v1\ntime %d\n" % seen_at + text


def seen_at(blob: bytes) -> int:
    """Return when a witness has signed, in seconds since 1970."""
    found: int = struct.unpack(">Q", blob[:8])[0]
    return found


def signed(text: str, signers: Sequence[Signer]) -> Note:
    """Return a text as a note with signatures."""
    return Note(text, tuple(signer.sign(text) for signer in signers))


def is_text(text: str) -> bool:
    """Tell whether a text can be that of a note."""
    return text.endswith("\n") and not any(one < " " and one != "\n" for one in text)


def is_key_name(name: str) -> bool:
    """Tell whether a key can have this name."""
    return bool(name) and "+" not in name and not any(one.isspace() or one < " " for one in name)


def _private_parts(text: str, kind: int) -> tuple[str, str, bytes]:
    """Return name, id and 32 bytes of a private key of a kind. Raise `NoteError`, which shows nothing of it."""
    start, _, rest = text.strip().partition("PRIVATE+KEY+")
    name, *parts = rest.split("+", 2)
    if start or len(parts) != 2:
        raise NoteError("no private key: it begins with PRIVATE+KEY+, a name, and the id of the key")
    secret = _decoded(parts[1], "a private key", shown=False)
    if len(secret) != 33 or secret[0] != kind:
        raise NoteError(f"no private key of this kind: 32 bytes are behind the byte {kind}")
    return _named(name), parts[0], secret[1:]


def _named(name: str) -> str:
    if not is_key_name(name):
        raise NoteError(f"no name for a key: {name[:80]!r} is empty, or has a space or a plus sign")
    return name


def _parts(data: bytes) -> tuple[str, str]:
    """Return text and signatures: what stands above and below the last empty line."""
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise NoteError("no signed note: it is not UTF-8") from None
    text, blank, signed = whole.rpartition("\n\n")
    if not blank or not is_text(text + "\n") or not is_text(signed):
        raise NoteError("no signed note: a text, an empty line, and below it a line for each signature")
    return text + "\n", signed


def _decoded(text: str, what: str, *, shown: bool = True) -> bytes:
    try:
        return canonical(text)
    except ValueError:
        raise NoteError(f"{what} is not base64" + (f": {text[:80]!r}" if shown else "")) from None


def canonical(text: str | bytes) -> bytes:
    """Return what is written in base64, in the one way of writing it. Raise ValueError."""
    found = b64decode(text, validate=True)
    if b64encode(found) != (text.encode() if isinstance(text, str) else text):
        raise ValueError("another way of writing it in base64")
    return found
