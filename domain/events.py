"""Every event there is, and the envelope in which the record keeps one.

Law: the stored bytes of an event are its whole envelope as UTF-8 JSON with sorted keys; columns beside it are an
index of it. They are written once, here, and never again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

import orjson

from domain.account_events import AccountEvents
from domain.incident_events import IncidentEvents
from domain.source_events import SourceEvents
from domain.trusted import read
from domain.upcasts import upcast
from domain.values import Frozen, KeyId

Event = IncidentEvents | SourceEvents | AccountEvents
REGISTRY: dict[str, type[Event]] = {cls.NAME: cls for cls in get_args(Event)}


class Actor(Frozen):
    """Who did it: the account, and the key used. No account: the operator, at the machine's own command line."""

    account: UUID | None = None
    key: KeyId | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """The envelope: one event as the log holds it.

    `version` counts the events of the aggregate from 1, `position` those of the whole log from 1 without a gap.
    `recorded_at` is assigned by the ledger, strictly increasing along the log. `correlation` names the request,
    `causation` the position of the event that led to this one, where one did.
    """

    aggregate: UUID
    version: int
    position: int
    recorded_at: datetime
    actor: Actor
    reason: str
    correlation: str | None
    causation: int | None
    event: Event

    def to_bytes(self) -> bytes:
        """Return the bytes that are stored and proven; the position is not among them, the order of the log is it."""
        return orjson.dumps(
            {
                "aggregate": str(self.aggregate),
                "version": self.version,
                "name": self.event.NAME,
                "recorded_at": self.recorded_at,
                "actor": self.actor.model_dump(mode="json", exclude_none=True),
                "reason": self.reason,
                "correlation": self.correlation,
                "causation": self.causation,
                "payload": self.event.model_dump(mode="json", exclude_none=True),
            },
            option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z,
        )

    @classmethod
    def from_bytes(cls, data: bytes, position: int) -> "Recorded":
        """Read what `to_bytes` wrote, now or in an earlier version. Raise `UnknownEvent` for a name nobody knows."""
        envelope: dict[str, Any] = orjson.loads(data)
        return cls(
            aggregate=UUID(envelope["aggregate"]),
            version=envelope["version"],
            position=position,
            recorded_at=datetime.fromisoformat(envelope["recorded_at"]),
            actor=read(Actor, envelope["actor"]),
            reason=envelope["reason"],
            correlation=envelope["correlation"],
            causation=envelope["causation"],
            event=parse(envelope["name"], envelope["payload"]),
        )


class UnknownEvent(ValueError):
    """The log holds an event that this version does not know: it was written by a newer one."""


def parse(name: str, payload: dict[str, Any]) -> Event:
    """Return the event of this name and payload, upcast where the name is an old one."""
    name, payload = upcast(name, payload)
    if name not in REGISTRY:
        raise UnknownEvent(f"event {name} is not known to this version of On Record: use the version that wrote it")
    return read(REGISTRY[name], payload)
