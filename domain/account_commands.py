"""What may be asked of an account. Secrets are made and kept beside the record, never in it."""

from domain import values as v
from domain.command import Command


class AccountCommand(Command):
    """A command to one account."""

    AGGREGATE = "account"
    account: v.AccountId


class OpenAccount(Command):
    """Open an account for a person or a machine."""

    NAME = "account.open"
    AGGREGATE = "account"
    account: v.AccountId | None = None
    name: v.Line
    kind: v.AccountKind = "person"


class CloseAccount(AccountCommand):
    """Close an account; its keys stop working."""

    NAME = "account.close"


class GrantRole(AccountCommand):
    """Grant a role, for everything or for one incident."""

    NAME = "role.grant"
    role: v.Role
    incident: v.IncidentId | None = None


class RevokeRole(AccountCommand):
    """Take a role back."""

    NAME = "role.revoke"
    role: v.Role
    incident: v.IncidentId | None = None


class IssueKey(AccountCommand):
    """Issue an API key; scopes narrow what the account may do."""

    NAME = "key.issue"
    key: v.KeyId
    scopes: tuple[v.Role, ...] = ()
    expires: v.Moment | None = None


class RevokeKey(AccountCommand):
    """Revoke an API key."""

    NAME = "key.revoke"
    key: v.KeyId


AccountCommands = OpenAccount | CloseAccount | GrantRole | RevokeRole | IssueKey | RevokeKey
