"""What may happen to an account: who may write and read, since when, by whose grant.

Law: no event carries a secret, nor the hash of one.
"""

from typing import ClassVar

from domain import values as v
from domain.event import AccountEvent


class _Owed(AccountEvent):
    """An account event for which a reason is owed."""

    REASON_OWED: ClassVar[bool] = True


class AccountOpened(AccountEvent):
    """An account was opened, for a person or a machine."""

    NAME = "account.opened.v1"
    account: v.AccountId
    name: v.Line
    kind: v.AccountKind


class AccountClosed(_Owed):
    """An account was closed; it is never deleted, and its history stays."""

    NAME = "account.closed.v1"


class RoleGranted(AccountEvent):
    """A role was granted, for everything or for one incident."""

    NAME = "role.granted.v1"
    role: v.Role
    incident: v.IncidentId | None = None


class RoleRevoked(_Owed):
    """A role was taken back."""

    NAME = "role.revoked.v1"
    role: v.Role
    incident: v.IncidentId | None = None


class KeyIssued(AccountEvent):
    """An API key was issued; `scopes` narrow the roles of the account."""

    NAME = "key.issued.v1"
    key: v.KeyId
    scopes: tuple[v.Role, ...] = ()
    expires: v.Moment | None = None


class KeyRevoked(_Owed):
    """An API key was revoked."""

    NAME = "key.revoked.v1"
    key: v.KeyId


AccountEvents = AccountOpened | AccountClosed | RoleGranted | RoleRevoked | KeyIssued | KeyRevoked
