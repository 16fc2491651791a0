"""The named refusals: what the record does not accept, and what to do instead.

Law: `decide` raises nothing else. A refused command leaves nothing behind.
"""

from typing import ClassVar


class Refused(Exception):
    """A rule of the record refuses the command. `rule` is the number in docs/rules.md, 0 where none is."""

    rule: ClassVar[int] = 0

    @property
    def name(self) -> str:
        """Return the name by which clients know this refusal."""
        return type(self).__name__


class Unknown(Refused):
    """The command names a thing that the record does not hold."""


class UnknownIncident(Unknown):
    """No incident of this id."""


class UnknownReport(Unknown):
    """No report of this id in the incident (rule 1)."""

    rule = 1


class UnknownClaim(Unknown):
    """No claim of this id in the incident."""


class UnknownFigure(Unknown):
    """No figure of this id in the incident."""


class UnknownEvidence(Unknown):
    """No evidence of this id in the incident."""


class UnknownStance(Unknown):
    """No stance of this id on the claim."""


class UnknownTask(Unknown):
    """No task of this id in the incident."""


class UnknownBulletin(Unknown):
    """No bulletin of this id in the incident."""


class UnknownSource(Unknown):
    """No source of this id is registered (rule 1)."""

    rule = 1


class UnknownAccount(Unknown):
    """No account of this id."""


class UnknownKey(Unknown):
    """The account has no such key."""


class UnknownSubject(Unknown):
    """Nothing is sealed of such a person."""


class UnknownPassage(Unknown):
    """Nothing is sealed under this seal."""


class NotLinked(Unknown):
    """There is no such link to take back."""


class AlreadyExists(Refused):
    """The id is taken."""


class ReasonOwed(Refused):
    """A reason is owed (rule 9)."""

    rule = 9


class ChainRepeats(Refused):
    """An attribution chain holds a source twice (rule 1)."""

    rule = 1


class ClaimIsRetracted(Refused):
    """A retracted claim takes no assessment, stance, correction or citation (rule 2)."""

    rule = 2


class AlreadyRetracted(Refused):
    """The claim was retracted already (rule 2)."""

    rule = 2


class NotRetracted(Refused):
    """The claim stands: there is nothing to reinstate (rule 2)."""

    rule = 2


class OwnClaim(Refused):
    """A claimant's word on its own claim is no stance (rule 3)."""

    rule = 3


class NotIndependentlyConfirmed(Refused):
    """`confirmed` lacks an independent confirmation or verified evidence (rule 4)."""

    rule = 4


class EvidenceUnanswered(Refused):
    """`confirmed` leaves verified evidence against the claim unanswered (rule 4)."""

    rule = 4


class TooFewIndependentSources(Refused):
    """`likely` needs two independent sources (rules 4 and 5)."""

    rule = 4


class MayNotOverride(Refused):
    """Only an editor may override rule 4."""

    rule = 4


class NothingToOverride(Refused):
    """The rule is met: an override would say otherwise for ever (rule 4)."""

    rule = 4


class WrongDimension(Refused):
    """The unit does not measure what the figure measures (rule 6)."""

    rule = 6


class BoundDisagrees(Refused):
    """Low, best and high do not agree with the bound (rule 6)."""

    rule = 6


class NotACount(Refused):
    """Counts are whole and not negative (rule 6)."""

    rule = 6


class ChangesNothing(Refused):
    """A correction or description changes something (rule 6)."""

    rule = 6


class IncidentClosed(Refused):
    """A closed incident takes retractions, corrections, withdrawals and notes (rule 7)."""

    rule = 7


class NotClosed(Refused):
    """The incident is open: there is nothing to reopen (rule 7)."""

    rule = 7


class CitedClaimChanged(Refused):
    """A cited claim was retracted or changed after the position at which it was read (rule 8)."""

    rule = 8


class CitedTooEarly(Refused):
    """The claim was not there yet, or the position lies ahead of the log (rule 8)."""

    rule = 8


class CodeMissing(Refused):
    """The act of the desk needs its code, that of a source takes none."""


class AlreadyLinked(Refused):
    """The link is there already."""


class LinkToItself(Refused):
    """A thing cannot be linked to itself."""


class LinksDisagree(Refused):
    """Another link, which is held, says the opposite."""


class OnlySuspects(Refused):
    """A machine may only say `unsure` of two claims."""


class AlreadyWithdrawn(Refused):
    """The thing was withdrawn already."""


class NotCalledCorrection(Refused):
    """A correction of a bulletin is always called correction."""


class RestsOnWhatIsLeftOut(Refused):
    """A figure is adopted on a claim that it leaves out."""


class AlreadyDone(Refused):
    """The task is done already."""


class CustodyBroken(Refused):
    """The hash before the transfer is not the hash that the record holds."""


class ForAndAgainst(Refused):
    """Evidence cannot be for and against the same claim."""


class AccountClosed(Refused):
    """The account is closed."""


class AlreadyGranted(Refused):
    """The account has the role already."""


class NotGranted(Refused):
    """The account does not have the role."""


class ExpiryPassed(Refused):
    """The expiry lies in the past."""


class SubjectErased(Refused):
    """The person's key was destroyed: nothing sealed of that person can be read, and nothing more is sealed."""
