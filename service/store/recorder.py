"""What the ledger asks of its store, whichever database keeps the log.

Law: positions are contiguous, and what an append brings along is of one transaction with its events. Where several
processes write, who has the turn decides on all that is in the log, and nobody else writes meanwhile.
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from pydantic import SecretStr

OF_ACCOUNTS = (
    "(topic >= 'account.' AND topic < 'account/' OR topic >= 'key.' AND topic < 'key/'"
    " OR topic >= 'role.' AND topic < 'role/')"
)
"""The names of what changes an account, as both databases are asked for them."""
OF_SOURCES = "topic >= 'source.' AND topic < 'source/'"


class NewerSchema(Exception):
    """The record was written by a newer version."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The answer to a request, kept so that a retry gets the same one."""

    caller: str
    key: str
    fingerprint: str
    receipt: bytes
    recorded_at: str


@dataclass(frozen=True, slots=True)
class KeySecret:
    """The hash of a new key's secret, and whose key it is."""

    key_id: str
    account: UUID
    hash: bytes


@dataclass(frozen=True, slots=True)
class End:
    """The last event of the log, or the last of its kind: its position, when it was recorded, and what marks it.

    The mark (`domain.events.mark_of`) tells it from any other that might stand at its position, in this log or in what
    was put in its place.
    """

    position: int = 0
    recorded_at: str | None = None
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What is told with the turn to write: where the log ends, and the answers that were asked for.

    There is no end where nobody else can write: who has the turn knows it.
    """

    end: End | None = None
    answers: Sequence[KeptAnswer] = ()


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL database, and how a process deals with it. Times are in seconds."""

    address: SecretStr
    connections: int = 10
    """For reading; one more is kept for writing."""
    pre_ping: bool = True
    """Look at a connection before it is used: one that a restart has cut is then replaced, and nobody sees it."""
    wait: float = 5.0
    """For a connection."""
    statement_timeout: float = 30.0
    lock_timeout: float = 10.0
    commit_timeout: float = 5.0
    """For a commit: the server lets it wait for a standby without an end."""
    idle_timeout: float = 5.0
    """For a process that has the turn and does nothing with it: it may have been stopped in its middle."""


class Recorder(Protocol):
    """A log, and what is kept beside it."""

    @property
    def is_shared(self) -> bool:
        """Tell whether other processes may write to the same log."""

    def turn(self, asked: Sequence[tuple[str, str]] = (), since: str = "") -> AbstractContextManager[Turn]:
        """Let this thread decide and insert while nobody else does; tell where the log ends, and answers kept before.

        They are asked for as in `answers`. An insert ends the turn.
        """

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Insert events, with what `kwargs` brings of the same transaction; return their positions."""

    def confirm(self) -> None:
        """Return once all that this turn has seen in the log is as safe as what is inserted. It ends the turn."""

    def answers(self, asked: Sequence[tuple[str, str]], since: str) -> list[KeptAnswer]:
        """Return the answers that were kept, since a time, for these callers and their keys."""

    def secret(self, key_id: str) -> KeySecret | None:
        """Return what is kept of a key."""

    def has(self, aggregate: UUID, version: int) -> bool:
        """Tell whether the log holds this event."""

    def things_among(self, names: Collection[str]) -> set[str]:
        """Return those of these ids, and names for people, that are in use."""

    def bytes_at(self, position: int) -> bytes | None:
        """Return the stored bytes of a position, None where the log does not hold it."""

    def last_position(self) -> int:
        """Return the last position, 0 for an empty log."""

    def last(self) -> tuple[int, str | None, int]:
        """Return the last position, its recorded time, and the number of events."""

    def end(self) -> End:
        """Return the last event."""

    def last_of_accounts(self) -> End:
        """Return the last event that changed an account."""

    def position_at(self, moment: str) -> int:
        """Return the last position that was recorded at or before this time, 0 where none was."""

    def recorded_at(self, position: int) -> str:
        """Return when a position was recorded. Raise KeyError for a position that the log does not hold."""

    def rows(self, after: int, limit: int) -> list[tuple[int, str, bytes]]:
        """Return position, name and stored bytes of the events after a position."""

    def whole_rows(self, after: int, limit: int) -> list[tuple[int, str, int, str, bytes, str | None]]:
        """Return position, aggregate, version, name, stored bytes and recorded time of what is after a position."""

    def aggregate_rows(self, aggregate: UUID, after_version: int, limit: int) -> list[tuple[int, bytes]]:
        """Return position and stored bytes of an aggregate's events after a version."""

    def rows_of_sources(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Return position and stored bytes of the events of sources after a position, in log order."""

    def recent(self, limit: int) -> list[UUID]:
        """Return the aggregates of the last so many events, the longest unused first."""

    def tile(self, level: int, index: int) -> bytes | None:
        """Return the hashes of a full tile of the tree, None where it is not kept."""

    def tile_roots(self, level: int, start: int, end: int) -> list[bytes]:
        """Return the hashes above full tiles that are kept, from one index to before another."""

    def tiles_kept(self) -> int:
        """Return how many full tiles of leaves are kept: all up to the last one."""

    def leaf_hashes(self, after: int, until: int) -> list[bytes]:
        """Return the hashes of the events behind a position, up to another."""

    def last_checkpoint(self) -> str | None:
        """Return the note of the largest checkpoint that is kept, None where there is none."""

    def checkpoint(self, size: int) -> str | None:
        """Return the note of the checkpoint of a size, None where none was signed."""

    def keep_checkpoint(self, size: int, note: str, signed_at: str, tail: bytes) -> None:
        """Keep a checkpoint, and of the newest the hashes behind its last full tile.

        Of two of one size the longer one is kept, which has more signatures.
        """

    def forget_checkpoints(self) -> None:
        """Forget what was signed: the log is to be another one from here on."""

    def tail(self) -> tuple[int, bytes] | None:
        """Return the newest checkpoint's size, and the hashes behind its last full tile; None where none was signed."""

    def integrity(self) -> list[str]:
        """Return what the database itself finds wrong with its files."""

    def meta(self, name: str) -> str | None:
        """Return a fact about the record itself."""
