"""API keys: `orc_<id>_<secret>`, shown once, kept as a hash beside the record.

Law: no secret is stored or logged. The secret has 256 random bits, so one SHA-256 is enough to keep it (NIST SP
800-63B 5.1.1.2 asks for slow hashes of what people choose, not of random keys).
"""

import hashlib
import hmac
import secrets
import string
from dataclasses import dataclass

ID_LETTERS = string.ascii_lowercase + string.digits
ID_LENGTH = 12
PREFIX = "orc_"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made: its public id, the secret text to show once, and the hash to keep."""

    id: str
    secret: str
    hash: bytes

    def __repr__(self) -> str:
        return f"NewKey(id={self.id!r})"


def make_key() -> NewKey:
    """Make a key from the system's randomness."""
    key_id = "".join(secrets.choice(ID_LETTERS) for _ in range(ID_LENGTH))
    secret = f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
    return NewKey(key_id, secret, hash_of(secret))


def key_id_of(secret: str) -> str | None:
    """Return the id that a presented key names, or None where it is no key of ours."""
    if not secret.startswith(PREFIX) or not secret.isascii() or len(secret) > 100:
        return None
    key_id = secret[len(PREFIX) :].partition("_")[0]
    return key_id if len(key_id) == ID_LENGTH and set(key_id) <= set(ID_LETTERS) else None


def hash_of(secret: str) -> bytes:
    """Return the hash that is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def matches(secret: str, kept: bytes) -> bool:
    """Tell, in constant time, whether a presented key is the one that was kept."""
    return hmac.compare_digest(hash_of(secret), kept)
