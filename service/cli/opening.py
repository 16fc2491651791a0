"""Opening the record for a command, and finding in it what the user names.

Law: only the process that holds the folder's lock writes the log and the views. A command that reads does so beside
it, and says so where the views do not show everything yet.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from projections.checkpoints import check_of_log
from projections.runner import Runner
from projections.shown import ShownViews
from projections.temporal import holds_at
from projections.views import accounts, claims, incidents
from service.cli.exits import UsageProblem
from service.cli.progress import Progress
from service.cli.terminal import say
from service.ledger import Ledger, LedgerInUse
from service.moments import position_of
from service.settings import Settings

LEDGER, VIEWS = "ledger.sqlite", "views.sqlite"
PATIENCE = 10.0
"""Seconds that a command waits for the views of a running server."""
NOTICEABLE = 2_000
"""Positions that the views may lie behind before building them is worth a bar."""


@dataclass(frozen=True)
class Record:
    """The record as a command reads it: the log, the views, and the position that both show."""

    ledger: Ledger
    views: ShownViews
    position: int
    folder: Path

    def at(self, moment: str | None) -> int:
        """Return the position of a moment, the newest where there is none. Raise `BadMoment`."""
        return self.position if moment is None else min(position_of(self.ledger, moment), self.position)

    def incident(self, name: str) -> UUID:
        """Return the id of an incident by its id or short id."""
        with self.views.connect() as connection:
            found = incidents.get_incident(connection, self.position, name)
        if found is None:
            raise UsageProblem(f"there is no incident {name}")
        return UUID(found.incident)

    def subject(self, name: str) -> str:
        """Return the id of what a change was about: an id, or the short id of a claim."""
        with suppress(ValueError):
            return str(UUID(name))
        with self.views.connect() as connection:
            query = select(claims.claims.c.claim).where(claims.claims.c.short_id == name.upper())
            found = connection.execute(query.limit(1)).scalar()
        if found is None:
            raise UsageProblem(f"{name} is neither an id nor the short id of a claim")
        return str(found)

    def account(self, name: str) -> UUID:
        """Return the id of an account by its id or its name."""
        with suppress(ValueError):
            return UUID(name)
        table = accounts.accounts
        with self.views.connect() as connection:
            query = select(table.c.account).where(holds_at(table, self.position), table.c.name == name).limit(2)
            found = connection.execute(query).scalars().all()
        if len(found) != 1:
            some = "several accounts have" if found else "no account has"
            raise UsageProblem(f"{some} the name {name}: see `onrecord accounts list`, and give the id")
        return UUID(found[0])

    def people(self) -> dict[str, str]:
        """Return the names of all accounts by id."""
        table = accounts.accounts
        with self.views.connect() as connection:
            query = select(table.c.account, table.c.name).where(holds_at(table, self.position))
            return {row.account: row.name for row in connection.execute(query)}


def settings_of(data: Path | None, **others: object) -> Settings:
    """Return the settings, with what the command line gives in place of what is set."""
    given = {name: value for name, value in {"data": data, **others}.items() if value is not None}
    return Settings.read(**given)


def existing(data: Path | None) -> Settings:
    """Return the settings of a record that is there."""
    settings = settings_of(data)
    if not (settings.data / LEDGER).exists():
        raise UsageProblem(f"there is no record in {settings.data}: name its folder by --data or ONRECORD_DATA")
    return settings


@contextmanager
def reading(data: Path | None) -> Iterator[Record]:
    """Open the record for reading, beside a server or without one."""
    settings = existing(data)
    with Ledger.open(settings, read_only=True) as ledger, ShownViews.open(settings.data / VIEWS) as views:
        position = _caught_up(settings, ledger, views)
        _warn_of_failed(views)
        yield Record(ledger, views, position, settings.data)


def check_views(ledger: Ledger, views: ShownViews) -> None:
    """Raise `NotOfThisLog` where the views show what the log does not hold."""
    check_of_log(views.checkpoints().values(), ledger.read_raw)


def _caught_up(settings: Settings, ledger: Ledger, views: ShownViews) -> int:
    """Return the position to read at: the head, once the views show it, or where they are after some patience."""
    check_views(ledger, views)
    head, until = ledger.head(), time.monotonic() + PATIENCE
    while (position := views.position()) < head:
        try:
            position = catch_up(settings)
            break
        except LedgerInUse:  # then a server brings them there, or another command
            if time.monotonic() > until:
                say(
                    f"the views of the running server show position {position} of {head}: this is told as of {position}"
                )
                break
            time.sleep(0.05)
    return min(position, head)


def catch_up(settings: Settings, *, quiet: bool = False) -> int:
    """Bring the views to the head, holding the folder's lock. Raise `LedgerInUse` where another process holds it."""
    with Ledger.open(settings) as ledger, Runner.open(settings.data / VIEWS) as views:
        head = ledger.head()
        quiet = quiet or head - views.position() < NOTICEABLE
        with Progress("building the views", head, quiet=quiet) as progress:

            def read(after: int, limit: int) -> list[tuple[int, str, bytes]]:
                progress.at(after)
                return ledger.read_raw(after, limit)

            return views.catch_up(read)


def _warn_of_failed(views: ShownViews) -> None:
    for view in views.status():
        if view.error is not None:
            say(
                f"the view {view.name} failed {view.error}; what it shows ends at position {view.position}:"
                f" `onrecord views rebuild {view.name}` builds it anew"
            )


@contextmanager
def writing(data: Path | None) -> Iterator[Ledger]:
    """Open the record for writing. Raise `LedgerInUse` where a server has it."""
    with Ledger.open(settings_of(data)) as ledger:
        yield ledger
