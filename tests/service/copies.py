"""Records to copy, and what is looked at to see that a copy is one."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.account_commands import GrantRole, IssueKey, OpenAccount
from domain.events import Actor
from service.cli import copying as command
from service.imports import import_file
from service.keys import make_key
from service.ledger import Ledger, Request
from service.settings import Settings
from service.store.copying import BESIDE, LOG, META, Row
from tests import postgres
from tests.service.command_line import many_sources
from tests.service.ledgers import ACTOR, ask, begin, claim

COPYING = """
import sys
from service.cli import copying as command
from service.settings import Settings
from service.store import copying

copying.EVENTS = 5
sides = [command.Side(folder, Settings.read(data=folder, database=database)) for folder, database in
    (sys.argv[1:3], sys.argv[3:5])]
steps = copying.copy

def told(*given):
    for n, at in enumerate(steps(*given), start=1):
        print(at, flush=True)
        if n == int(sys.argv[5]):
            sys.stdin.readline()
        yield at

copying.copy = told
command._copied(*sides, command._Evidence(), quiet=True)
"""
"""Copies five events at a time, tells how far it is, and waits once it has told so often."""


@dataclass(frozen=True)
class Place:
    """Where a record is: its folder, and its database where it is on a server."""

    name: str
    folder: Path
    database: str = ""

    @property
    def side(self) -> command.Side:
        """Return the place as the command knows it."""
        return command.Side(self.name, Settings.read(data=self.folder, database=self.database))

    def open(self, **options: bool) -> Ledger:
        """Open the ledger that is there."""
        return Ledger.open(self.side.settings, **options)


@dataclass(frozen=True)
class Known:
    """What was recorded, to ask for again."""

    incident: UUID
    report: UUID
    claim: UUID
    key: str


class Places:
    """Places to keep records in, made as they are asked for."""

    def __init__(self, server: postgres.Server, folder: Path, stack: ExitStack) -> None:
        self._server, self._folder, self._stack, self._count = server, folder, stack, 0

    def make(self, kind: str) -> Place:
        """Return a place of this kind in which nothing is."""
        self._count += 1
        folder = self._folder / f"place-{self._count}"
        if kind == "sqlite":
            return Place(str(folder), folder)
        return Place(f"env:PLACE_{self._count}", folder, self._stack.enter_context(self._server.database()))


@contextmanager
def places(server: postgres.Server, folder: Path) -> Iterator[Places]:
    """Make places until the end of the block."""
    with ExitStack() as stack:
        yield Places(server, folder, stack)


def fill(place: Place, claims: int = 20) -> Known:
    """Record a little of everything: an import, an account with a key, and claims that may be asked for again."""
    with place.open() as ledger:
        place.folder.parent.mkdir(exist_ok=True)
        import_file(ledger, many_sources(place.folder.parent / "rows.ndjson", 12), Actor())
        incident, report = begin(ledger)
        account, made = ledger.execute_now(ask(OpenAccount(name="Anna"))).aggregate, make_key()
        ledger.execute_now(ask(GrantRole(account=account, role="reporter")))
        ledger.execute_now(Request(IssueKey(account=account, key=made.id), ACTOR, secret=made.hash))
        receipts = [ledger.execute_now(ask(claim(incident, report, f"claim {n}"), f"key {n}")) for n in range(claims)]
    return Known(incident, report, UUID(receipts[0].ids["claim"]), made.id)


def held(place: Place) -> dict[str, list[Row]]:
    """Return all that a place holds, but what is an aid."""
    with command._reading(place.side) as source:
        tables = {table.name: list(source.rows(table)) for table in (META, *BESIDE)}
        return {LOG.name: list(source.events(0)), **tables}


def copy(one: Place, other: Place) -> Any:
    """Copy a record, and return what came of it."""
    return command._copied(one.side, other.side, command._Evidence(), quiet=True)
