"""What may be asked of what is sealed of a person. Passages come encrypted; the key never comes here."""

from domain import values as v
from domain.command import Command


class SubjectCommand(Command):
    """A command about one person.

    `incident` is the one for which the first passage was sealed: who has a role for that incident only names it.
    """

    AGGREGATE = "subject"
    subject: v.SubjectId
    incident: v.IncidentId | None = None


class SealSubject(SubjectCommand):
    """Seal a passage about a person of whom nothing is sealed yet, for an incident where one is named."""

    NAME = "subject.seal"
    sealed: v.Sealed


class SealPassage(SubjectCommand):
    """Seal another passage about a person."""

    NAME = "passage.seal"
    sealed: v.Sealed


class DiscloseSubject(SubjectCommand):
    """Have passages disclosed, by their numbers, or all of them; the look is recorded, with its reason."""

    NAME = "subject.disclose"
    passages: tuple[v.PassageNumber, ...] = ()


class EraseSubject(SubjectCommand):
    """Erase all passages of a person for ever, by destroying the key: say by whose order and on what legal ground."""

    NAME = "subject.erase"
    ordered_by: v.Line
    ground: v.ErasureGround


SubjectCommands = SealSubject | SealPassage | DiscloseSubject | EraseSubject
