"""Ledgers for tests, and the commands that they are given."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from pydantic import SecretStr

from domain import incident_commands as c
from domain import values as v
from domain.commands import Command
from domain.events import Actor
from domain.source_commands import RegisterSource
from service.ledger import Idempotency, Ledger, Request
from service.settings import Settings
from service.store.postgres.recorder import prepare
from service.store.recorder import Server
from service.store.sqlite.schema import migrate

ACTOR = Actor()


def fresh_file(folder: Path) -> Path:
    """Make an empty log and return its file."""
    file = folder / "ledger.sqlite"
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    migrate(connection)
    connection.close()
    return file


def fresh_server(address: str) -> Server:
    """Make an empty log in a database and return the server."""
    server = Server(SecretStr(address))
    prepare(server, [])
    return server


def open_ledger(folder: Path, database: str | None = None, **options: bool) -> Ledger:
    """Open a ledger in a folder, or in a database: in the one given, or where the environment says so."""
    return Ledger.open(Settings.read(data=folder, **({"database": database} if database else {})), **options)


def behind_its_back(folder: Path, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement in the database of a ledger that is kept in a folder, or where the environment says so."""
    database = Settings.read(data=folder).database
    if database is not None:
        with psycopg.connect(database.get_secret_value(), options="-c search_path=onrecord") as server:
            done = server.execute(statement.encode())
            return done.fetchall() if done.description else []
    with closing(sqlite3.connect(folder / "ledger.sqlite", isolation_level=None)) as file:
        return file.execute(statement).fetchall()


def ask(command: Command, key: str | None = None, fingerprint: str = "f", version: int | None = None) -> Request:
    """Return the request of a command."""
    idempotency = Idempotency(key, "me", fingerprint) if key else None
    return Request(command, ACTOR, idempotency=idempotency, expected_version=version)


def begin(ledger: Ledger) -> tuple[UUID, UUID]:
    """Open an incident with a report, and return both ids."""
    source = ledger.execute_now(ask(RegisterSource(name="A source", kind="outlet"))).aggregate
    incident = ledger.execute_now(ask(c.OpenIncident(title="Kursk incursion"))).aggregate
    report = ledger.execute_now(ask(c.ReceiveReport(incident=incident, source=source, title="A report")))
    return incident, UUID(report.ids["report"])


def claim(incident: UUID, report: UUID, text: str = "six miles") -> c.MakeClaim:
    """Return the command that makes a claim."""
    return c.MakeClaim(incident=incident, report=report, wording=v.Wording(text=text))
