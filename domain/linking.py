"""Relations between two claims: what links may say, and who may say it for certain.

Law: `same`, `different` and `contradicts` hold both ways and are recorded once. A machine may suspect (`unsure`); to
hold a link, or to let go of one that is held, takes a person.
"""

from domain import incident_commands as c
from domain import incident_events as e
from domain import refusals as r
from domain import values as v
from domain.content import carry
from domain.given import Given
from domain.incident_state import Claim, Incident
from domain.lookup import claim_of

BOTH_WAYS: frozenset[v.Relation] = frozenset({"same", "different", "contradicts"})
EXCLUDES: dict[v.Relation, v.Relation] = {"same": "different", "different": "same"}


def link(state: Incident, command: c.LinkClaims, given: Given) -> e.ClaimsLinked:
    """Return the link, or raise the refusal that names what stands against it."""
    claim, other = claim_of(state, command.claim), claim_of(state, command.other)
    relation, judgement = command.relation, command.judgement
    if claim.id == other.id:
        raise r.LinkToItself("a claim cannot be linked to itself")
    held = _judgement(claim, relation, other)
    if "positive" in (judgement, held):
        _check_person(given, f"to hold or to doubt that {_said(state, claim, relation, other)}")
    if held == judgement:
        raise r.AlreadyLinked(f"{_said(state, claim, relation, other)} already")
    if relation in BOTH_WAYS and _judgement(other, relation, claim) is not None:
        raise r.AlreadyLinked(f"{_said(state, other, relation, claim)} already: judge that link anew")
    if judgement == "positive":
        _check_agrees(state, claim, relation, other)
    return carry(e.ClaimsLinked, command)


def unlink(state: Incident, command: c.UnlinkClaims, given: Given) -> e.ClaimsUnlinked:
    """Return the unlinking, or raise `NotLinked`, or `OnlySuspects` where a machine would undo what people hold."""
    claim, other = claim_of(state, command.claim), claim_of(state, command.other)
    held = _judgement(claim, command.relation, other)
    if held is None:
        raise r.NotLinked(f"it was not linked that {_said(state, claim, command.relation, other)}")
    if held == "positive":
        _check_person(given, "to take back a link that is held")
    return carry(e.ClaimsUnlinked, command)


def _judgement(claim: Claim, relation: v.Relation, other: Claim) -> v.Judgement | None:
    return claim.links.get(relation, {}).get(other.id)


def _check_person(given: Given, what: str) -> None:
    account = given.accounts.get(given.actor) if given.actor is not None else None
    if account is not None and account.kind == "machine":
        raise r.OnlySuspects(f"account {account.name} is a machine's, and may only say `unsure`: {what} takes a person")


def _check_agrees(state: Incident, claim: Claim, relation: v.Relation, other: Claim) -> None:
    """Raise `LinksDisagree` where another link that is held says the opposite."""
    opposite = EXCLUDES.get(relation)
    for one, two in ((claim, other), (other, claim)):
        if opposite is not None and _judgement(one, opposite, two) == "positive":
            raise r.LinksDisagree(f"{_said(state, one, opposite, two)}: take that back first")
    if relation == "updates" and _leads_to(state, claim, other):
        raise r.LinksDisagree(
            f"{state.name_of(other)} updates {state.name_of(claim)} itself, directly or through others: each would"
            " supersede the other"
        )


def _leads_to(state: Incident, older: Claim, newer: Claim) -> bool:
    """Tell whether `updates` links that are held lead from the newer claim to the older.

    Walked from the older end: the newest claim, to which a link is usually made, has nothing above it.
    """
    seen, new = {older.id}, [older]
    while new:
        above = [one for one in new.pop().held_of("updates") if one not in seen]
        seen.update(above)
        new += [state.claims[one] for one in above]
    return newer.id in seen


def _said(state: Incident, claim: Claim, relation: v.Relation, other: Claim) -> str:
    return f"{state.name_of(claim)} {relation} {state.name_of(other)}"
