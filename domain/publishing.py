"""What the desk published: bulletins, the claims that they cite (rule 8), and how they are put right."""

from domain import incident_commands as c
from domain import incident_events as e
from domain import refusals as r
from domain import values as v
from domain.content import carry
from domain.given import Given
from domain.incident_state import Incident
from domain.lookup import bulletin_of, claim_of, new_id, standing

CALLED_CORRECTION = ("correc", "berichtigung", "korrektur", "rectific", "sprostowanie", "виправлення", "исправление")
"""What names a correction, as a part of its label, in the languages of the wires."""


def publish(state: Incident, command: c.PublishBulletin, given: Given) -> e.BulletinPublished:
    """Return the bulletin with each citation at its position, or raise a refusal of rule 8."""
    bulletin = new_id(command.bulletin, state.bulletins, given)
    cites = tuple(_cite(state, cite, given) for cite in command.cites)
    return carry(e.BulletinPublished, command, bulletin=bulletin, cites=cites)


def _cite(state: Incident, cite: v.Cite, given: Given) -> v.Citation:
    """Rule 8: a claim is cited as it was read, and is still what it was then."""
    claim = standing(state, cite.claim, "cannot be cited")
    position = cite.position or given.head
    if position > given.head or position < claim.made:
        raise r.CitedTooEarly(
            f"claim {state.name_of(claim)} can be cited at positions {claim.made} to {given.head}, not {position}"
        )
    if claim.changed > position:
        raise r.CitedClaimChanged(
            f"claim {state.name_of(claim)} changed at position {claim.changed} ({claim.change}), after it was read"
            f" at {position}: read it again"
        )
    return v.Citation(claim=claim.id, position=position)


def mend(state: Incident, command: c.CorrectBulletin | c.WithdrawBulletin) -> e.BulletinCorrected | e.BulletinWithdrawn:
    """Return the correction, with its number, or the withdrawal; a withdrawn bulletin takes neither."""
    bulletin = bulletin_of(state, command.bulletin)
    if bulletin.withdrawn:
        raise r.AlreadyWithdrawn(f"bulletin {bulletin.id} was withdrawn: publish a new one")
    if isinstance(command, c.WithdrawBulletin):
        return carry(e.BulletinWithdrawn, command)
    if not any(word in command.label.casefold() for word in CALLED_CORRECTION):
        raise r.NotCalledCorrection(
            f"{command.label!r}: a correction is always called correction, or that in its language"
        )
    if command.cause is not None:
        claim_of(state, command.cause)
    return carry(e.BulletinCorrected, command, number=bulletin.corrections + 1)
