"""Appending: claims through the ledger on both databases, other event stores, and the databases alone."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.append import on_postgres, on_sqlite
from bench.tables import Table


def run(folder: Path, quick: bool) -> list[Table]:
    """Measure appending, and return its tables."""
    tables = []
    for part in (on_sqlite, on_postgres):
        with ExitStack() as open_:
            place = Path(open_.enter_context(TemporaryDirectory(dir=folder)))
            tables += part.run(place, quick, open_)
    return tables
