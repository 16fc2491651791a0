"""Accounts: who could do what, since when, by whose grant."""

from typing import Any, assert_never

from sqlalchemy import BigInteger, Column, MetaData

from domain import account_events as e
from domain.events import Recorded
from projections.lists import Listed
from projections.rows import Row, Rows
from projections.shapes import id_of, text_of
from projections.temporal import Json, Text, listed_by, temporal
from projections.view import View

metadata = MetaData()
accounts = temporal(
    "accounts",
    metadata,
    Column("account", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("grants", Json, nullable=False),
    Column("keys", Json, nullable=False),
    Column("position", BigInteger, nullable=False),
    key=("account",),
)
listed_by(accounts, "position")
LIST = Listed(
    "accounts",
    "account",
    accounts,
    order=("position",),
    filters=("kind", "state", "name"),
    text=("name",),
    scope="all",
    summary="accounts with their roles and keys, and who granted them when",
)


def project(rows: Rows, recorded: Recorded) -> None:
    """Keep the accounts up to one event."""
    event = recorded.event
    assert isinstance(event, e.AccountEvents)
    if isinstance(event, e.AccountOpened):
        new = {"account": str(event.account), "name": event.name, "kind": event.kind, "state": "open"}
        rows.add(accounts, **new, grants=[], keys=[], position=recorded.position)
        return
    row = rows.get(accounts, str(recorded.aggregate))
    assert row is not None
    rows.put(accounts, **{**row, **_changes(row, event, recorded)})


def _changes(row: Row, event: e.AccountEvents, recorded: Recorded) -> Row:
    match event:
        case e.AccountOpened():
            return {}
        case e.AccountClosed():
            return {"state": "closed"}
        case e.RoleGranted():
            return {"grants": [*row["grants"], {**_role(event), **_when(recorded)}]}
        case e.RoleRevoked():
            return {"grants": [held for held in row["grants"] if not _role(event).items() <= held.items()]}
        case e.KeyIssued():
            expires = text_of(event.expires) if event.expires else None
            key = {"key": event.key, "scopes": list(event.scopes), "expires": expires, "revoked": False}
            return {"keys": [*row["keys"], {**key, **_when(recorded)}]}
        case e.KeyRevoked():
            return {"keys": [{**k, "revoked": k["revoked"] or k["key"] == event.key} for k in row["keys"]]}
        case _:
            assert_never(event)


def _role(event: e.RoleGranted | e.RoleRevoked) -> dict[str, Any]:
    return {"role": event.role, "incident": id_of(event.incident)}


def _when(recorded: Recorded) -> dict[str, Any]:
    """Return since when, by whose act, and where in the log."""
    by = id_of(recorded.actor.account)
    return {"since": text_of(recorded.recorded_at), "by": by, "position": recorded.position}


VIEW = View("accounts", 2, (accounts,), frozenset(c.NAME for c in e.AccountEvents.__args__), project)
