"""Copies of a record, made while it may be in use.

Law: the log is copied as of one moment. Evidence files never change once they have their name, so they are copied
after it, and the copy holds every file that its log names.
"""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

FILE = "ledger.sqlite"
EVIDENCE = Path("evidence", "sha256")
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
