"""The event store library as its users have it, on SQLite and on PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.sqlite import SQLiteApplicationRecorder
from psycopg.conninfo import conninfo_to_dict

from bench.callers import Append, Claim, Seen, by_threads
from bench.machine import durability
from bench.peers.claims import fields


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


@contextmanager
def on_server(address: str, callers: int) -> Iterator["Saves"]:
    """Open the library's application on its PostgreSQL recorder, as it comes, with a connection for each caller."""
    app = Claims({**server_environment(address), "POSTGRES_MAX_OVERFLOW": str(callers)})
    try:
        yield Saves(app)
    finally:
        app.close()


def server_environment(address: str) -> dict[str, str]:
    """Return what tells the library of a server."""
    given = conninfo_to_dict(address)
    named = {f"POSTGRES_{name.upper()}": str(given[name]) for name in ("dbname", "host", "port", "user", "password")}
    return {"PERSISTENCE_MODULE": "eventsourcing.postgres", **named}


class Saves:
    """Callers of `Application.save`, each in a thread with an incident of its own that it holds."""

    def __init__(self, app: Claims) -> None:
        self.app, self._incidents = app, list[Contested]()

    def append(self, callers: int, claims: Sequence[Claim]) -> Seen:
        """Save claims, one after the other."""
        while len(self._incidents) < callers:
            self._incidents.append(Contested(title=f"Incident {len(self._incidents)}"))
            self.app.save(self._incidents[-1])
        return by_threads([self._saver(incident) for incident in self._incidents[:callers]], claims)

    def _saver(self, incident: Contested) -> Append:
        def save(claim: Claim) -> None:
            n, text = claim
            claim_on(incident, text, n)
            self.app.save(incident)

        return save


def claim_on(incident: Contested, text: str, n: int) -> None:
    """Make a claim with the fields that ours has."""
    incident.make_claim(**fields(n, text, str(incident.id)))


def durability_of(app: Claims) -> str:
    """Return how the library's own connections flush."""
    recorder = app.recorder
    assert isinstance(recorder, SQLiteApplicationRecorder)
    with recorder.datastore.get_connection(commit=True) as connection:
        return durability(connection._sqlite_conn)
