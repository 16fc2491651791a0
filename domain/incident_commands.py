"""What may be asked of an incident. Ids left out are assigned; the id that a command creates may be brought along."""

from pydantic import Field

from domain import values as v
from domain.command import Command, IncidentCommand


class OpenIncident(Command, v.IncidentContent):
    """Open an incident."""

    NAME = "incident.open"
    AGGREGATE = "incident"
    incident: v.IncidentId | None = None


class DescribeIncident(IncidentCommand):
    """Change title, summary, place, time, tags or marking."""

    NAME = "incident.describe"
    changes: v.IncidentChanges


class CloseIncident(IncidentCommand):
    """Close the incident with a disposition."""

    NAME = "incident.close"
    disposition: v.Disposition


class ReopenIncident(IncidentCommand):
    """Open a closed incident again."""

    NAME = "incident.reopen"


class LinkIncident(IncidentCommand):
    """Link the incident to another."""

    NAME = "incident.link"
    other: v.IncidentId
    relation: v.IncidentRelation


class UnlinkIncident(IncidentCommand):
    """Take a link to another incident back."""

    NAME = "incident.unlink"
    other: v.IncidentId
    relation: v.IncidentRelation


class DefineFigure(IncidentCommand, v.FigureContent):
    """Define a quantity that claims may disagree about."""

    NAME = "figure.define"
    figure: v.FigureId | None = None


class DescribeFigure(IncidentCommand, v.FigureContent):
    """Change the definition of a figure."""

    NAME = "figure.describe"
    figure: v.FigureId


class AdoptFigure(IncidentCommand):
    """Adopt a value for a figure, as the desk's own act."""

    NAME = "figure.adopt"
    figure: v.FigureId
    value: v.Estimate
    rests_on: tuple[v.ClaimId, ...] = Field(min_length=1, max_length=200)
    left_out: tuple[v.LeftOut, ...] = Field(default=(), max_length=200)
    method: v.Prose = ""


class ReceiveReport(IncidentCommand, v.ReportContent):
    """Receive a publication of a source."""

    NAME = "report.receive"
    report: v.ReportId | None = None


class CorrectReport(IncidentCommand):
    """Record that the publisher changed a report."""

    NAME = "report.correct"
    report: v.ReportId
    kind: v.ReportChange
    hash: v.Hash | None = None
    archive: v.Archive | None = None
    what_changed: v.Prose = ""
    notice: v.Prose = ""


class WithdrawReport(IncidentCommand):
    """Record that the publisher pulled a report."""

    NAME = "report.withdraw"
    report: v.ReportId
    kind: v.ReportPull
    notice: v.Prose = ""


class MakeClaim(IncidentCommand, v.ClaimContent):
    """Record a claim of a report, in its exact words."""

    NAME = "claim.make"
    claim: v.ClaimId | None = None


class CorrectClaim(IncidentCommand):
    """Correct a claim: by its source, or for a slip of the desk (then say which kind)."""

    NAME = "claim.correct"
    claim: v.ClaimId
    by: v.By
    slip: v.DeskSlip | None = None
    changes: v.ClaimChanges
    notice: v.Prose = ""


class RetractClaim(IncidentCommand):
    """Retract a claim: withdrawn by its source, or retracted by the desk (then say why by code)."""

    NAME = "claim.retract"
    claim: v.ClaimId
    by: v.By
    code: v.DeskRetraction | None = None
    notice: v.Prose = ""


class ReinstateClaim(IncidentCommand):
    """Let a retracted claim stand again, on a new basis."""

    NAME = "claim.reinstate"
    claim: v.ClaimId
    basis: v.Words


class LinkClaims(IncidentCommand):
    """Relate two claims: `claim` stands in `relation` to `other`."""

    NAME = "claims.link"
    claim: v.ClaimId
    other: v.ClaimId
    relation: v.Relation
    judgement: v.Judgement = "positive"


class UnlinkClaims(IncidentCommand):
    """Take a relation between two claims back."""

    NAME = "claims.unlink"
    claim: v.ClaimId
    other: v.ClaimId
    relation: v.Relation


