"""What may happen to an incident: its reports, claims, figures, evidence, notes, tasks and bulletins.

Law: one event per effect, and all ids are in the event.
"""

from typing import ClassVar

from pydantic import Field

from domain import values as v
from domain.event import IncidentEvent


class _Owed(IncidentEvent):
    """An incident event for which a reason is owed."""

    REASON_OWED: ClassVar[bool] = True


class IncidentOpened(IncidentEvent, v.IncidentContent):
    """An incident was opened; `short_id` is its name for people."""

    NAME = "incident.opened.v1"
    incident: v.IncidentId
    short_id: v.Line


class IncidentDescribed(_Owed):
    """The description of the incident changed, from `before` to `after`."""

    NAME = "incident.described.v1"
    before: v.IncidentChanges
    after: v.IncidentChanges


class IncidentClosed(_Owed):
    """The incident was closed: it takes retractions, corrections, withdrawals and notes only."""

    NAME = "incident.closed.v1"
    disposition: v.Disposition


class IncidentReopened(_Owed):
    """The incident was opened again."""

    NAME = "incident.reopened.v1"


class IncidentLinked(IncidentEvent):
    """The incident was linked to another."""

    NAME = "incident.linked.v1"
    other: v.IncidentId
    relation: v.IncidentRelation


class IncidentUnlinked(_Owed):
    """A link to another incident was taken back."""

    NAME = "incident.unlinked.v1"
    other: v.IncidentId
    relation: v.IncidentRelation


class FigureDefined(IncidentEvent, v.FigureContent):
    """A quantity that claims may disagree about was defined."""

    NAME = "figure.defined.v1"
    figure: v.FigureId


class FigureDescribed(_Owed):
    """The definition of a figure changed; its unit keeps its dimension."""

    NAME = "figure.described.v1"
    figure: v.FigureId
    before: v.FigureContent
    after: v.FigureContent


class FigureAdopted(_Owed):
    """The desk adopted a value for a figure, resting on some claims and leaving others out."""

    NAME = "figure.adopted.v1"
    figure: v.FigureId
    value: v.Estimate
    rests_on: tuple[v.ClaimId, ...]
    left_out: tuple[v.LeftOut, ...] = ()
    method: v.Prose = ""


class ReportReceived(IncidentEvent, v.ReportContent):
    """The desk received a publication of a source."""

    NAME = "report.received.v1"
    report: v.ReportId


class ReportCorrected(_Owed):
    """The publisher changed a report."""

    NAME = "report.corrected.v1"
    report: v.ReportId
    kind: v.ReportChange
    hash: v.Hash | None = None
    archive: v.Archive | None = None
    what_changed: v.Prose = ""
    notice: v.Prose = ""


class ReportWithdrawn(_Owed):
    """The publisher pulled a report."""

    NAME = "report.withdrawn.v1"
    report: v.ReportId
    kind: v.ReportPull
    notice: v.Prose = ""


class ClaimMade(IncidentEvent, v.ClaimContent):
    """A report made a claim. `number` counts the claims of the incident: KUR-7F3K12-12 is claim 12."""

    NAME = "claim.made.v1"
    claim: v.ClaimId
    number: int = Field(ge=1)


class ClaimCorrected(_Owed):
    """A claim was corrected, by its source or for a slip of the desk, from `before` to `after`."""

    NAME = "claim.corrected.v1"
    claim: v.ClaimId
    by: v.By
    slip: v.DeskSlip | None = None
    before: v.ClaimChanges
    after: v.ClaimChanges
    notice: v.Prose = ""


class ClaimRetracted(_Owed):
    """A claim was withdrawn by its source, or retracted by the desk (then with a code)."""

    NAME = "claim.retracted.v1"
    claim: v.ClaimId
    by: v.By
    code: v.DeskRetraction | None = None
    notice: v.Prose = ""


class ClaimReinstated(_Owed):
    """A retracted claim stands again, on a new basis."""

    NAME = "claim.reinstated.v1"
    claim: v.ClaimId
    basis: v.Prose


class ClaimsLinked(IncidentEvent):
    """Two claims were related: `claim` stands in `relation` to `other`."""

    NAME = "claims.linked.v1"
    claim: v.ClaimId
    other: v.ClaimId
    relation: v.Relation
    judgement: v.Judgement


class ClaimsUnlinked(_Owed):
    """A relation between two claims was taken back."""

    NAME = "claims.unlinked.v1"
    claim: v.ClaimId
    other: v.ClaimId
    relation: v.Relation


