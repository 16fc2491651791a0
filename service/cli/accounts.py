"""`onrecord accounts` and `onrecord keys`: who may use the service."""

from datetime import datetime
from typing import Annotated, cast
from uuid import UUID

import typer

from domain.account_commands import CloseAccount, GrantRole, IssueKey, OpenAccount, RevokeKey, RevokeRole
from domain.commands import Command
from domain.values import AccountKind, Role
from service.access import OPERATOR
from service.cli.serving import Data, settings_of
from service.keys import make_key
from service.ledger import Ledger, Receipt, Request

accounts = typer.Typer(help="Open and close accounts, grant and revoke roles.", no_args_is_help=True)
keys = typer.Typer(help="Issue and revoke API keys.", no_args_is_help=True)

Account = Annotated[UUID, typer.Argument(help="Id of the account")]
Reason = Annotated[str, typer.Option(help="Why")]


def _give(data: Data, command: Command, secret: bytes | None = None) -> Receipt:
    with Ledger.open(settings_of(data)) as ledger:
        return ledger.execute_now(Request(command, OPERATOR.actor, secret=secret))


@accounts.command("open")
def open_(name: str, kind: str = "person", data: Data = None) -> None:
    """Open an account and print its id."""
    print(_give(data, OpenAccount(name=name, kind=cast(AccountKind, kind))).ids["account"])


@accounts.command()
def close(account: Account, reason: Reason, data: Data = None) -> None:
    """Close an account; its keys stop working."""
    _give(data, CloseAccount(account=account, reason=reason))


@accounts.command()
def grant(account: Account, role: str, incident: UUID | None = None, data: Data = None) -> None:
    """Grant a role, for everything or for one incident."""
    _give(data, GrantRole(account=account, role=cast(Role, role), incident=incident))


@accounts.command()
def revoke(account: Account, role: str, reason: Reason, incident: UUID | None = None, data: Data = None) -> None:
    """Take a role back."""
    _give(data, RevokeRole(account=account, role=cast(Role, role), incident=incident, reason=reason))


@keys.command()
def issue(
    account: Account,
    scope: Annotated[list[str] | None, typer.Option(help="Narrow the key to this role; may be repeated")] = None,
    expires: Annotated[datetime | None, typer.Option(help="When it stops working, in UTC")] = None,
    data: Data = None,
) -> None:
    """Issue a key and print its secret, this once."""
    made = make_key()
    until = expires.astimezone() if expires else None
    command = IssueKey(account=account, key=made.id, scopes=tuple(cast(list[Role], scope or [])), expires=until)
    _give(data, command, made.hash)
    print(made.secret)


@keys.command("revoke")
def revoke_key(account: Account, key: str, reason: Reason, data: Data = None) -> None:
    """Revoke a key by its id."""
    _give(data, RevokeKey(account=account, key=key, reason=reason))
