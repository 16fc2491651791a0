"""Every act that can be posted: one line each.

Law: a new command gets its route here and nowhere else. Acts are nouns in the path.
"""

from dataclasses import dataclass

from domain import account_commands as a
from domain import incident_commands as i
from domain import source_commands as s
from domain import subject_commands as p
from domain.commands import Command


@dataclass(frozen=True, slots=True)
class Act:
    """A route: POST to the path gives the command; ids in the path are not in the body."""

    path: str
    command: type[Command]
    creates: str | None = None
    """The name of the id that the act creates, for `Location`; None where it acts on what is there."""

    @property
    def about(self) -> str:
        """Return the path of the thing that is acted on. A key is read with its account."""
        return self.path[: self.path.replace("{key}", "").rfind("}") + 1]

    @property
    def operation(self) -> str:
        """Return the stable operation id: `claim.make` is `make_claim`."""
        noun, verb = self.command.NAME.split(".")
        return f"{verb}_{noun}"


_I = "/incidents/{incident}"

ACTS: tuple[Act, ...] = (
    Act("/incidents", i.OpenIncident, "incident"),
    Act(f"{_I}/description", i.DescribeIncident),
    Act(f"{_I}/closing", i.CloseIncident),
    Act(f"{_I}/reopening", i.ReopenIncident),
    Act(f"{_I}/links", i.LinkIncident),
    Act(f"{_I}/links/removal", i.UnlinkIncident),
    Act(f"{_I}/figures", i.DefineFigure, "figure"),
    Act(f"{_I}/figures/{{figure}}/description", i.DescribeFigure),
    Act(f"{_I}/figures/{{figure}}/adoption", i.AdoptFigure),
    Act(f"{_I}/reports", i.ReceiveReport, "report"),
    Act(f"{_I}/reports/{{report}}/correction", i.CorrectReport),
    Act(f"{_I}/reports/{{report}}/withdrawal", i.WithdrawReport),
    Act(f"{_I}/claims", i.MakeClaim, "claim"),
    Act(f"{_I}/claims/{{claim}}/correction", i.CorrectClaim),
    Act(f"{_I}/claims/{{claim}}/retraction", i.RetractClaim),
    Act(f"{_I}/claims/{{claim}}/reinstatement", i.ReinstateClaim),
    Act(f"{_I}/claims/{{claim}}/links", i.LinkClaims),
    Act(f"{_I}/claims/{{claim}}/links/removal", i.UnlinkClaims),
    Act(f"{_I}/claims/{{claim}}/stances", i.TakeStance),
    Act(f"{_I}/claims/{{claim}}/assessment", i.AssessClaim),
    Act(f"{_I}/evidence", i.AttachEvidence, "evidence"),
    Act(f"{_I}/evidence/{{evidence}}/examination", i.ExamineEvidence),
    Act(f"{_I}/evidence/{{evidence}}/transfer", i.TransferEvidence),
    Act(f"{_I}/evidence/{{evidence}}/withdrawal", i.WithdrawEvidence),
    Act(f"{_I}/notes", i.AddNote, "note"),
    Act(f"{_I}/tasks", i.AssignTask, "task"),
    Act(f"{_I}/tasks/{{task}}/completion", i.FinishTask),
    Act(f"{_I}/bulletins", i.PublishBulletin, "bulletin"),
    Act(f"{_I}/bulletins/{{bulletin}}/correction", i.CorrectBulletin),
    Act(f"{_I}/bulletins/{{bulletin}}/withdrawal", i.WithdrawBulletin),
    Act("/sources", s.RegisterSource, "source"),
    Act("/sources/{source}/description", s.DescribeSource),
    Act("/sources/{source}/grading", s.GradeSource),
    Act("/sources/{source}/ties", s.RelateSource),
    Act("/sources/{source}/ties/removal", s.UnrelateSource),
    Act("/sources/{source}/judgement", s.JudgeSource),
    Act("/accounts", a.OpenAccount, "account"),
    Act("/accounts/{account}/closing", a.CloseAccount),
    Act("/accounts/{account}/roles", a.GrantRole),
    Act("/accounts/{account}/roles/removal", a.RevokeRole),
    Act("/accounts/{account}/keys", a.IssueKey),
    Act("/accounts/{account}/keys/{key}/revocation", a.RevokeKey),
    Act("/subjects", p.SealSubject, "subject"),
    Act("/subjects/{subject}/passages", p.SealPassage),
    Act("/subjects/{subject}/disclosure", p.DiscloseSubject),
    Act("/subjects/{subject}/erasure", p.EraseSubject),
)