class StanceTaken(IncidentEvent):
    """Another source took a stance on a claim; `independent` is as judged then (rule 5)."""

    NAME = "stance.taken.v1"
    stance: v.StanceId
    claim: v.ClaimId
    source: v.SourceId
    kind: v.StanceKind
    wording: v.Wording | None = None
    quantity: v.Quantity | None = None
    report: v.ReportId
    through: tuple[v.SourceId, ...] = ()
    independent: bool


class ClaimAssessed(_Owed):
    """The desk assessed a claim.

    `independent_origins` is the number of origins that count as independent, as judged then (rule 5). `override`
    names the rule that an editor overrode.
    """

    NAME = "claim.assessed.v1"
    claim: v.ClaimId
    assessment: v.Assessment
    credibility: v.Credibility | None = None
    evidence: tuple[v.EvidenceId, ...] = ()
    stances: tuple[v.StanceId, ...] = ()
    answers: tuple[v.EvidenceId, ...] = ()
    previous: v.Assessment
    independent_origins: int = Field(ge=0)
    override: v.Line | None = None


class EvidenceAttached(IncidentEvent, v.EvidenceContent):
    """Media or a document was attached, for or against claims."""

    NAME = "evidence.attached.v1"
    evidence: v.EvidenceId


class EvidenceExamined(_Owed):
    """Evidence was examined by a method, in the context in which it was shared."""

    NAME = "evidence.examined.v1"
    evidence: v.EvidenceId
    finding: v.Finding
    method: v.Method
    rating: tuple[v.MediaRating, ...] = ()
    place: v.Place | None = None
    occurred: v.Occurred | None = None
    true_origin: v.Prose = ""
    notes: v.Prose = ""


class EvidenceTransferred(_Owed):
    """Custody of evidence passed from one hand to another."""

    NAME = "evidence.transferred.v1"
    evidence: v.EvidenceId
    from_whom: v.Line
    to_whom: v.Line
    purpose: v.Line
    hash_before: v.Hash
    hash_after: v.Hash


class EvidenceWithdrawn(_Owed):
    """Evidence no longer counts."""

    NAME = "evidence.withdrawn.v1"
    evidence: v.EvidenceId


class NoteAdded(IncidentEvent):
    """Somebody wrote a note."""

    NAME = "note.added.v1"
    note: v.NoteId
    on: v.Subject
    text: v.Prose


class TaskAssigned(IncidentEvent):
    """Work was given to somebody."""

    NAME = "task.assigned.v1"
    task: v.TaskId
    on: v.Subject
    to: v.AccountId
    due: v.Moment | None = None
    text: v.Prose = ""


class TaskDone(IncidentEvent):
    """A task was done."""

    NAME = "task.done.v1"
    task: v.TaskId


class BulletinPublished(IncidentEvent, v.BulletinContent):
    """The desk published something, leaning on claims, each at the position at which it was read."""

    NAME = "bulletin.published.v1"
    bulletin: v.BulletinId
    cites: tuple[v.Citation, ...] = ()


class BulletinCorrected(_Owed):
    """A bulletin was corrected; `number` counts its corrections, and the text says it is one."""

    NAME = "bulletin.corrected.v1"
    bulletin: v.BulletinId
    number: int = Field(ge=1)
    label: v.Line = "Correction"
    wrong: v.Prose = ""
    right: v.Prose
    cause: v.ClaimId | None = None
    told: tuple[v.Line, ...] = ()


class BulletinWithdrawn(_Owed):
    """A bulletin was withdrawn."""

    NAME = "bulletin.withdrawn.v1"
    bulletin: v.BulletinId
    notice: v.Prose = ""
    told: tuple[v.Line, ...] = ()


IncidentEvents = (
    IncidentOpened
    | IncidentDescribed
    | IncidentClosed
    | IncidentReopened
    | IncidentLinked
    | IncidentUnlinked
    | FigureDefined
    | FigureDescribed
    | FigureAdopted
    | ReportReceived
    | ReportCorrected
    | ReportWithdrawn
    | ClaimMade
    | ClaimCorrected
    | ClaimRetracted
    | ClaimReinstated
    | ClaimsLinked
    | ClaimsUnlinked
    | StanceTaken
    | ClaimAssessed
    | EvidenceAttached
    | EvidenceExamined
    | EvidenceTransferred
    | EvidenceWithdrawn
    | NoteAdded
    | TaskAssigned
    | TaskDone
    | BulletinPublished
    | BulletinCorrected
    | BulletinWithdrawn
)
