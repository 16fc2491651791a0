"""What may be done to an incident: every rule of the record about it.

Law 1: every rule about an incident is in `decide` or in the rooms beside it (`assessing.py`, `independence.py`,
`linking.py`, `measuring.py`, `publishing.py`, `lookup.py`); none is in routes, views or `evolve`.
Law 2: `decide` is pure, changes nothing and raises nothing but `Refused`.
Law 3: what a retracted claim supported is not changed by it (rule 10): the impact is shown, and people decide.
"""

from typing import assert_never
from uuid import UUID

from domain import incident_commands as c
from domain import incident_events as e
from domain import refusals as r
from domain import values as v
from domain.assessing import assess
from domain.content import carry
from domain.given import Given
from domain.incident_state import Incident
from domain.independence import independent
from domain.linking import link, unlink
from domain.lookup import (
    bulletin_of,
    check_sources,
    claim_of,
    evidence_of,
    figure_of,
    new_id,
    report_of,
    standing,
)
from domain.measuring import check_estimate, check_quantity, check_same_dimension
from domain.publishing import mend, publish
from domain.reasons import check_reason
from domain.short_ids import short_id

STILL_TAKEN_WHEN_CLOSED = (
    c.ReopenIncident,
    c.RetractClaim,
    c.CorrectClaim,
    c.CorrectReport,
    c.WithdrawReport,
    c.WithdrawEvidence,
    c.CorrectBulletin,
    c.WithdrawBulletin,
    c.AddNote,
)
"""Rule 7: a closed incident takes retractions, corrections, withdrawals and notes, nothing else."""


def decide(state: Incident | None, command: c.IncidentCommands, given: Given) -> tuple[e.IncidentEvents, ...]:
    """Return the events that the command leads to, or raise the `Refused` that names the rule against it."""
    if isinstance(command, c.OpenIncident):
        return check_reason(command, (_open(state, command, given),))
    if state is None:
        raise r.UnknownIncident(f"no incident {command.incident}: open it first")
    if state.closed and not isinstance(command, STILL_TAKEN_WHEN_CLOSED):
        raise r.IncidentClosed(f"incident {state.short_id} is closed: reopen it before {command.NAME}")
    return check_reason(command, (_decide(state, command, given),))


def _decide(state: Incident, command: c.IncidentCommands, given: Given) -> e.IncidentEvents:
    match command:
        case c.MakeClaim():
            return _make_claim(state, command, given)
        case c.OpenIncident() | c.DescribeIncident() | c.CloseIncident() | c.ReopenIncident():
            return _about_itself(state, command)
        case c.LinkIncident() | c.UnlinkIncident():
            return _other_incident(state, command, given)
        case c.DefineFigure() | c.DescribeFigure() | c.AdoptFigure():
            return _figure(state, command, given)
        case c.ReceiveReport() | c.CorrectReport() | c.WithdrawReport():
            return _report(state, command, given)
        case c.CorrectClaim():
            return _correct_claim(state, command, given)
        case c.RetractClaim() | c.ReinstateClaim():
            return _retract_or_reinstate(state, command)
        case c.LinkClaims() | c.UnlinkClaims():
            return link(state, command, given) if isinstance(command, c.LinkClaims) else unlink(state, command, given)
        case c.TakeStance():
            return _take_stance(state, command, given)
        case c.AssessClaim():
            return assess(state, standing(state, command.claim, "takes no assessment"), command, given)
        case c.AttachEvidence():
            return _attach(state, command, given)
        case c.ExamineEvidence() | c.TransferEvidence() | c.WithdrawEvidence():
            return _handle_evidence(state, command)
        case c.AddNote() | c.AssignTask() | c.FinishTask():
            return _note_or_task(state, command, given)
        case c.PublishBulletin():
            return publish(state, command, given)
        case c.CorrectBulletin() | c.WithdrawBulletin():
            return mend(state, command)
        case _:
            assert_never(command)


# The incident itself.


def _open(state: Incident | None, command: c.OpenIncident, given: Given) -> e.IncidentOpened:
    if state is not None:
        raise r.AlreadyExists(f"incident {state.id} is there already, as {state.short_id}")
    incident = new_id(command.incident, (), given)
    name = short_id(command.title, incident)
    if name in given.taken:
        raise r.AlreadyExists(f"the short id {name} is another incident's: leave the id out, and ask again")
    return carry(e.IncidentOpened, command, incident=incident, short_id=name)


