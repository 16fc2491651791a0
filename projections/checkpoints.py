"""How far each view is, kept in the same database and the same transaction as its rows.

Law: a view's rows and its checkpoint are committed together, so that every event is projected once, after any crash
and whoever else keeps the same views: a runner that finds another position than its own starts from there.
"""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    update,
)

metadata = MetaData()
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("view", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("target", BigInteger, nullable=False),
    Column("mark", String),
    Column("error", String),
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a view stands.

    `generation` counts how often it was built anew. Until it has reached `target`, where it stood before its meaning
    changed, it is not read. `mark` is the SHA-256 of the stored bytes of the event at `position`: it tells the log that
    the view was read from. `error` says why it stopped there, where it did.
    """

    view: str
    version: int
    generation: int = 1
    position: int = 0
    target: int = 0
    mark: str | None = None
    error: str | None = None


class OtherVersion(Exception):
    """The views are kept by another version of the program."""


def read(connection: Connection) -> dict[str, Checkpoint]:
    """Return the checkpoint of each view."""
    return {row.view: Checkpoint(**row._mapping) for row in connection.execute(select(checkpoints))}


def begin(connection: Connection, view: str, version: int, target: int) -> Checkpoint:
    """Let a view stand at the beginning, whatever was kept of it."""
    connection.execute(delete(checkpoints).where(checkpoints.c.view == view))
    connection.execute(insert(checkpoints).values(view=view, version=version, generation=1, position=0, target=target))
    return Checkpoint(view, version, target=target)


_MOVED = ("generation", "position", "target", "mark", "error")
_move = (
    update(checkpoints)
    .where(checkpoints.c.view == bindparam("of"))
    .values({name: bindparam(f"new_{name}") for name in _MOVED})
)


def move(connection: Connection, *to: Checkpoint) -> None:
    """Let views stand at their new checkpoints."""
    moved = [{"of": one.view} | {f"new_{name}": getattr(one, name) for name in _MOVED} for one in to]
    connection.execute(_move, moved)
