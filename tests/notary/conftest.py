"""A ledger with a story, on each database, and its notary."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from service.ledger import Ledger
from service.notary import Notary, notary_of
from service.settings import Settings
from tests.service.ledgers import ask, begin, behind_its_back, claim


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    database = request.getfixturevalue("database") if request.param == "postgres" else ""
    return Settings.read(data=tmp_path / "data", database=database, origin="log.example/desk", log_level="error")


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    with Ledger.open(settings) as ledger:
        yield ledger


@pytest.fixture
def notary(settings: Settings, ledger: Ledger) -> Notary:
    return notary_of(settings, ledger, making=True)


def tell(ledger: Ledger, claims: int) -> None:
    """Open an incident and make claims: three events more than claims."""
    incident, report = begin(ledger)
    ledger.execute_many([ask(claim(incident, report, f"claim {n}")) for n in range(claims)])


def alter(settings: Settings, statement: str) -> None:
    """Run a statement in the ledger's own database, behind its back."""
    if settings.database is None:
        behind_its_back(settings.data, statement)
        return
    with psycopg.connect(settings.database.get_secret_value(), options="-c search_path=onrecord") as server:
        server.execute(statement.encode())