def _about_itself(
    state: Incident, command: c.OpenIncident | c.DescribeIncident | c.CloseIncident | c.ReopenIncident
) -> e.IncidentEvents:
    match command:
        case c.DescribeIncident(changes=changes):
            before = changes.found_in(state.content)
            if before == changes:
                raise r.ChangesNothing("the description is what it was: name what changes")
            return e.IncidentDescribed(before=before, after=changes)
        case c.CloseIncident():
            return e.IncidentClosed(disposition=command.disposition)
        case c.ReopenIncident():
            if not state.closed:
                raise r.NotClosed(f"incident {state.short_id} is open")
            return e.IncidentReopened()
        case c.OpenIncident():
            raise r.AlreadyExists(f"incident {state.id} is there already, as {state.short_id}")
        case _:
            assert_never(command)


def _other_incident(state: Incident, command: c.LinkIncident | c.UnlinkIncident, given: Given) -> e.IncidentEvents:
    link = (command.other, command.relation)
    if isinstance(command, c.UnlinkIncident):
        if link not in state.others:
            raise r.NotLinked(f"incident {state.short_id} has no link {command.relation} to {command.other}")
        return e.IncidentUnlinked(other=command.other, relation=command.relation)
    if command.other == state.id:
        raise r.LinkToItself("an incident cannot be linked to itself")
    if command.other not in given.incidents:
        raise r.UnknownIncident(f"no incident {command.other} to link to")
    if link in state.others:
        raise r.AlreadyLinked(f"incident {state.short_id} is {command.relation} {command.other} already")
    return e.IncidentLinked(other=command.other, relation=command.relation)


# Figures.


def _figure(
    state: Incident, command: c.DefineFigure | c.DescribeFigure | c.AdoptFigure, given: Given
) -> e.IncidentEvents:
    match command:
        case c.DefineFigure():
            figure = new_id(command.figure, state.figures, given)
            return carry(e.FigureDefined, command, figure=figure)
        case c.DescribeFigure():
            before, after = figure_of(state, command.figure), carry(v.FigureContent, command)
            if before == after:
                raise r.ChangesNothing("the definition is what it was: name what changes")
            check_same_dimension(after.unit, before.unit)
            return e.FigureDescribed(figure=command.figure, before=before, after=after)
        case c.AdoptFigure():
            check_estimate(command.value, figure_of(state, command.figure))
            for claim in command.rests_on:
                standing(state, claim, "cannot carry an adopted figure")
            for left_out in command.left_out:
                if claim_of(state, left_out.claim).id in command.rests_on:
                    raise r.RestsOnWhatIsLeftOut(f"claim {left_out.claim} is left out: it cannot carry the figure too")
            return carry(e.FigureAdopted, command)
        case _:
            assert_never(command)


# Reports.


def _report(
    state: Incident, command: c.ReceiveReport | c.CorrectReport | c.WithdrawReport, given: Given
) -> e.IncidentEvents:
    match command:
        case c.ReceiveReport():
            check_sources((command.source,), given)
            report = new_id(command.report, state.reports, given)
            return carry(e.ReportReceived, command, report=report)
        case c.CorrectReport():
            report_of(state, command.report)
            return carry(e.ReportCorrected, command)
        case c.WithdrawReport():
            if report_of(state, command.report).withdrawn:
                raise r.AlreadyWithdrawn(f"report {command.report} was withdrawn already")
            return carry(e.ReportWithdrawn, command)
        case _:
            assert_never(command)


# Claims.


def _make_claim(state: Incident, command: c.MakeClaim, given: Given) -> e.ClaimMade:
    report_of(state, command.report)
    check_sources(command.attribution.chain(), given)
    _check_quantity(state, command.quantity)
    claim = new_id(command.claim, state.claims, given)
    return carry(e.ClaimMade, command, claim=claim, number=len(state.claims) + 1)


def _correct_claim(state: Incident, command: c.CorrectClaim, given: Given) -> e.ClaimCorrected:
    claim = standing(state, command.claim, "takes no correction")
    changes = _in_the_language_of(claim.content, command.changes)
    if (command.by == "desk") != (command.slip is not None):
        raise r.CodeMissing("a correction by the desk says which slip it mends (slip); one by the source has no slip")
    before = changes.found_in(claim.content)
    if before == changes:
        raise r.ChangesNothing("the claim says that already: a correction changes something")
    if changes.report is not None:
        report_of(state, changes.report)
    if changes.attribution is not None:
        check_sources(changes.attribution.chain(), given)
    _check_quantity(state, changes.quantity)
    return carry(e.ClaimCorrected, command, before=before, after=changes)


def _in_the_language_of(content: v.ClaimContent, changes: v.ClaimChanges) -> v.ClaimChanges:
    """Return changes whose wording, where it names no language, has that of the wording that it replaces."""
    wording = changes.wording
    if wording is None or "language" in wording.model_fields_set:
        return changes
    return changes.model_copy(update={"wording": wording.model_copy(update={"language": content.wording.language})})


