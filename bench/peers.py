"""What the service is measured against: the event store library as its users have it, and the database alone."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.sqlite import SQLiteApplicationRecorder

from bench.machine import durability


class Contested(Aggregate):
    """An incident as the library's users write one; its events carry what one of our claims carries."""

    @event("Opened")
    def __init__(self, title: str) -> None:
        self.title = title
        self.claims: dict[str, str] = {}

    @event("ClaimMade")
    def make_claim(self, claim: str, report: str, text: str, language: str, claimant: str, reference: str) -> None:
        """Record a claim."""
        self.claims[claim] = text

    @event("ClaimCorrected")
    def correct_claim(self, claim: str, text: str) -> None:
        """Record a correction."""
        self.claims[claim] = text


class Claims(Application[UUID]):
    """The library's application, with nothing of ours in it."""


@contextmanager
def application(folder: Path, **env: str) -> Iterator[Claims]:
    """Open the library's application on its own SQLite recorder, as it comes."""
    app = Claims({"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(folder / "peer.sqlite"), **env})
    try:
        yield app
    finally:
        app.close()


def claim_on(incident: Contested, text: str, n: int) -> None:
    """Make a claim with the fields that ours has."""
    incident.make_claim(
        claim=str(uuid4()),
        report=str(incident.id),
        text=text,
        language="en",
        claimant=str(incident.id),
        reference=f"bench-{n}",
    )


def durability_of(app: Claims) -> str:
    """Return how the library's own connections flush."""
    recorder = app.recorder
    assert isinstance(recorder, SQLiteApplicationRecorder)
    with recorder.datastore.get_connection(commit=True) as connection:
        return durability(connection._sqlite_conn)


@contextmanager
def bare_database(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open SQLite alone, with the log's table and its durability."""
    with closing(sqlite3.connect(folder / "bare.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(
            "CREATE TABLE events (position INTEGER PRIMARY KEY, id TEXT, version INTEGER, name TEXT, state BLOB,"
            " recorded_at TEXT, UNIQUE (id, version))"
        )
        connection.execute("CREATE INDEX events_recorded_at ON events (recorded_at)")
        yield connection
