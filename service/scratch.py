"""A folder of one process for what is under way, in a folder that other processes may share.

Law: what a process leaves when it is killed, the next to start removes; what is under way elsewhere it leaves alone.
"""

import fcntl
import os
import shutil
import uuid
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

LOCK = "lock"


class Scratch:
    """A folder of this process under `root`, held by a lock that the system lets go when the process ends."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        with _alone(root):
            for left in root.iterdir():
                _remove_abandoned(left)
            self.folder = root / uuid.uuid4().hex
            self.folder.mkdir()
            lock = os.open(self.folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._let_go = weakref.finalize(self, os.close, lock)

    def close(self) -> None:
        """Remove the folder and what is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._let_go()


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Let one process at a time look at what others left, and make its own folder."""
    descriptor = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _remove_abandoned(left: Path) -> None:
    if left.is_dir() and _is_held(left / LOCK):
        return
    if left.is_dir():
        shutil.rmtree(left, ignore_errors=True)
    else:
        left.unlink(missing_ok=True)


def _is_held(lock: Path) -> bool:
    """Tell whether a process holds a lock."""
    try:
        with lock.open("rb") as file:
            return not _taken(file)
    except FileNotFoundError:
        return False


def _taken(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