def _retract_or_reinstate(state: Incident, command: c.RetractClaim | c.ReinstateClaim) -> e.IncidentEvents:
    claim = claim_of(state, command.claim)
    if isinstance(command, c.ReinstateClaim):
        if claim.retracted is None:
            raise r.NotRetracted(f"claim {state.name_of(claim)} stands: there is nothing to reinstate")
        return carry(e.ClaimReinstated, command)
    if claim.retracted is not None:
        raise r.AlreadyRetracted(f"claim {state.name_of(claim)} was retracted already: reinstate it first")
    if (command.by == "desk") != (command.code is not None):
        raise r.CodeMissing("a retraction by the desk says why by code; a withdrawal by the source has no code")
    return carry(e.ClaimRetracted, command)


def _take_stance(state: Incident, command: c.TakeStance, given: Given) -> e.StanceTaken:
    claim, report = standing(state, command.claim, "takes no stance"), report_of(state, command.report)
    chain = (command.source, *command.through)
    check_sources(chain, given)
    if command.source in _voices(claim.content.attribution.claimant, given):
        raise r.OwnClaim(
            "a claimant's word on its own claim is no stance: record a retraction (by source), a correction (by"
            " source), or a new claim that `updates` this one"
        )
    _check_quantity(state, command.quantity)
    stance = new_id(command.stance, state.stances, given)
    apart = independent(frozenset((*chain, report.source)), state.chain_of(claim), given.ties)
    return carry(e.StanceTaken, command, stance=stance, independent=apart)


def _voices(claimant: UUID | None, given: Given) -> set[UUID]:
    """Return the claimant, and the sources judged to be the same."""
    return set() if claimant is None else {claimant} | given.ties.same_as(claimant)


def _check_quantity(state: Incident, quantity: v.Quantity | None) -> None:
    if quantity is not None:
        check_quantity(quantity, figure_of(state, quantity.figure))


# Evidence.


def _attach(state: Incident, command: c.AttachEvidence, given: Given) -> e.EvidenceAttached:
    for claim in (*command.supports, *command.against):
        claim_of(state, claim)
    if set(command.supports) & set(command.against):
        raise r.ForAndAgainst("evidence cannot be for and against the same claim: attach it for one side")
    evidence = new_id(command.evidence, state.evidence, given)
    return carry(e.EvidenceAttached, command, evidence=evidence)


def _handle_evidence(
    state: Incident, command: c.ExamineEvidence | c.TransferEvidence | c.WithdrawEvidence
) -> e.IncidentEvents:
    held = evidence_of(state, command.evidence)
    if held.withdrawn:
        raise r.AlreadyWithdrawn(f"evidence {held.id} was withdrawn: attach it anew")
    match command:
        case c.ExamineEvidence():
            return carry(e.EvidenceExamined, command)
        case c.TransferEvidence():
            if command.hash_before != held.hash:
                raise r.CustodyBroken(f"the record holds {held.hash}: find out where the copies diverged")
            return carry(e.EvidenceTransferred, command)
        case c.WithdrawEvidence():
            return e.EvidenceWithdrawn(evidence=held.id)
        case _:
            assert_never(command)


# Notes and tasks.


def _note_or_task(state: Incident, command: c.AddNote | c.AssignTask | c.FinishTask, given: Given) -> e.IncidentEvents:
    match command:
        case c.AddNote():
            _check_subject(state, command.on)
            return carry(e.NoteAdded, command, note=new_id(command.note, state.notes, given))
        case c.AssignTask():
            _check_subject(state, command.on)
            account = given.accounts.get(command.to)
            if account is None or account.closed:
                raise r.UnknownAccount(f"no open account {command.to} to give a task to")
            return carry(e.TaskAssigned, command, task=new_id(command.task, state.tasks, given))
        case c.FinishTask():
            if command.task not in state.tasks:
                raise r.UnknownTask(f"no task {command.task} in incident {state.short_id}")
            if state.tasks[command.task]:
                raise r.AlreadyDone(f"task {command.task} is done already")
            return e.TaskDone(task=command.task)
        case _:
            assert_never(command)


def _check_subject(state: Incident, on: v.Subject) -> None:
    match on.kind:
        case "incident":
            if on.id != state.id:
                raise r.UnknownIncident(f"{on.id} is not this incident: a note or task stands in the incident it is on")
        case "report":
            report_of(state, on.id)
        case "claim":
            claim_of(state, on.id)
        case "figure":
            figure_of(state, on.id)
        case "evidence":
            evidence_of(state, on.id)
        case "bulletin":
            bulletin_of(state, on.id)
        case _:
            assert_never(on.kind)
