"""How far each view is, kept in the same database and the same transaction as its rows.

Law: a view's rows and its checkpoint are committed together, so that every event is projected once, after any crash
and whoever else keeps the same views: a runner that finds another position than its own starts from there.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, String, Table, delete, insert, select, update

Stored = tuple[int, str, bytes]
"""An event as the log holds it: position, name and stored bytes."""
Read = Callable[[int, int], Sequence[Stored]]
"""Reads the events after a position, at most so many."""

metadata = MetaData()
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("view", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("mark", String),
    Column("error", String),
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a view stands.

    `generation` counts how often it was built anew. `mark` is the SHA-256 of the stored bytes of the event at
    `position`: it tells the log that the view was read from. `error` says why it stopped there, where it did.
    """

    view: str
    version: int
    generation: int = 1
    position: int = 0
    mark: str | None = None
    error: str | None = None


class NotOfThisLog(Exception):
    """The views show what the log does not hold: an older or another record was put beside them."""


def mark_of(stored: Stored) -> str:
    """Return what tells an event from any other: the SHA-256 of its stored bytes."""
    return hashlib.sha256(stored[2]).hexdigest()


def check_of_log(kept: Iterable[Checkpoint], read_log: Read) -> None:
    """Raise `NotOfThisLog` unless the log holds, at each checkpoint, the event that the view took there."""
    for one in kept:
        stored = read_log(one.position - 1, 1) if one.mark is not None else ()
        if one.mark is not None and (not stored or stored[0][0] != one.position or mark_of(stored[0]) != one.mark):
            raise NotOfThisLog(
                f"the view {one.view} shows position {one.position} of a log that is not this one: an older or another"
                " record was put beside the views. If that is meant, delete views.sqlite and what begins with its"
                " name, while nothing serves the record: the views are built again from the log"
            )


def read(connection: Connection) -> dict[str, Checkpoint]:
    """Return the checkpoint of each view."""
    return {row.view: Checkpoint(**row._mapping) for row in connection.execute(select(checkpoints))}


def begin(connection: Connection, view: str, version: int) -> Checkpoint:
    """Let a view stand at the beginning, whatever was kept of it."""
    connection.execute(delete(checkpoints).where(checkpoints.c.view == view))
    connection.execute(insert(checkpoints).values(view=view, version=version, generation=1, position=0))
    return Checkpoint(view, version)


def move(connection: Connection, to: Checkpoint) -> None:
    """Let a view stand at its new checkpoint."""
    values = {"generation": to.generation, "position": to.position, "mark": to.mark, "error": to.error}
    connection.execute(update(checkpoints).where(checkpoints.c.view == to.view).values(**values))
