"""What every command has in common: a stable name, its aggregate, and a reason."""

from typing import ClassVar

from domain.event import Aggregate
from domain.values import Frozen, IncidentId, Prose


class Command(Frozen):
    """A wish to record something; `decide` says what comes of it. Named `noun.verb`, as imports write it."""

    NAME: ClassVar[str]
    AGGREGATE: ClassVar[Aggregate]
    reason: Prose = ""


class IncidentCommand(Command):
    """A command to one incident."""

    AGGREGATE = "incident"
    incident: IncidentId
