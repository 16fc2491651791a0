"""The vault: the keys by which passages are sealed, one for each person, kept outside the record and its backups.

Law: no passage is written here, no key anywhere else. Each key is wrapped (AES Key Wrap, RFC 3394) by a master key,
which lies in a file of its own: neither the folder nor that file is worth anything without the other. Who destroys a
person's key has erased what was sealed by it, in the log, its views, backups and bundles, wherever they are.

A passage is sealed by AES-256-GCM (NIST SP 800-38D) under a key of 256 random bits, with a random nonce of 96 bits,
bound to the person's id, and padded (ISO/IEC 7816-4) to a multiple of 64 bytes, so that its length tells little.
"""

import base64
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from service.disk import NEW, flush, held, replace_file
from service.settings import Settings

KEY_BYTES, NONCE_BYTES = 32, 12
BLOCK = 64
"""Bytes of which a padded passage is a multiple."""
CONTEXT = b"onrecord-seal/v1\n"
SENTINEL = "vault.key"
"""A key of nobody: by it the folder is known to be the vault, and the master key to be the one that wraps its keys."""
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
KEY, GONE = ".key", ".gone-"
ATTEMPTS, PAUSE = 5, 0.01
"""So often is a key looked for, and so many seconds apart: between file and master key, both may have been replaced."""


class BadVault(Exception):
    """The vault cannot be used as it is; the text says what to do."""


class NoSuchKey(Exception):
    """The vault has no key of this person: it was destroyed, or is lost."""


class Vault:
    """A folder of wrapped keys, and the file of the master key. Any number of processes may use it at a time."""

    def __init__(self, folder: Path, master: Path) -> None:
        self._folder, self._master = folder, master

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """Return the vault that the settings name, None where they name none. Raise `BadVault`."""
        places = _places(settings)
        if places is None:
            return None
        vault = cls(*places)
        vault.check()
        return vault

    @classmethod
    def make(cls, settings: Settings) -> Self:
        """Make the vault that the settings name, with a master key where there is none. Raise `BadVault`."""
        places = _places(settings)
        if places is None:
            raise BadVault(
                "name the vault's folder by ONRECORD_VAULT, and its master key's file by ONRECORD_MASTER_KEY"
            )
        folder, master = places
        if (folder / SENTINEL).exists():
            raise BadVault(f"there is a vault in {folder} already")
        for one in (folder, master.parent):
            one.mkdir(parents=True, exist_ok=True, mode=0o700)
            _flush(one.parent)
        if not master.exists():
            _write(master, _line(secrets.token_bytes(KEY_BYTES)))
        vault = cls(folder, master)
        vault._keep(folder / SENTINEL, secrets.token_bytes(KEY_BYTES))
        return vault

    def check(self) -> None:
        """Raise `BadVault` unless this is the vault, with its master key: an empty mount point is none."""
        try:
            self._unwrapped(self._folder / SENTINEL)
        except NoSuchKey:
            raise BadVault(
                f"there is no vault in {self._folder}: mount it, or make one by `onrecord vault make`"
            ) from None

    def new_key(self, subject: UUID) -> None:
        """Make the key of a person; it is on the disk when this returns. Raise `BadVault`: none is made then."""
        with self._held():
            self.check()
            self._keep(self._file(subject), secrets.token_bytes(KEY_BYTES))

    def subjects(self) -> Iterator[UUID]:
        """Yield the persons of whom there is a key; what else lies in the folder is passed over."""
        for file in sorted(self._folder.glob(f"*{KEY}")):
            with suppress(ValueError):
                yield UUID(file.stem)

    def seal(self, subject: UUID, text: str) -> str:
        """Return a passage sealed by the person's key. Raise `NoSuchKey` or `BadVault`."""
        nonce, cipher = secrets.token_bytes(NONCE_BYTES), AESGCM(self._unwrapped(self._file(subject)))
        return base64.b64encode(nonce + cipher.encrypt(nonce, _padded(text.encode()), CONTEXT + subject.bytes)).decode()

    def open(self, subject: UUID, sealed: str) -> str:
        """Return what was sealed, in the clear. Raise `NoSuchKey`, or `BadVault` where it was sealed by another key."""
        data, cipher = base64.b64decode(sealed), AESGCM(self._unwrapped(self._file(subject)))
        try:
            padded = cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], CONTEXT + subject.bytes)
        except InvalidTag:
            raise BadVault(f"what is sealed of {subject} was not sealed by the key that the vault has of it") from None
        return padded.rstrip(b"\0")[:-1].decode()

    def destroy(self, subject: UUID) -> bool:
        """Destroy the key of a person, and tell whether there was one. It is gone from the disk when this returns.

        Raise `BadVault` where this is not the vault, or its files cannot be written.
        """
        with self._held():
            self._check_there()
            # Out of the way first: who opens something meanwhile finds no key, and never one that is half gone.
            found = False
            for file in self._folder.glob(f"{subject}{KEY}*"):  # with what a crash may have left beside it
                with _told(file), suppress(FileNotFoundError):
                    file.replace(file.with_name(f"{subject}{GONE}{secrets.token_hex(4)}"))
                    found = True
            _flush(self._folder)
            for file in self._folder.glob(f"{subject}{GONE}*"):
                _shred(file)
            _flush(self._folder)
        return found

    def erase(self, subject: UUID) -> bool:
        """Destroy the key of a person for good: it is noted beside the master key, whatever copies are put back."""
        with self._held():
            self._check_there()
            if subject not in self.erased():
                with _told(self._noted), self._noted.open("a") as noted:
                    noted.write(f"\n{subject}\n")
                    noted.flush()
                    os.fsync(noted.fileno())
                _flush(self._noted.parent)
        return self.destroy(subject)

    def erased(self) -> set[UUID]:
        """Return the persons who were erased for good."""
        if not self._noted.exists():
            return set()
        with _told(self._noted):
            lines = self._noted.read_text().splitlines()
        return {UUID(line) for line in lines if _ID.fullmatch(line)}  # one may have been cut short by a crash

    @property
    def _noted(self) -> Path:
        return self._master.with_name(f"{self._master.name}.erased")

    def tidy(self) -> None:
        """Remove what a crash has left: keys that were being destroyed or written, and master keys."""
        with self._held(alone=True):
            self._tidy()

    def rotate(self) -> tuple[int, list[str]]:
        """Wrap every key by a new master key, and destroy the old one. Return how many keys it wraps now.

        Return too the names of files that no master key here has wrapped, which are left as they are.
        Copies of the vault that were made before are worth nothing from then on, unless somebody kept the old master
        key. A rotation that was interrupted is finished by another.
        """
        with self._held(alone=True):
            self.check()
            self._tidy()
            new = secrets.token_bytes(KEY_BYTES)
            self._replace_master([new, *self._masters()])
            files, unreadable = sorted(self._folder.glob(f"*{KEY}")), []
            for file in files:
                try:
                    self._keep(file, self._unwrapped(file))
                except BadVault:
                    unreadable.append(file.name)
            self._replace_master([new])
            return len(files) - 1 - len(unreadable), unreadable

    def _file(self, subject: UUID) -> Path:
        return self._folder / f"{subject}{KEY}"

    def _check_there(self) -> None:
        if not (self._folder / SENTINEL).is_file():
            raise BadVault(f"there is no vault in {self._folder}: mount it")

    def _tidy(self) -> None:
        for left in (*self._folder.glob(f"*{GONE}*"), *self._folder.glob(f"*{NEW}*")):
            _shred(left)
        for left in self._master.parent.glob(f"{self._master.name}{NEW}*"):
            _shred(left)

    def _keep(self, file: Path, key: bytes) -> None:
        _write(file, aes_key_wrap(self._masters()[0], key))

    def _unwrapped(self, file: Path) -> bytes:
        """Return the key in a file. Raise `NoSuchKey` where there is none, `BadVault` where it cannot be had."""
        problem = BadVault(f"{file} was not wrapped by the master key in {self._master}")
        for attempt in range(ATTEMPTS):
            try:
                wrapped = file.read_bytes()
                masters = self._masters()
            except FileNotFoundError:
                raise NoSuchKey(f"the vault has no {file.name}") from None
            except OSError as unreadable:
                raise BadVault(f"{file}: {unreadable.strerror}") from None
            except BadVault as bad:
                problem, masters = bad, []
            for master in masters:
                with suppress(InvalidUnwrap, ValueError):
                    return aes_key_unwrap(master, wrapped)
            if attempt + 1 < ATTEMPTS:
                time.sleep(PAUSE)
        raise problem

    def _masters(self) -> list[bytes]:
        """Return the master key, and while it is being replaced, the ones before. They are never kept in memory."""
        try:
            keys = [base64.b64decode(line, validate=True) for line in self._master.read_text().split()]
        except (OSError, ValueError):
            raise BadVault(f"the master key in {self._master} cannot be read") from None
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise BadVault(f"{self._master} holds no master key: it is {KEY_BYTES} bytes in base64")
        return keys

    def _replace_master(self, keys: list[bytes]) -> None:
        with _told(self._master), self._master.open("r+b") as old:
            _write(self._master, b"".join(map(_line, keys)))
            _blank(old.fileno())

    @contextmanager
    def _held(self, *, alone: bool = False) -> Iterator[None]:
        """Hold the folder, so that no key is made or destroyed while all are wrapped anew."""
        with ExitStack() as holding:
            with _told(self._folder):
                holding.enter_context(held(self._folder, alone=alone))
            yield