class TakeStance(IncidentCommand):
    """Record what another source says of a claim."""

    NAME = "stance.take"
    claim: v.ClaimId
    stance: v.StanceId | None = None
    source: v.SourceId
    kind: v.StanceKind
    wording: v.Wording | None = None
    quantity: v.Quantity | None = None
    report: v.ReportId
    through: tuple[v.SourceId, ...] = Field(default=(), max_length=20)


class AssessClaim(IncidentCommand):
    """Assess a claim. `override` lets an editor set aside rule 4, visibly for ever."""

    NAME = "claim.assess"
    claim: v.ClaimId
    assessment: v.Assessment
    credibility: v.Credibility | None = None
    evidence: tuple[v.EvidenceId, ...] = Field(default=(), max_length=200)
    stances: tuple[v.StanceId, ...] = Field(default=(), max_length=200)
    answers: tuple[v.EvidenceId, ...] = Field(default=(), max_length=200)
    override: bool = False


class AttachEvidence(IncidentCommand, v.EvidenceContent):
    """Attach media or a document, for or against claims."""

    NAME = "evidence.attach"
    evidence: v.EvidenceId | None = None


class ExamineEvidence(IncidentCommand):
    """Record an examination of evidence."""

    NAME = "evidence.examine"
    evidence: v.EvidenceId
    finding: v.Finding
    method: v.Method
    rating: tuple[v.MediaRating, ...] = Field(default=(), max_length=8)
    place: v.Place | None = None
    occurred: v.Occurred | None = None
    true_origin: v.Prose = ""
    notes: v.Prose = ""


class TransferEvidence(IncidentCommand):
    """Record that custody of evidence passed on."""

    NAME = "evidence.transfer"
    evidence: v.EvidenceId
    from_whom: v.Line
    to_whom: v.Line
    purpose: v.Line
    hash_before: v.Hash
    hash_after: v.Hash


class WithdrawEvidence(IncidentCommand):
    """Withdraw evidence."""

    NAME = "evidence.withdraw"
    evidence: v.EvidenceId


class AddNote(IncidentCommand):
    """Write a note on a thing of the incident."""

    NAME = "note.add"
    note: v.NoteId | None = None
    on: v.Subject
    text: v.Words


class AssignTask(IncidentCommand):
    """Give work to somebody."""

    NAME = "task.assign"
    task: v.TaskId | None = None
    on: v.Subject
    to: v.AccountId
    due: v.Moment | None = None
    text: v.Prose = ""


class FinishTask(IncidentCommand):
    """Say that a task is done."""

    NAME = "task.finish"
    task: v.TaskId


class PublishBulletin(IncidentCommand, v.BulletinContent):
    """Record what the desk published, citing each claim at the position at which it was read."""

    NAME = "bulletin.publish"
    bulletin: v.BulletinId | None = None
    cites: tuple[v.Cite, ...] = Field(default=(), max_length=500)


class CorrectBulletin(IncidentCommand):
    """Correct a bulletin: what was wrong, what is right, which claim caused it, who was told."""

    NAME = "bulletin.correct"
    bulletin: v.BulletinId
    label: v.Line = "Correction"
    wrong: v.Words
    right: v.Words
    cause: v.ClaimId | None = None
    told: tuple[v.Line, ...] = Field(default=(), max_length=200)


class WithdrawBulletin(IncidentCommand):
    """Withdraw a bulletin."""

    NAME = "bulletin.withdraw"
    bulletin: v.BulletinId
    notice: v.Prose = ""
    told: tuple[v.Line, ...] = Field(default=(), max_length=200)


IncidentCommands = (
    OpenIncident
    | DescribeIncident
    | CloseIncident
    | ReopenIncident
    | LinkIncident
    | UnlinkIncident
    | DefineFigure
    | DescribeFigure
    | AdoptFigure
    | ReceiveReport
    | CorrectReport
    | WithdrawReport
    | MakeClaim
    | CorrectClaim
    | RetractClaim
    | ReinstateClaim
    | LinkClaims
    | UnlinkClaims
    | TakeStance
    | AssessClaim
    | AttachEvidence
    | ExamineEvidence
    | TransferEvidence
    | WithdrawEvidence
    | AddNote
    | AssignTask
    | FinishTask
    | PublishBulletin
    | CorrectBulletin
    | WithdrawBulletin
)
