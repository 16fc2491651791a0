"""What the library's projections make of its own log: rows of claims, beside those of our view."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import psycopg
from eventsourcing.persistence import InfrastructureFactory, Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.sqlite import SQLiteTrackingRecorder
from eventsourcing.utils import Environment
from psycopg.sql import SQL, Identifier

from bench.peers.library import Claims, Contested, application, server_environment

NAME = "claim_rows"
TABLE = "(claim TEXT, text TEXT, report TEXT, claimant TEXT, since BIGINT, until BIGINT)"
INSERT = "INSERT INTO claim_rows VALUES (?, ?, ?, ?, ?, NULL)"
CLOSE = "UPDATE claim_rows SET until = ? WHERE claim = ? AND until IS NULL"
REOPEN = (
    "INSERT INTO claim_rows SELECT claim, ?, report, claimant, ?, NULL FROM claim_rows WHERE claim = ? AND until = ?"
)
WITHIN = 600.0
"""Seconds within which the library's runner is through."""


class Keeps(Protocol):
    """Keeps claims with the interval in which they held, as the library's projections keep rows."""

    def keep(self, tracking: Tracking, *statements: tuple[str, tuple[Any, ...]]) -> None:
        """Take the step of one event in a transaction of its own."""


class FileRows(SQLiteTrackingRecorder):
    """Rows on SQLite."""

    def construct_create_table_statements(self) -> list[str]:
        """Add the table of the rows."""
        return [
            *super().construct_create_table_statements(),
            f"CREATE TABLE IF NOT EXISTS claim_rows {TABLE}",
            "CREATE INDEX IF NOT EXISTS claim_rows_key ON claim_rows (claim, since)",
        ]

    def keep(self, tracking: Tracking, *statements: tuple[str, tuple[Any, ...]]) -> None:
        """Take the step of one event in a transaction of its own."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            for statement, values in statements:
                cursor.execute(statement, values)


class ServerRows(PostgresTrackingRecorder):
    """Rows on PostgreSQL."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        schema = Identifier(self.datastore.schema)
        self.sql_create_statements += [
            SQL("CREATE TABLE IF NOT EXISTS {}.claim_rows " + TABLE).format(schema),
            SQL("CREATE INDEX IF NOT EXISTS claim_rows_key ON {}.claim_rows (claim, since)").format(schema),
        ]

    def keep(self, tracking: Tracking, *statements: tuple[str, tuple[Any, ...]]) -> None:
        """Take the step of one event in a transaction of its own."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            for statement, values in statements:
                named = statement.replace("?", "%s").replace("claim_rows", f"{self.datastore.schema}.claim_rows")
                cursor.execute(named.encode(), values, prepare=True)


class ClaimProjection(Projection[Any]):
    """What the library's runner makes of each event."""

    name = NAME

    def process_event(self, domain_event: object, tracking: Tracking) -> None:
        """Keep the rows up to one event."""
        view: Keeps = self.view
        e, at = vars(domain_event), tracking.notification_id
        match domain_event:
            case Contested.ClaimMade():  # type: ignore[attr-defined]  # the library makes it
                view.keep(tracking, (INSERT, (e["claim"], e["text"], e["report"], e["claimant"], at)))
            case Contested.ClaimCorrected():  # type: ignore[attr-defined]
                claim = e["claim"]
                view.keep(tracking, (CLOSE, (at, claim)), (REOPEN, (e["text"], at, claim, at)))
            case _:
                view.keep(tracking)


def in_file(folder: Path, numbers: Iterator[int]) -> Callable[[], float]:
    """Return a round that builds the rows from the library's log in a file, and returns its events a second.

    The runner itself follows no SQLite log, whose recorder has no subscriptions: this is its loop over the events.
    """

    def one_round() -> float:
        file = str(folder / f"rows-{next(numbers)}.sqlite")
        env = Environment(NAME, {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": file})
        factory = InfrastructureFactory[FileRows].construct(env)
        with application(folder) as app:
            projection, seen = ClaimProjection(factory.tracking_recorder(FileRows)), 0
            begun = time.perf_counter()
            while page := app.recorder.select_notifications(seen + 1, 1_000):
                for one in page:
                    projection.process_event(app.mapper.to_domain_event(one), Tracking(app.name, one.id))
                seen = page[-1].id
            taken = time.perf_counter() - begun
        factory.close()
        return seen / taken

    return one_round


def on_server(address: str, events: int, numbers: Iterator[int]) -> Callable[[], float]:
    """Return a round in which the library's runner builds the rows from its log on a server."""

    def one_round() -> float:
        schema = f"rows_{next(numbers)}"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
        env = {**server_environment(address), f"{NAME.upper()}_POSTGRES_SCHEMA": schema}
        begun = time.perf_counter()
        with ProjectionRunner(
            application_class=Claims, projection_class=ClaimProjection, view_class=ServerRows, env=env
        ) as runner:
            runner.wait(events, timeout=WITHIN)
            return events / (time.perf_counter() - begun)

    return one_round
