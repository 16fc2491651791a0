"""What a runner keeps of each view: its rows at hand, how far it is, and how that is told.

Law: a view whose meaning changed is begun anew, and is not read until it is where it was before.
"""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, inspect

from projections import checkpoints
from projections.checkpoints import Checkpoint, OtherVersion
from projections.database import Database
from projections.rebuilding import Rebuild, drop_tables, make_tables
from projections.rows import Rows
from projections.view import View


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """How a view stands. `progress` is the share of the log that it shows, 0 to 1."""

    name: str
    version: int
    position: int
    state: Literal["live", "rebuilding", "failed"]
    error: str | None = None
    progress: float = 1.0


@dataclass(slots=True)
class Kept:
    """A view, its rows at hand, and how far it is."""

    view: View
    rows: Rows
    at: Checkpoint

    @property
    def filling(self) -> bool:
        """Tell whether it was begun anew, and is not to be read yet."""
        return self.at.position < self.at.target

    def status(self, head: int, rebuild: Rebuild | None) -> ViewStatus:
        """Tell how the view stands, in a log that ends at `head`, while it is built anew or not."""
        name, version, position = self.view.name, self.view.version, self.at.position
        if self.at.error is not None:
            return ViewStatus(name, version, position, "failed", self.at.error)
        if rebuild is not None:
            return ViewStatus(name, version, position, "rebuilding", progress=_share(rebuild.position, head))
        state: Literal["live", "rebuilding"] = "rebuilding" if self.filling else "live"
        return ViewStatus(name, version, position, state, progress=_share(position, head))


def _share(position: int, head: int) -> float:
    return min(1.0, position / head) if head else 1.0


def prepared(database: Database, views: tuple[View, ...]) -> list[Kept]:
    """Make what is missing, begin those views anew whose meaning changed, and return all of them.

    Raise `OtherVersion` where a newer version of the program keeps them.
    """
    with database.reading() as connection:
        known = _known(connection)
    if any(_is_missing(view, known) for view in views):
        with database.writing() as connection:
            database.make(connection)
            checkpoints.metadata.create_all(connection)
            known = _known(connection)
            known |= {view.name: _begun(connection, view, known) for view in views if _is_missing(view, known)}
    return [Kept(view, Rows(view.tables), known[view.name]) for view in views]


def _known(connection: Connection) -> dict[str, Checkpoint]:
    there = inspect(connection).has_table(checkpoints.checkpoints.name)
    return checkpoints.read(connection) if there else {}


def _is_missing(view: View, known: dict[str, Checkpoint]) -> bool:
    at = known.get(view.name)
    if at is not None and at.version > view.version:
        raise OtherVersion(f"view {view.name} was written by a newer version of On Record: use that one")
    return at is None or at.version < view.version


def _begun(connection: Connection, view: View, known: dict[str, Checkpoint]) -> Checkpoint:
    at = known.get(view.name)
    drop_tables(connection, view)
    make_tables(connection, view)
    return checkpoints.begin(connection, view.name, view.version, at.position if at else 0)
