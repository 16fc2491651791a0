"""`onrecord accounts` and `onrecord keys`: who may use the service."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, cast, get_args
from uuid import UUID

import typer
from sqlalchemy import select

from domain.account_commands import CloseAccount, GrantRole, IssueKey, OpenAccount, RevokeKey, RevokeRole
from domain.commands import Command
from domain.values import AccountKind, Role
from projections.shapes import text_of
from projections.temporal import holds_at
from projections.views import accounts as view
from service.access import OPERATOR
from service.cli.exits import UsageProblem
from service.cli.opening import Record, reading, settings_of, writing
from service.cli.options import Data, Json
from service.cli.terminal import put, put_table, say
from service.keys import make_key
from service.ledger import Receipt, Request
from service.moments import time_of
from service.notary import new_log, notary_of

ROTATED = (
    "hand this key to your auditors by other means than the record itself; the last checkpoint is signed by both, and"
    " kept in checkpoint.handover"
)
BEGUN = (
    "set ONRECORD_ORIGIN to this name where it is set, and tell your auditors why there is another log, with this key;"
    " erasures that the lost part recorded have to be repeated: `onrecord vault check`"
)
accounts = typer.Typer(help="List, open and close accounts; grant and revoke roles.", no_args_is_help=True)
keys = typer.Typer(help="List, issue and revoke API keys.", no_args_is_help=True)

Account = Annotated[str, typer.Argument(help="Id or name of the account")]
Reason = Annotated[str, typer.Option("--reason", help="Why")]
_ROLES = ", ".join(get_args(Role))
Scope = Annotated[str | None, typer.Option("--incident", help="Only for this incident: its id or short id")]


def _give(data: Path | None, command: Command, secret: bytes | None = None) -> Receipt:
    with writing(data) as ledger:
        return ledger.execute_now(Request(command, OPERATOR.actor, secret=secret))


def _account(data: Path | None, name: str) -> UUID:
    with reading(data) as record:
        return record.account(name)


def _scoped(data: Path | None, account: str, incident: str | None) -> tuple[UUID, UUID | None]:
    with reading(data) as record:
        return record.account(account), record.incident(incident) if incident else None


def _rows(record: Record) -> list[Mapping[str, Any]]:
    table = view.accounts
    with record.views.connect() as connection:
        query = select(table).where(holds_at(table, record.position)).order_by(table.c.position)
        return [dict(row) for row in connection.execute(query).mappings()]


@accounts.command("list")
def list_(data: Data = None, json: Json = False) -> None:
    """List the accounts with their roles."""
    with reading(data) as record:
        found = [
            (row["account"], row["name"], row["kind"], row["state"], [_granted(held) for held in row["grants"]])
            for row in _rows(record)
        ]
    put_table(("account", "name", "kind", "state", "roles"), found, json=json)


def _granted(held: Mapping[str, Any]) -> str:
    return f"{held['role']} for {held['incident']}" if held["incident"] else str(held["role"])


@accounts.command("open")
def open_(
    name: Annotated[str, typer.Argument(help="Name of the person or machine")],
    kind: Annotated[AccountKind, typer.Option("--kind", help="Whose account it is")] = "person",
    data: Data = None,
) -> None:
    """Open an account and print its id."""
    put(_give(data, OpenAccount(name=name, kind=kind)).ids["account"])


@accounts.command()
def close(account: Account, reason: Reason, data: Data = None) -> None:
    """Close an account; its keys stop working, what it did stays."""
    _give(data, CloseAccount(account=_account(data, account), reason=reason))


@accounts.command()
def grant(
    account: Account,
    role: Annotated[Role, typer.Argument(help="What the account may be")],
    incident: Scope = None,
    data: Data = None,
) -> None:
    """Grant a role, for everything or for one incident."""
    holder, only = _scoped(data, account, incident)
    _give(data, GrantRole(account=holder, role=role, incident=only))


@accounts.command()
def revoke(
    account: Account,
    role: Annotated[Role, typer.Argument(help="What the account may no longer be")],
    reason: Reason,
    incident: Scope = None,
    data: Data = None,
) -> None:
    """Take a role back."""
    holder, only = _scoped(data, account, incident)
    _give(data, RevokeRole(account=holder, role=role, incident=only, reason=reason))


@keys.command("list")
def list_keys(
    account: Annotated[str | None, typer.Argument(help="Id or name of the account; all accounts without")] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """List the keys; their secrets are kept nowhere."""
    with reading(data) as record:
        wanted = str(record.account(account)) if account else None
        found = [
            (key["key"], row["name"], key["scopes"], key["since"], key["expires"], _standing(row, key))
            for row in _rows(record)
            if wanted in (None, row["account"])
            for key in row["keys"]
        ]
    put_table(("key", "account", "scopes", "since", "expires", "state"), found, json=json)


def _standing(row: Mapping[str, Any], key: Mapping[str, Any]) -> str:
    if row["state"] == "closed":
        return "account closed"
    if key["expires"] is not None and key["expires"] <= text_of(datetime.now(UTC)):
        return "expired"
    return "revoked" if key["revoked"] else "issued"


@keys.command()
def issue(
    account: Account,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help=f"Narrow the key to this role, of {_ROLES}; repeatable")
    ] = None,
    expires: Annotated[str | None, typer.Option("--expires", help="When it stops working, as in 2027-01-31")] = None,
    data: Data = None,
) -> None:
    """Issue a key and print its secret, this once."""
    made, until, scopes = make_key(), time_of(expires) if expires else None, _scopes(scope or [])
    holder = _account(data, account)
    _give(data, IssueKey(account=holder, key=made.id, scopes=scopes, expires=until), made.hash)
    put(made.secret)


def _scopes(named: list[str]) -> tuple[Role, ...]:
    for name in named:
        if name not in get_args(Role):
            raise UsageProblem(f"--scope: {name!r} is none of {_ROLES}")
    return cast(tuple[Role, ...], tuple(named))


@keys.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(help="Id of the key: what stands between the first two _ of its secret")],
    reason: Reason,
    data: Data = None,
) -> None:
    """Revoke a key; it stops working at once."""
    with reading(data) as record:
        holders = [row["account"] for row in _rows(record) for one in row["keys"] if one["key"] == key]
    if not holders:
        raise UsageProblem(f"there is no key {key}: see `onrecord keys list`")
    _give(data, RevokeKey(account=UUID(holders[0]), key=key, reason=reason))


@keys.command("rotate-log")
def rotate_log(data: Data = None) -> None:
    """Make a new key that signs the log from now on, and print its public half; a running `serve` takes it up."""
    with reading(data) as record:
        put(str(notary_of(record.settings, record.ledger).rotate().signer.key))
    say(ROTATED)


@keys.command("new-log")
def begin_log(
    origin: Annotated[str, typer.Argument(help="Its name on checkpoints: another one than before")], data: Data = None
) -> None:
    """Begin another log of the record as it is now, after a loss that is meant: an older backup that was put back.

    Nothing that was signed before holds for it. Key and checkpoint of the old one are set aside, and stay.
    """
    with writing(data) as ledger:
        put(str(new_log(settings_of(data), ledger, origin).signer.key))
    say(BEGUN)


@keys.command("show-log")
def show_log(data: Data = None) -> None:
    """Print the public keys of the log, the newest first."""
    with reading(data) as record:
        for key in notary_of(record.settings, record.ledger).keys.all:
            put(str(key))
