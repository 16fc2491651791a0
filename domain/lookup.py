"""Finding the things of an incident that a command names, or refusing by their name."""

from collections.abc import Container
from uuid import UUID

from domain import refusals as r
from domain import values as v
from domain.given import Given
from domain.incident_state import Bulletin, Claim, Evidence, Incident, Report


def claim_of(state: Incident, claim: UUID) -> Claim:
    """Return a claim of the incident, or raise `UnknownClaim`."""
    if claim not in state.claims:
        raise r.UnknownClaim(f"no claim {claim} in incident {state.short_id}")
    return state.claims[claim]


def standing(state: Incident, claim: UUID, what: str) -> Claim:
    """Return a claim that is not retracted, or raise `ClaimIsRetracted` (rule 2)."""
    found = claim_of(state, claim)
    if found.retracted is not None:
        raise r.ClaimIsRetracted(f"claim {state.name_of(found)} is retracted and {what}: reinstate it first")
    return found


def report_of(state: Incident, report: UUID) -> Report:
    """Return a report of the incident, or raise `UnknownReport` (rule 1)."""
    if report not in state.reports:
        raise r.UnknownReport(f"no report {report} in incident {state.short_id}: receive the report first")
    return state.reports[report]


def figure_of(state: Incident, figure: UUID) -> v.FigureContent:
    """Return the definition of a figure, or raise `UnknownFigure`."""
    if figure not in state.figures:
        raise r.UnknownFigure(f"no figure {figure} in incident {state.short_id}: define it first")
    return state.figures[figure]


def evidence_of(state: Incident, evidence: UUID) -> Evidence:
    """Return evidence of the incident, withdrawn or not, or raise `UnknownEvidence`."""
    if evidence not in state.evidence:
        raise r.UnknownEvidence(f"no evidence {evidence} in incident {state.short_id}: attach it first")
    return state.evidence[evidence]


def bulletin_of(state: Incident, bulletin: UUID) -> Bulletin:
    """Return a bulletin of the incident, withdrawn or not, or raise `UnknownBulletin`."""
    if bulletin not in state.bulletins:
        raise r.UnknownBulletin(f"no bulletin {bulletin} in incident {state.short_id}: publish it first")
    return state.bulletins[bulletin]


def check_sources(chain: tuple[UUID, ...], given: Given) -> None:
    """Raise `UnknownSource` or `ChainRepeats` unless each source is registered and there once (rule 1)."""
    for source in chain:
        if source not in given.sources:
            raise r.UnknownSource(f"no source {source}: register it first")
    if len(set(chain)) != len(chain):
        raise r.ChainRepeats("an attribution chain holds each source once: name each relay one time, nearest last")


def new_id(brought: UUID | None, taken: Container[UUID], given: Given) -> UUID:
    """Return the id that the command brought along, or a new one.

    Raise `AlreadyExists` where it is the id of any thing in the log, of whatever kind and incident.
    """
    if brought is None:
        return given.new_id()
    if brought in taken or brought in given.taken:
        raise r.AlreadyExists(f"the id {brought} is taken: leave it out, or use the thing that is there")
    return brought
