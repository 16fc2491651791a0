"""Files that must be there after a crash: whole, in their place, and read by their owner alone."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NEW = ".new-"
"""What the name of a file in the making has behind that of the file."""


def replace_file(file: Path, data: bytes) -> None:
    """Put bytes in the place of a file, on the disk when this returns; only the owner reads it. A crash leaves either.

    Another process that does so at the same time writes a file of its own: one of the two is there in the end, whole.
    """
    new = file.with_name(f"{file.name}{NEW}{secrets.token_hex(4)}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(handle)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
    flush(file.parent)


def flush(folder: Path) -> None:
    """Let what was made, renamed or removed in a folder be on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def held(folder: Path, *, alone: bool) -> Iterator[None]:
    """Hold a folder among all processes that do so: alone, or with others who do not ask to be."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)
