"""Who may do what: one table.

Law: nobody writes without being somebody. A role is granted for everything or for one incident; the scopes of a key
narrow the roles of its account and never widen them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from domain import account_commands as a
from domain import incident_commands as i
from domain import source_commands as s
from domain import subject_commands as p
from domain.account_state import Account
from domain.commands import Command
from domain.events import Actor
from domain.values import Role

_EVERYDAY: frozenset[Role] = frozenset({"reporter", "verifier", "editor"})
_CHECKING: frozenset[Role] = frozenset({"verifier", "editor"})
_EDITING: frozenset[Role] = frozenset({"editor"})
_RUNNING: frozenset[Role] = frozenset({"admin"})
_KEEPING: frozenset[Role] = frozenset({"custodian"})

MAY: dict[type[Command], frozenset[Role]] = {
    i.OpenIncident: _EVERYDAY,
    i.DescribeIncident: _CHECKING,
    i.CloseIncident: _EDITING,
    i.ReopenIncident: _EDITING,
    i.LinkIncident: _CHECKING,
    i.UnlinkIncident: _CHECKING,
    i.DefineFigure: _CHECKING,
    i.DescribeFigure: _EDITING,
    i.AdoptFigure: _EDITING,
    i.ReceiveReport: _EVERYDAY,
    i.CorrectReport: _EVERYDAY,
    i.WithdrawReport: _EVERYDAY,
    i.MakeClaim: _EVERYDAY,
    i.CorrectClaim: _EVERYDAY,
    i.RetractClaim: _EVERYDAY,
    i.ReinstateClaim: _CHECKING,
    i.LinkClaims: _CHECKING,
    i.UnlinkClaims: _CHECKING,
    i.TakeStance: _EVERYDAY,
    i.AssessClaim: _CHECKING,
    i.AttachEvidence: _EVERYDAY,
    i.ExamineEvidence: _CHECKING,
    i.TransferEvidence: _CHECKING,
    i.WithdrawEvidence: _CHECKING,
    i.AddNote: _EVERYDAY,
    i.AssignTask: _EVERYDAY,
    i.FinishTask: _EVERYDAY,
    i.PublishBulletin: _EDITING,
    i.CorrectBulletin: _EDITING,
    i.WithdrawBulletin: _EDITING,
    s.RegisterSource: _EVERYDAY,
    s.DescribeSource: _CHECKING,
    s.GradeSource: _EDITING,
    s.RelateSource: _CHECKING,
    s.UnrelateSource: _CHECKING,
    s.JudgeSource: _CHECKING,
    a.OpenAccount: _RUNNING,
    a.CloseAccount: _RUNNING,
    a.GrantRole: _RUNNING,
    a.RevokeRole: _RUNNING,
    a.IssueKey: _RUNNING,
    a.RevokeKey: _RUNNING,
    p.SealSubject: _EVERYDAY | _KEEPING,
    p.SealPassage: _EVERYDAY | _KEEPING,
    p.DiscloseSubject: _KEEPING,
    p.EraseSubject: _KEEPING | _RUNNING,
}
"""The roles of which one is needed for a command. Reading needs any role; `auditor` reads and writes nothing, only a
`custodian` sees in the clear what is sealed."""

Sight = Literal["its incidents", "names", "attached", "nothing"]
SIGHT: dict[str, Sight] = {
    "incidents": "its incidents",  # the list, and all that is read within an incident
    "search": "its incidents",  # no hits among sources: their words may tell of other incidents
    "changes": "its incidents",  # the change log, its feeds and the live stream; no lines of sources and accounts
    "timemap": "its incidents",
    "sources": "names",  # what NAMED lists: a claim's chain and a new claim need it
    "files": "attached",  # what is attached as evidence in an incident that it covers, now or ever
    "accounts": "nothing",
    "subjects": "nothing",
}
"""What of each thing a reader sees whose roles all cover single incidents. Roles for everything see everything."""
NAMED = frozenset({"source", "name", "kind", "country", "party", "position", "since"})
"""The fields of a source that its name consists of; grading, ties and record come from other incidents too."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: an account with the roles that its key lets it use. No account: a reader where reading is open."""

    actor: Actor
    grants: frozenset[tuple[Role, UUID | None]]

    def has(self, roles: frozenset[Role], incident: UUID | None) -> bool:
        """Tell whether one of the roles is held, for everything or for this incident."""
        return any(role in roles and scope in (None, incident) for role, scope in self.grants)

    def may(self, command: Command) -> bool:
        """Tell whether the table lets the caller give this command."""
        return self.may_ask(type(command), getattr(command, "incident", None))

    def may_ask(self, kind: type[Command], incident: UUID | None) -> bool:
        """Tell whether the table lets the caller give commands of a kind, for everything or for this incident."""
        return self.has(MAY[kind], incident)

    def may_override(self, incident: UUID | None) -> bool:
        """Tell whether the caller may override rule 4, as an editor."""
        return self.has(_EDITING, incident)

    def may_read(self, incident: UUID | None) -> bool:
        """Tell whether the caller may read this incident, or, with None, everything."""
        return any(scope in (None, incident) for _, scope in self.grants)

    def reads(self) -> bool:
        """Tell whether the caller may read anything at all: reading needs a role."""
        return bool(self.grants)

    def within(self) -> frozenset[str] | None:
        """Return the incidents that the caller's reading is confined to, or None where it covers everything."""
        return None if self.may_read(None) else frozenset(str(scope) for _, scope in self.grants)

    def sees(self, thing: str) -> Sight | Literal["all"]:
        """Return how much of a kind of thing the caller sees."""
        return "all" if self.may_read(None) else SIGHT[thing]


OPEN_READER = Caller(Actor(), frozenset({("auditor", None)}))
"""Anybody, where the operator has opened reading."""
OPERATOR = Caller(Actor(), frozenset((role, None) for role in get_args(Role)))
"""The operator at the machine's own command line."""


def wanted(kind: type[Command]) -> str:
    """Say which roles the table asks for."""
    return f"{kind.NAME} takes one of the roles {', '.join(sorted(MAY[kind]))}"


def is_valid(account: Account, key: str, now: datetime) -> bool:
    """Tell whether a key of an account counts: the account is open, the key neither revoked nor expired."""
    held = account.keys.get(key)
    if account.closed or held is None or held.revoked:
        return False
    return held.expires is None or held.expires > now


def caller_of(account: Account, key: str, now: datetime) -> Caller | None:
    """Return the caller that a key of an account stands for, or None where key or account no longer count."""
    if not is_valid(account, key, now):
        return None
    scopes = account.keys[key].scopes
    grants = frozenset(grant for grant in account.grants if grant[0] in scopes) if scopes else frozenset(account.grants)
    return Caller(Actor(account=account.id, key=key), grants)
