"""What an account has become: what it may do, and with which keys."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never
from uuid import UUID

from domain import account_events as e
from domain import values as v
from domain.events import Recorded

Grant = tuple[v.Role, UUID | None]
"""A role, and the incident it is limited to (None: everything)."""


@dataclass(slots=True)
class Key:
    """An API key, without its secret."""

    id: str
    scopes: frozenset[v.Role]
    expires: datetime | None
    revoked: bool = False


@dataclass(slots=True)
class Account:
    """Who uses the service."""

    id: UUID
    name: str
    kind: v.AccountKind
    version: int = 0
    closed: bool = False
    grants: set[Grant] = field(default_factory=set)
    keys: dict[str, Key] = field(default_factory=dict)


def replay(history: Iterable[Recorded], state: Account | None = None) -> Account | None:
    """Fold recorded events into a state, from the beginning or from a given state (which it takes over)."""
    for recorded in history:
        state = evolve(state, recorded)
    return state


def evolve(state: Account | None, recorded: Recorded) -> Account:
    """Return the state after the event; the given state is used up."""
    event = recorded.event
    if isinstance(event, e.AccountOpened):
        return Account(id=event.account, name=event.name, kind=event.kind, version=recorded.version)
    assert state is not None, "the first event of an account opens it"
    assert isinstance(event, e.AccountEvents), event.NAME
    state.version = recorded.version
    match event:
        case e.AccountClosed():
            state.closed = True
        case e.RoleGranted():
            state.grants.add((event.role, event.incident))
        case e.RoleRevoked():
            state.grants.discard((event.role, event.incident))
        case e.KeyIssued():
            state.keys[event.key] = Key(event.key, frozenset(event.scopes), event.expires)
        case e.KeyRevoked():
            state.keys[event.key].revoked = True
        case _:
            assert_never(event)
    return state
