"""Copies of a record, made while it may be in use."""

import sqlite3
from contextlib import closing
from pathlib import Path

FILE = "ledger.sqlite"


def copy_of(folder: Path, target: Path) -> Path:
    """Copy the record's log into another folder, whole and as of one moment, and return that folder."""
    if (folder / FILE).exists():
        with closing(sqlite3.connect(folder / FILE)) as source, closing(sqlite3.connect(target / FILE)) as copy:
            source.backup(copy)
    return target
