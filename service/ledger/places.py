"""Where a ledger is kept: a file of SQLite in the data folder, or a PostgreSQL database.

Law: of a file, one process writes, and a lock on its folder says so. A database is written to by any number.
"""

import fcntl
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO
from uuid import uuid4

from service.ledger.asking import LedgerInUse
from service.settings import Settings
from service.store.recorder import Server
from service.store.sqlite.schema import migrate

FILE = "ledger.sqlite"
Place = Path | Server


def place_of(settings: Settings) -> Place:
    """Return where the settings say that the ledger is kept."""
    if settings.database is None:
        return settings.data / FILE
    return Server(
        settings.database,
        connections=settings.database_connections,
        pre_ping=settings.database_pre_ping,
        wait=settings.database_wait,
        statement_timeout=settings.database_statement_timeout,
        lock_timeout=settings.database_lock_timeout,
        commit_timeout=settings.database_commit_timeout,
        idle_timeout=settings.database_idle_timeout,
    )


def is_there(settings: Settings) -> bool:
    """Tell whether there is a ledger. Raise `StoreError` where that cannot be told."""
    place = place_of(settings)
    if isinstance(place, Path):
        return place.exists()
    from service.store.postgres import recorder  # SQLite does not need its driver

    return recorder.is_there(place)


def named(settings: Settings) -> str:
    """Return what to call the place: never the address, which may hold a password."""
    return str(settings.data) if settings.database is None else "the database"


def prepare(settings: Settings, on_failure: ExitStack, *, demonstration: bool) -> IO[str] | None:
    """Make or migrate the tables, mark a new ledger, and return the folder's lock where it is a file's."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    place = place_of(settings)
    marks = [("ledger", str(uuid4())), ("demonstration", "yes" if demonstration else "no")]
    if isinstance(place, Server):
        from service.store.postgres import recorder  # SQLite does not need its driver

        recorder.prepare(place, marks)
        return None
    lock = lock_of(settings.data)
    on_failure.callback(lock.close)
    with closing(sqlite3.connect(place, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        migrate(connection)
        connection.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", marks)
    return lock


def lock_of(folder: Path) -> IO[str]:
    """Take the lock of the data folder; the system lets it go when the process ends, however it ends."""
    file = (folder / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise LedgerInUse(f"another process writes to {folder}: stop it first, or use its API") from None
    return file
