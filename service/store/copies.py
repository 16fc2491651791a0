"""Copies of a record, made while it may be in use.

Law: the log is copied as of one moment. Evidence files never change once they have their name, so they are copied
after it, and the copy holds every file that its log names.
"""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from service.scratch import Scratch

FILE = "ledger.sqlite"
EVIDENCE = Path("evidence", "sha256")
INCOMING = Path("evidence", "incoming")
PAGES = 4_096
"""Pages of the log that are copied between two words of progress."""


def copy_log(folder: Path, target: Path, told: Callable[[int], None] | None = None) -> None:
    """Copy the log into another folder, whole and as of one moment; `told` hears the pages that are copied."""

    def progress(status: int, remaining: int, total: int) -> None:
        if told is not None:
            told(total - remaining)

    with closing(sqlite3.connect(folder / FILE)) as source, closing(sqlite3.connect(target / FILE)) as copy:
        source.execute("BEGIN")  # writers go on beside it: without this, each of their commits would begin it anew
        source.execute("SELECT COUNT(*) FROM meta").fetchone()
        source.backup(copy, pages=PAGES, progress=progress)


def copy_evidence(folder: Path, target: Path) -> int:
    """Copy the evidence files into another folder, and return how many there are."""
    if not (folder / EVIDENCE).exists():
        return 0
    shutil.copytree(folder / EVIDENCE, target / EVIDENCE)
    return sum(1 for file in (target / EVIDENCE).rglob("*") if file.is_file())


def copy_missing_evidence(folder: Path, target: Path, told: Callable[[int], None]) -> tuple[int, list[Path]]:
    """Copy those evidence files that the other folder lacks; return how many, and those whose bytes are damaged.

    What is damaged is not copied. A crash leaves a file under `incoming/`, which the next start of a service removes.
    """
    copied, damaged = 0, list[Path]()
    incoming = Scratch(target / INCOMING)
    try:
        for file in sorted(file for file in (folder / EVIDENCE).rglob("*") if file.is_file()):
            wanted = target / file.relative_to(folder)
            if wanted.exists():
                continue
            if _copy_checked(file, wanted, incoming.folder):
                copied += 1
            else:
                damaged.append(file)
            told(copied)
    finally:
        incoming.close()
    return copied, damaged


def _copy_checked(file: Path, wanted: Path, incoming: Path) -> bool:
    """Copy a file whole or not at all; tell whether its bytes are those that its name promises."""
    partial = incoming / file.name
    with file.open("rb") as source, partial.open("w+b") as sink:
        shutil.copyfileobj(source, sink)
        sink.seek(0)
        itself = hashlib.file_digest(sink, "sha256").hexdigest() == file.name
        os.fsync(sink.fileno())
    if itself:
        wanted.parent.mkdir(parents=True, exist_ok=True)
        partial.chmod(0o440)
        partial.replace(wanted)
    return itself
