"""What the ledger is asked, and what it answers: a receipt, or one of these refusals.

The rules' own refusals (`domain.refusals.Refused`) pass through as they are.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson

from domain.commands import Command
from domain.events import Actor


class StaleVersion(Exception):
    """The aggregate is at another version than the request expected."""

    def __init__(self, current: int) -> None:
        super().__init__(f"the version is {current}")
        self.current = current


class QueueFull(Exception):
    """As many writes wait as may."""


class IdempotencyMismatch(Exception):
    """The key was used for another request."""


class Unavailable(Exception):
    """The store is away. Ask again with the same idempotency key: what was recorded is then not recorded twice."""


class NoLedger(Exception):
    """There is no record here to read."""


class LedgerDamaged(Exception):
    """The log is not what this ledger wrote: restore a backup, and keep this file for the enquiry."""


class LedgerInUse(Exception):
    """Another process writes to this ledger."""


class NotADemonstration(Exception):
    """Recorded times are the ledger's own: only a ledger made as a demonstration takes them from outside."""


class FutureTime(Exception):
    """A scripted time lies ahead of now: every later event would have to follow it."""


class TooLong(Exception):
    """The event would take more bytes than an event may have."""


class KeyNoLongerValid(Exception):
    """The key was revoked or expired, or its account was closed, before the request had its turn."""


class NotAllowed(Exception):
    """The account lacks the role that the command takes, or lacked it by the time that the request had its turn."""


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The key of a request, whose it is, and a fingerprint of what it asks."""

    key: str
    caller: str
    fingerprint: str
    lasting: bool = False
    """Kept as long as the record itself: an import may be repeated after any time."""


@dataclass(frozen=True, slots=True)
class Request:
    """A command with all that the ledger needs to know of who gives it."""

    command: Command
    actor: Actor
    may_override: bool = False
    expected_version: int | None = None
    idempotency: Idempotency | None = None
    correlation: str | None = None
    causation: int | None = None
    at: datetime | None = None
    secret: bytes | None = None
    """The hash of a new key's secret, kept beside the log in the same transaction."""
    mark: tuple[str, str] | None = None
    """A name and what is noted under it in the same transaction: how far an import is."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a command: its events, and where the last of them stands."""

    aggregate: UUID
    version: int
    position: int
    events: tuple[str, ...]
    recorded_at: datetime
    ids: dict[str, str] = field(default_factory=dict)
    replayed: bool = False

    def to_bytes(self) -> bytes:
        """Return the receipt as it is kept for retries."""
        return orjson.dumps(
            {
                "aggregate": self.aggregate,
                "version": self.version,
                "position": self.position,
                "events": self.events,
                "recorded_at": self.recorded_at,
                "ids": self.ids,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Receipt":
        """Read what `to_bytes` wrote."""
        kept = orjson.loads(data)
        return cls(
            aggregate=UUID(kept["aggregate"]),
            version=kept["version"],
            position=kept["position"],
            events=tuple(kept["events"]),
            recorded_at=datetime.fromisoformat(kept["recorded_at"]),
            ids=kept["ids"],
        )


Outcome = Receipt | Exception
