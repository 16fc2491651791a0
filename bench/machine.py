"""On what it was measured: the machine, the versions, and what a flush to its disk costs."""

import os
import platform
import sqlite3
import statistics
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from psycopg import Connection

from bench.tables import Table, milliseconds

FLUSHES = 50


def described(folder: Path) -> Table:
    """Return what there is to know of the machine, and of the disk that holds a folder."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        flush = _flush(Path(place) / "flush")
    rows = [
        ("processor", f"{_of('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores"),
        ("memory", _of("/proc/meminfo", "MemTotal")),
        ("system", f"{platform.system()} {platform.release()}"),
        ("file system", _file_system(folder)),
        ("4 kB written and flushed (fsync)", f"{milliseconds(flush)} ms, median of {FLUSHES}"),
        ("load before the run (1, 5, 15 min)", ", ".join(f"{one:.2f}" for one in os.getloadavg())),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("SQLite", sqlite3.sqlite_version),
        *((name, version(name)) for name in ("eventsourcing", "psycopg", "fastapi", "pydantic", "uvicorn", "uvloop")),
    ]
    return Table("The machine", ("what", "value"), rows)


def _of(file: str, name: str) -> str:
    """Return the first value of a name in a file of /proc."""
    try:
        lines = Path(file).read_text().splitlines()
    except OSError:
        return "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "unknown")


def _file_system(folder: Path) -> str:
    """Return type and options of the file system that holds a folder."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return "unknown"
    over = [m for m in mounts if folder.resolve().is_relative_to(m[1])]
    return " ".join(max(over, key=lambda m: len(m[1]))[2:4]) if over else "unknown"


def _flush(file: Path) -> float:
    taken = []
    with file.open("wb", buffering=0) as sink:
        for _ in range(FLUSHES):
            begun = time.perf_counter()
            sink.write(b"\0" * 4096)
            os.fsync(sink.fileno())
            taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def server_durability(connection: Connection[Any]) -> str:
    """Return how a server flushes, as it says itself."""
    names = ("fsync", "synchronous_commit", "full_page_writes", "wal_sync_method")
    rows = [connection.execute("SELECT current_setting(%s)", (name,)).fetchone() for name in names]
    return ", ".join(f"{name} {row[0]}" for name, row in zip(names, rows, strict=True) if row is not None)


def durability(connection: sqlite3.Connection) -> str:
    """Return how a connection flushes, as it says itself."""
    (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
    (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
    return f"{journal.upper()}, synchronous {('OFF', 'NORMAL', 'FULL', 'EXTRA')[synchronous]}"