def _places(settings: Settings) -> tuple[Path, Path] | None:
    """Return the folder of the vault and the file of its master key, apart from the record and from each other."""
    if settings.vault is None:
        return None
    if settings.master_key is None:
        raise BadVault("a vault needs a master key: name its file by ONRECORD_MASTER_KEY, apart from the vault")
    folder, master, data = (one.resolve() for one in (settings.vault, settings.master_key, settings.data))
    for what, place, outside in (
        ("the vault", folder, data),
        ("the record", data, folder),
        ("the master key", master, data),
        ("the master key", master, folder),
    ):
        if place.is_relative_to(outside):
            raise BadVault(f"{what} lies in {outside}, whose copies would take it along: name another place")
    return folder, master


def _padded(data: bytes) -> bytes:
    return data + b"\x80" + b"\0" * (-(len(data) + 1) % BLOCK)


def _line(key: bytes) -> bytes:
    return base64.b64encode(key) + b"\n"


@contextmanager
def _told(file: Path) -> Iterator[None]:
    """Tell what the disk refuses as `BadVault`."""
    try:
        yield
    except FileNotFoundError:
        raise BadVault(f"{file} is not there: mount the vault, or make one by `onrecord vault make`") from None
    except OSError as problem:
        raise BadVault(f"{file}: {problem.strerror}") from None


def _write(file: Path, data: bytes) -> None:
    with _told(file):
        replace_file(file, data)


def _shred(file: Path) -> None:
    """Write over a file, and remove it; another process may do so too."""
    with _told(file), suppress(FileNotFoundError):
        with file.open("r+b") as opened:
            _blank(opened.fileno())
        file.unlink()


def _blank(handle: int) -> None:
    """Write over all that an opened file holds."""
    size = os.fstat(handle).st_size
    os.pwrite(handle, b"\0" * size, 0)
    os.fsync(handle)


def _flush(folder: Path) -> None:
    with _told(folder):
        flush(folder)
