"""What the library's projection runner makes of its own log: rows of claims, beside those of our view."""

import time
from collections.abc import Iterator
from pathlib import Path

from eventsourcing.persistence import InfrastructureFactory, Tracking
from eventsourcing.projection import Projection
from eventsourcing.sqlite import SQLiteTrackingRecorder
from eventsourcing.utils import Environment

from bench.peers.library import Contested, application


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
