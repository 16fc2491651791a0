"""What it takes to hold a claim `likely` or `confirmed` (rule 4).

Law: what counts is judged now, with the ties known now (rule 5). Of each source its last word on the claim counts, and
to repeat the claim takes no word back. Claims that are retracted, or held `false` or `discounted`, support nothing.
"""

from uuid import UUID

from domain import incident_commands as c
from domain import incident_events as e
from domain import refusals as r
from domain.content import carry
from domain.given import Given
from domain.incident_state import Claim, Evidence, Incident, Stance
from domain.independence import Chain, independent, origins
from domain.ties import Ties

CONFIRMING = ("confirms", "concedes")
NOT_CREDIBLE = ("false", "discounted")


def assess(state: Incident, claim: Claim, command: c.AssessClaim, given: Given) -> e.ClaimAssessed:
    """Return the assessment, or raise a refusal of rule 4; an editor may override it, which the event then says."""
    _check_named(state, claim, command)
    count = origins(_chains(state, claim), given.ties)
    override = _override(_objection(state, claim, command, count, given.ties), command, given)
    return carry(e.ClaimAssessed, command, previous=claim.assessment, independent_origins=count, override=override)


def _check_named(state: Incident, claim: Claim, command: c.AssessClaim) -> None:
    for evidence in (*command.evidence, *command.answers):
        if evidence not in claim.evidence:
            raise r.UnknownEvidence(f"evidence {evidence} is not attached to claim {state.name_of(claim)}")
    for evidence in command.evidence:
        if state.evidence[evidence].withdrawn:
            raise r.AlreadyWithdrawn(f"evidence {evidence} was withdrawn: an assessment cannot rest on it")
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


def _objection(state: Incident, claim: Claim, command: c.AssessClaim, count: int, ties: Ties) -> r.Refused | None:
    if command.assessment == "likely" and count < 2:
        return r.TooFewIndependentSources(
            f"`likely` needs two independent sources, the record shows {count}: record another source's claim or"
            " confirmation, whose chain draws on no source of this one."
        )
    if command.assessment != "confirmed":
        return None
    unanswered = [held.id for held in _evidence(state, claim) if _speaks_against(held, claim, command)]
    if unanswered:
        return r.EvidenceUnanswered(
            f"verified evidence {', '.join(map(str, unanswered))} speaks against the claim: answer it in the reason"
            " and name it in `answers`."
        )
    if _independently_confirmed(state, claim, ties) or _has_verified(state, claim):
        return None
    return r.NotIndependentlyConfirmed(
        "`confirmed` needs a source independent of the claim that confirms or concedes it, or verified evidence for"
        f" it: record that first.{_why_not(claim)}"
    )


def _why_not(claim: Claim) -> str:
    """Say why the confirmations that there are do not count."""
    count = len(_confirming(claim))
    if not count:
        return ""
    return f" The {count} on record share a source with the claim: in its chain, its report, or by a tie."


def _speaks_against(held: Evidence, claim: Claim, command: c.AssessClaim) -> bool:
    return held.verified and claim.id in held.against and held.id not in command.answers


def _independently_confirmed(state: Incident, claim: Claim, ties: Ties) -> bool:
    chain = state.chain_of(claim)
    return any(independent(stance.chain, chain, ties) for stance in _confirming(claim))


def _has_verified(state: Incident, claim: Claim) -> bool:
    return any(held.verified and claim.id in held.supports for held in _evidence(state, claim))


def _evidence(state: Incident, claim: Claim) -> list[Evidence]:
    return [state.evidence[held] for held in claim.evidence]


def _confirming(claim: Claim) -> list[Stance]:
    last_words = {stance.source: stance for stance in claim.stances if stance.kind != "repeats"}
    return [stance for stance in last_words.values() if stance.kind in CONFIRMING]


def _chains(state: Incident, claim: Claim) -> list[Chain]:
    """Return the chains that carry the claim: its own, those that confirm it, those of claims that say the same."""
    alike: list[UUID] = [*claim.held_to("same"), *claim.held_of("same"), *claim.held_of("supports")]
    carrying = [state.claims[other] for other in alike]
    return [
        state.chain_of(claim),
        *(stance.chain for stance in _confirming(claim)),
        *(state.chain_of(other) for other in carrying if _credible(other)),
    ]


def _credible(claim: Claim) -> bool:
    return claim.retracted is None and claim.assessment not in NOT_CREDIBLE
