"""The event-sourced application behind the ledger: the library's, over our envelope and our recorder."""

from datetime import datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import (
    AggregateRecorder,
    InfrastructureFactory,
    JSONTranscoder,
    Mapper,
    PersistenceError,
    StoredEvent,
)
from eventsourcing.utils import Environment

from domain.events import Recorded
from service.store.recorder import Recorder, Server
from service.store.sqlite.recorder import LogFactory

StoreError = PersistenceError
"""What the store raises when it cannot do its work."""


class EnvelopeMapper(Mapper[UUID]):
    """Map an envelope to the bytes that are stored: no module path, nothing between record and proof."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """Return the envelope as the library stores it."""
        recorded = cast(Recorded, domain_event)
        return StoredEvent(recorded.aggregate, recorded.version, recorded.event.NAME, recorded.to_bytes())


class RecordLog(Application[UUID]):
    """The library's application: factory, recorder, mapper, notification log and snapshot recorder."""

    name = "onrecord"

    def __init__(self, place: Path | Server, *, read_only: bool = False) -> None:
        """Open the log in a file of SQLite, or on a server."""
        self._place, self._read_only = place, read_only
        super().__init__({"CREATE_TABLE": "n"})
        self.snapshot_recorder: AggregateRecorder = self.factory.aggregate_recorder(purpose="snapshots")

    @property
    def log_recorder(self) -> Recorder:
        """Return the recorder of the log."""
        return cast(Recorder, self.recorder)

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """Return our factory."""
        if isinstance(self._place, Server):
            # The driver takes a tenth of a second to import, and SQLite needs none.
            from service.store.postgres.recorder import PostgresLogFactory

            return PostgresLogFactory(env, self._place, read_only=self._read_only)
        # A reader makes no file where there is none.
        name = self._place.absolute().as_uri() + ("?mode=rw" if self._read_only else "")
        env.update(SQLITE_DBNAME=name, READ_ONLY="y" if self._read_only else "n")
        return LogFactory(env)

    def construct_mapper(self) -> Mapper[UUID]:
        """Return our mapper."""
        return EnvelopeMapper(JSONTranscoder())

    def append(self, stored: list[StoredEvent], recorded_at: list[str], **beside: Any) -> None:
        """Save events, and what goes `beside` them, in one transaction. Raise `StoreError` where that fails."""
        self.log_recorder.insert_events(stored, recorded_at=recorded_at, **beside)


def rfc3339(moment: datetime) -> str:
    """Return a time in UTC as the index columns hold it, so that their order is the order of time."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
