"""Every event there is, and the envelope in which the record keeps one.

Law: the stored bytes of an event are its whole envelope as UTF-8 JSON with sorted keys; columns beside it are an
index of it. They are written once, here, and never again.
"""

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, get_args
from uuid import UUID

import orjson
from pydantic import ValidationError
from pydantic_core import SchemaValidator
from pydantic_core import core_schema as cs

from domain.account_events import AccountEvents
from domain.incident_events import IncidentEvents
from domain.source_events import SourceEvents
from domain.stored import reader_of, without_rules
from domain.subject_events import SubjectEvents
from domain.upcasts import upcast
from domain.values import Frozen, KeyId
from proofs.tree import leaf_hash

Event = IncidentEvents | SourceEvents | AccountEvents | SubjectEvents
REGISTRY: dict[str, type[Event]] = {cls.NAME: cls for cls in get_args(Event)}


class Actor(Frozen):
    """Who did it: the account, and the key used. No account: the operator, at the machine's own command line."""

    account: UUID | None = None
    key: KeyId | None = None


def mark_of(stored: bytes) -> str:
    """Return what tells an event from any other: the hash of its stored bytes as a leaf of the log's tree, in hex."""
    return leaf_hash(stored).hex()


class Recorded(NamedTuple):
    """The envelope: one event as the log holds it.

    `version` counts the events of the aggregate from 1, `position` those of the whole log from 1 without a gap.
    `recorded_at` is assigned by the ledger, strictly increasing along the log. `correlation` names the request,
    `causation` the position of the event that led to this one, where one did. `previous` is the mark of the aggregate's
    event before, none for its first: who holds the last one can tell whether any is missing, or was altered.
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
    previous: str | None = None

    def to_bytes(self) -> bytes:
        """Return the bytes that are stored and proven; the position is not among them, the order of the log is it."""
        return orjson.dumps(
            {
                "aggregate": self.aggregate,
                "version": self.version,
                "name": self.event.NAME,
                "recorded_at": self.recorded_at,
                "actor": self.actor.model_dump(mode="json", exclude_none=True),
                "reason": self.reason,
                "correlation": self.correlation,
                "causation": self.causation,
                "previous": self.previous,
                "payload": self.event.model_dump(mode="json", exclude_none=True),
            },
            option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z,
        )

    @classmethod
    def from_bytes(cls, data: bytes, position: int) -> "Recorded":
        """Read what `to_bytes` wrote, now or in an earlier version. Raise `UnknownEvent` for a name nobody knows."""
        try:
            found = _ENVELOPE.validate_json(data)
        except ValidationError:
            found = _ENVELOPE.validate_python(_upcast(data))
        return cls(
            aggregate=found["aggregate"],
            version=found["version"],
            position=position,
            recorded_at=datetime.fromisoformat(found["recorded_at"]),
            actor=found["actor"],
            reason=found["reason"],
            correlation=found["correlation"],
            causation=found["causation"],
            event=found["payload"],
            previous=found["previous"],
        )


class UnknownEvent(ValueError):
    """The log holds an event that this version does not know: it was written by a newer one."""


def parse(name: str, payload: dict[str, Any]) -> Event:
    """Return the event of a stored name and payload. Raise `UnknownEvent` for a name nobody knows."""
    name, payload = _as_of_today(name, payload)
    event: Event = _reader(REGISTRY[name]).validate_python(payload)
    return event


def _as_of_today(name: str, payload: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    name, payload = upcast(name, payload)
    if name not in REGISTRY:
        raise UnknownEvent(f"event {name} is not known to this version of On Record: use the version that wrote it")
    return name, payload


def _upcast(data: bytes) -> dict[str, Any]:
    """Return an envelope whose event bears today's name and shape."""
    envelope: dict[str, Any] = orjson.loads(data)
    name, payload = _as_of_today(envelope["name"], envelope["payload"])
    return {**envelope, "name": name, "payload": payload}


@cache
def _reader(kind: type[Event]) -> SchemaValidator:
    return reader_of(without_rules(kind.__pydantic_core_schema__))


def _envelope_of(kind: type[Event]) -> cs.CoreSchema:
    fields: dict[str, cs.CoreSchema] = {
        "aggregate": cs.uuid_schema(),
        "version": cs.int_schema(),
        "name": cs.str_schema(),
        "recorded_at": cs.str_schema(),
        "actor": without_rules(Actor.__pydantic_core_schema__),
        "reason": cs.str_schema(),
        "correlation": cs.nullable_schema(cs.str_schema()),
        "causation": cs.nullable_schema(cs.int_schema()),
        "previous": cs.nullable_schema(cs.str_schema()),
        "payload": without_rules(kind.__pydantic_core_schema__),
    }
    return cs.typed_dict_schema({name: cs.typed_dict_field(schema) for name, schema in fields.items()})


_ENVELOPE: SchemaValidator = reader_of(
    cs.tagged_union_schema({name: _envelope_of(kind) for name, kind in REGISTRY.items()}, discriminator="name")
)
"""Reads an envelope and the event in it in one go: the name says which event it is."""
