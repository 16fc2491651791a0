"""What it takes to hold a claim `likely` or `confirmed` (rule 4)."""

from uuid import UUID

from domain import incident_commands as c
from domain import incident_events as e
from domain import refusals as r
from domain.content import carry
from domain.given import Given
from domain.incident_state import Claim, Evidence, Incident, Stance
from domain.independence import Chain, origins

CONFIRMING = ("confirms", "concedes")


def assess(state: Incident, claim: Claim, command: c.AssessClaim, given: Given) -> e.ClaimAssessed:
    """Return the assessment, or raise a refusal of rule 4; an editor may override it, which the event then says."""
    _check_named(state, claim, command)
    count = origins(_chains(state, claim), given.sources)
    override = _override(_objection(state, claim, command, count), command, given)
    return carry(e.ClaimAssessed, command, previous=claim.assessment, independent_origins=count, override=override)


def _check_named(state: Incident, claim: Claim, command: c.AssessClaim) -> None:
    for evidence in (*command.evidence, *command.answers):
        if evidence not in claim.evidence:
            raise r.UnknownEvidence(f"evidence {evidence} is not attached to claim {state.name_of(claim)}")
    known = {stance.id for stance in claim.stances}
    for stance in command.stances:
        if stance not in known:
            raise r.UnknownStance(f"no stance {stance} on claim {state.name_of(claim)}")


def _override(objection: r.Refused | None, command: c.AssessClaim, given: Given) -> str | None:
    if objection is None:
        if command.override:
            raise r.NothingToOverride("the rule is met: assess without override")
        return None
    if not command.override:
        raise objection
    if not given.may_override:
        raise r.MayNotOverride(f"{objection} Only an editor may override this, with a reason.")
    return objection.name


def _objection(state: Incident, claim: Claim, command: c.AssessClaim, count: int) -> r.Refused | None:
    if command.assessment == "likely" and count < 2:
        return r.TooFewIndependentSources(
            f"`likely` needs two independent sources, the record shows {count}: record another source's claim or"
            " confirmation, whose chain shares no source with this one."
        )
    if command.assessment != "confirmed":
        return None
    unanswered = [held.id for held in _evidence(state, claim.evidence) if _speaks_against(held, claim, command)]
    if unanswered:
        return r.EvidenceUnanswered(
            f"verified evidence {', '.join(map(str, unanswered))} speaks against the claim: answer it in the reason"
            " and name it in `answers`."
        )
    if _independently_confirmed(claim.stances) or _has_verified(state, claim):
        return None
    return r.NotIndependentlyConfirmed(
        "`confirmed` needs a source independent of the claim that confirms or concedes it, or verified evidence for"
        " it: record that first."
    )


def _speaks_against(held: Evidence, claim: Claim, command: c.AssessClaim) -> bool:
    return held.verified and claim.id in held.against and held.id not in command.answers


def _independently_confirmed(stances: list[Stance]) -> bool:
    return any(stance.independent and stance.kind in CONFIRMING for stance in stances)


def _has_verified(state: Incident, claim: Claim) -> bool:
    return any(held.verified and claim.id in held.supports for held in _evidence(state, claim.evidence))


def _evidence(state: Incident, ids: list[UUID]) -> list[Evidence]:
    return [state.evidence[held] for held in ids]


def _chains(state: Incident, claim: Claim) -> list[Chain]:
    """Return the chains that carry the claim: its own, those that confirm it, those of claims that say the same."""
    chains = [state.chain_of(claim)]
    chains += [stance.chain for stance in claim.stances if stance.kind in CONFIRMING]
    for (newer, older, relation), judgement in claim.links.items():
        if judgement == "positive" and (relation == "same" or (relation == "supports" and older == claim.id)):
            other = state.claims[older if newer == claim.id else newer]
            if other.retracted is None:
                chains.append(state.chain_of(other))
    return chains
