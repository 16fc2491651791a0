"""What may be done to an account: every rule about it. `decide` is pure and raises nothing but `Refused`."""

from typing import assert_never

from domain import account_commands as c
from domain import account_events as e
from domain import refusals as r
from domain.account_state import Account
from domain.given import Given
from domain.lookup import new_id
from domain.reasons import check_reason


def decide(state: Account | None, command: c.AccountCommands, given: Given) -> tuple[e.AccountEvents, ...]:
    """Return the events that the command leads to, or raise the `Refused` that names the rule against it."""
    if isinstance(command, c.OpenAccount):
        return check_reason(command, (_open(state, command, given),))
    if state is None:
        raise r.UnknownAccount(f"no account {command.account}: open it first")
    if state.closed and not isinstance(command, c.RevokeRole | c.RevokeKey):
        raise r.AccountClosed(f"account {state.name} is closed: open another")
    return check_reason(command, (_decide(state, command, given),))


def _open(state: Account | None, command: c.OpenAccount, given: Given) -> e.AccountOpened:
    if state is not None:
        raise r.AlreadyExists(f"account {state.id} is there already: {state.name}")
    return e.AccountOpened(account=new_id(command.account, (), given), name=command.name, kind=command.kind)


def _decide(state: Account, command: c.AccountCommands, given: Given) -> e.AccountEvents:
    match command:
        case c.OpenAccount():
            return _open(state, command, given)
        case c.CloseAccount():
            return e.AccountClosed()
        case c.GrantRole() | c.RevokeRole():
            return _grant(state, command, given)
        case c.IssueKey():
            if command.key in state.keys:
                raise r.AlreadyExists(f"the account has a key {command.key} already")
            if command.expires is not None and command.expires <= given.at:
                raise r.ExpiryPassed(f"the key would expire at {command.expires}, which is past: give a later time")
            return e.KeyIssued(key=command.key, scopes=command.scopes, expires=command.expires)
        case c.RevokeKey():
            key = state.keys.get(command.key)
            if key is None:
                raise r.UnknownKey(f"account {state.name} has no key {command.key}")
            if key.revoked:
                raise r.AlreadyWithdrawn(f"key {command.key} was revoked already")
            return e.KeyRevoked(key=command.key)
        case _:
            assert_never(command)


def _grant(state: Account, command: c.GrantRole | c.RevokeRole, given: Given) -> e.AccountEvents:
    grant = (command.role, command.incident)
    if isinstance(command, c.RevokeRole):
        if grant not in state.grants:
            raise r.NotGranted(f"account {state.name} does not have the role {command.role} in that scope")
        return e.RoleRevoked(role=command.role, incident=command.incident)
    if command.incident is not None and command.incident not in given.incidents:
        raise r.UnknownIncident(f"no incident {command.incident} to limit the role to")
    if grant in state.grants:
        raise r.AlreadyGranted(f"account {state.name} has the role {command.role} in that scope already")
    return e.RoleGranted(role=command.role, incident=command.incident)
