"""Who may write and read, since when, by whose grant."""

from datetime import timedelta

import pytest

from domain import account_commands as ac
from domain import account_events as ae
from domain import refusals as r
from domain.commands import Command
from domain.events import Event
from tests import examples as x
from tests.spec import START, Story, uid

OPENED = ae.AccountOpened(account=x.ACCOUNT, name="reporter-1", kind="person")
KEY = "abcdefghijkl"
NOW = START + timedelta(days=1)


def account(*events: Event) -> Story:
    return Story((OPENED, *events), x.ACCOUNT)


class TestAccounts:
    def test_an_account_is_opened_once(self) -> None:
        command = ac.OpenAccount(account=x.ACCOUNT, name="reporter-1")
        Story((), x.ACCOUNT).when(command).then(OPENED)
        account().when(command).then_refused(r.AlreadyExists)

    def test_an_account_that_is_not_there_takes_nothing(self) -> None:
        Story((), x.ACCOUNT).when(ac.CloseAccount(account=x.ACCOUNT, reason="r")).then_refused(r.UnknownAccount)

    def test_an_account_is_closed_once_for_a_reason(self) -> None:
        account().when(ac.CloseAccount(account=x.ACCOUNT, reason="left")).then(ae.AccountClosed())
        account().when(ac.CloseAccount(account=x.ACCOUNT)).then_refused(r.ReasonOwed)
        account(ae.AccountClosed()).when(ac.CloseAccount(account=x.ACCOUNT, reason="r")).then_refused(r.AccountClosed)

    @pytest.mark.parametrize(
        "command", [ac.GrantRole(account=x.ACCOUNT, role="editor"), ac.IssueKey(account=x.ACCOUNT, key=KEY)]
    )
    def test_a_closed_account_gets_nothing(self, command: Command) -> None:
        account(ae.AccountClosed()).when(command).then_refused(r.AccountClosed)

    def test_what_it_had_can_still_be_taken(self) -> None:
        story = account(ae.RoleGranted(role="editor"), ae.KeyIssued(key=KEY), ae.AccountClosed())
        story.when(ac.RevokeRole(account=x.ACCOUNT, role="editor", reason="r")).then_one(ae.RoleRevoked)
        story.when(ac.RevokeKey(account=x.ACCOUNT, key=KEY, reason="r")).then_one(ae.KeyRevoked)


class TestRoles:
    def test_a_role_is_granted_once_and_revoked_once(self) -> None:
        grant, granted = ac.GrantRole(account=x.ACCOUNT, role="editor"), ae.RoleGranted(role="editor")
        revoke, revoked = ac.RevokeRole(account=x.ACCOUNT, role="editor", reason="r"), ae.RoleRevoked(role="editor")
        account().when(grant).then(granted)
        account(granted).when(grant).then_refused(r.AlreadyGranted)
        account().when(revoke).then_refused(r.NotGranted)
        account(granted).when(revoke).then(revoked)
        account(granted, revoked).when(revoke).then_refused(r.NotGranted)

    def test_a_role_for_one_incident_is_another_grant(self) -> None:
        grant = ac.GrantRole(account=x.ACCOUNT, role="editor", incident=x.INCIDENT)
        account(ae.RoleGranted(role="editor")).when(grant).then(ae.RoleGranted(role="editor", incident=x.INCIDENT))
        unknown = ac.GrantRole(account=x.ACCOUNT, role="editor", incident=uid(999))
        account().when(unknown).then_refused(r.UnknownIncident)


class TestKeys:
    @pytest.mark.parametrize("expires", [NOW, NOW - timedelta(microseconds=1)])
    def test_a_key_does_not_begin_expired(self, expires: object) -> None:
        issue = ac.IssueKey.model_validate({"account": x.ACCOUNT, "key": KEY, "expires": expires})
        account().when(issue).then_refused(r.ExpiryPassed)

    def test_a_key_is_issued_once(self) -> None:
        later = NOW + timedelta(microseconds=1)
        issue = ac.IssueKey(account=x.ACCOUNT, key=KEY, scopes=("auditor",), expires=later)
        issued = ae.KeyIssued(key=KEY, scopes=("auditor",), expires=later)
        account().when(issue).then(issued)
        account(issued).when(issue).then_refused(r.AlreadyExists)

    def test_a_key_is_revoked_once(self) -> None:
        issued, revoked = ae.KeyIssued(key=KEY), ae.KeyRevoked(key=KEY)
        revoke = ac.RevokeKey(account=x.ACCOUNT, key=KEY, reason="lost")
        account(issued).when(revoke).then(revoked)
        account(issued, revoked).when(revoke).then_refused(r.AlreadyWithdrawn)
        account().when(revoke).then_refused(r.UnknownKey)
