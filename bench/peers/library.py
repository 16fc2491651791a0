"""What the service is measured against: the event store library as its users have it, and the database alone."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import InfrastructureFactory, Tracking
from eventsourcing.projection import Projection
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteTrackingRecorder
from eventsourcing.utils import Environment

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


class ClaimRows(SQLiteTrackingRecorder):
    """Claims with the interval in which they held, kept as the library's projections keep rows."""

    def construct_create_table_statements(self) -> list[str]:
        """Add the table of the rows."""
        return [
            *super().construct_create_table_statements(),
            "CREATE TABLE IF NOT EXISTS claim_rows (claim TEXT, text TEXT, report TEXT, claimant TEXT,"
            " since INTEGER, until INTEGER)",
            "CREATE INDEX IF NOT EXISTS claim_rows_key ON claim_rows (claim, since)",
        ]

    def made(self, claim: str, text: str, report: str, claimant: str, tracking: Tracking) -> None:
        """Open a row."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            row = (claim, text, report, claimant, tracking.notification_id)
            cursor.execute("INSERT INTO claim_rows VALUES (?, ?, ?, ?, ?, NULL)", row)

    def corrected(self, claim: str, text: str, tracking: Tracking) -> None:
        """Close the row that holds, and open another."""
        at = tracking.notification_id
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute("UPDATE claim_rows SET until = ? WHERE claim = ? AND until IS NULL", (at, claim))
            cursor.execute(
                "INSERT INTO claim_rows SELECT claim, ?, report, claimant, ?, NULL FROM claim_rows"
                " WHERE claim = ? AND until = ?",
                (text, at, claim, at),
            )

    def seen(self, tracking: Tracking) -> None:
        """Go past an event that makes no row."""
        self.insert_tracking(tracking)


class ClaimProjection(Projection[ClaimRows]):
    """What the library's runner makes of each event."""

    name = "claim_rows"

    def process_event(self, domain_event: object, tracking: Tracking) -> None:
        """Keep the rows up to one event."""
        match domain_event:
            case Contested.ClaimMade():  # type: ignore[attr-defined]  # the library makes it
                e = vars(domain_event)
                self.view.made(e["claim"], e["text"], e["report"], e["claimant"], tracking)
            case Contested.ClaimCorrected():  # type: ignore[attr-defined]
                e = vars(domain_event)
                self.view.corrected(e["claim"], e["text"], tracking)
            case _:
                self.view.seen(tracking)


def projected(folder: Path, numbers: Iterator[int]) -> float:
    """Build the rows anew from the library's own log, as its runner does; return its events a second.

    The runner itself follows no SQLite log, whose recorder has no subscriptions: this is its loop over the events.
    """
    env = {
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "SQLITE_DBNAME": str(folder / f"rows-{next(numbers)}.sqlite"),
    }
    factory = InfrastructureFactory[ClaimRows].construct(Environment("claim_rows", env))
    with application(folder) as app:
        projection, seen = ClaimProjection(factory.tracking_recorder(ClaimRows)), 0
        begun = time.perf_counter()
        while page := app.recorder.select_notifications(seen + 1, 1_000):
            for one in page:
                projection.process_event(app.mapper.to_domain_event(one), Tracking(app.name, one.id))
            seen = page[-1].id
        taken = time.perf_counter() - begun
    factory.close()
    return seen / taken
