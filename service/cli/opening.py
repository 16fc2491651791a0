"""Opening the record for a command, and finding in it what the user names.

Law: only the process that holds the folder's lock writes the log. The views may be brought up to date by any number of
processes, each from where the others left them.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from projections.runner import Runner
from projections.temporal import holds_at
from projections.views import accounts, incidents
from projections.views.subjects import person_named
from service import memory
from service.cli.exits import UsageProblem
from service.cli.progress import Progress
from service.cli.terminal import say
from service.ledger import Ledger
from service.ledger.places import is_there, named
from service.moments import position_of
from service.named import id_named, names_at
from service.settings import Settings
from service.views import open_views

WHERE_ELSE = {
    True: "name its folder by --data or ONRECORD_DATA",
    False: "name it by ONRECORD_DATABASE, or make it by `onrecord migrate`",
}
NOTICEABLE = 2_000
"""Positions that the views may lie behind before building them is worth a bar."""


@dataclass(frozen=True)
class Record:
    """The record as a command reads it: the log, the views, and the position that both show."""

    ledger: Ledger
    views: Runner
    position: int
    settings: Settings

    @property
    def folder(self) -> Path:
        """Return the folder of the record."""
        return self.settings.data

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

    def aggregate(self, name: str) -> UUID:
        """Return the id of an incident, or of a person of whom passages are sealed, by its id or short id."""
        with self.views.connect() as connection:
            person = person_named(connection, self.position, name.upper())
        return UUID(person.subject) if person is not None else self.incident(name)

    def subject(self, name: str) -> str:
        """Return the id of what a change was about: an id, or the short id of an incident or claim."""
        with suppress(ValueError):
            return str(UUID(name))
        with self.views.connect() as connection:
            found = id_named(connection, self.position, name)
        if found is None:
            raise UsageProblem(f"{name} is neither an id nor the short id of an incident or claim")
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

    def names(self) -> dict[str, str]:
        """Return what accounts, sources, figures and claims are called, by id."""
        with self.views.connect() as connection:
            return names_at(connection, self.position)


def settings_of(data: Path | None, **others: object) -> Settings:
    """Return the settings, with what the command line gives in place of what is set."""
    given = {name: value for name, value in {"data": data, **others}.items() if value is not None}
    return Settings.read(**given)


def existing(data: Path | None) -> Settings:
    """Return the settings of a record that is there."""
    settings = settings_of(data)
    if not is_there(settings):
        raise UsageProblem(f"there is no record in {named(settings)}: {WHERE_ELSE[settings.database is None]}")
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)  # of the views, where the record is on a server
    return settings


@contextmanager
def reading(data: Path | None) -> Iterator[Record]:
    """Open the record for reading, beside a server or without one, with views that show all of it."""
    settings = existing(data)
    with Ledger.open(settings, read_only=True) as ledger, open_views(settings) as views:
        position = catch_up(ledger, views)
        for name, error in views.failures().items():
            say(
                f"the view {name} failed {error}; what it shows ends at position {views.position(name)}:"
                f" `onrecord views rebuild {name}` builds it anew"
            )
        yield Record(ledger, views, position, settings)


def catch_up(ledger: Ledger, views: Runner, *, quiet: bool = False) -> int:
    """Bring the views to the head, telling how far they are, and return the position that they show."""
    head = ledger.head()
    few = head - views.position() < NOTICEABLE
    quiet = quiet or few
    if not few:
        memory.settle()
    with Progress("building the views", head, quiet=quiet) as progress:

        def read(after: int, limit: int) -> list[tuple[int, str, bytes]]:
            progress.at(after)
            return ledger.read_raw(after, limit)

        return views.catch_up(read)


@contextmanager
def writing(data: Path | None) -> Iterator[Ledger]:
    """Open the record for writing. Raise `LedgerInUse` where a server has it."""
    with Ledger.open(settings_of(data)) as ledger:
        yield ledger
