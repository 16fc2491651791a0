"""What may be asked of a source."""

from domain import values as v
from domain.command import Command


class SourceCommand(Command):
    """A command to one source."""

    AGGREGATE = "source"
    source: v.SourceId


class RegisterSource(Command, v.SourceContent):
    """Register a source."""

    NAME = "source.register"
    AGGREGATE = "source"
    source: v.SourceId | None = None


class DescribeSource(SourceCommand, v.SourceContent):
    """Describe a source anew."""

    NAME = "source.describe"


class GradeSource(SourceCommand):
    """Grade the reliability of a source, on a topic and over a period where given."""

    NAME = "source.grade"
    reliability: v.Reliability
    topic: v.Line | None = None
    period: v.Occurred | None = None
    basis: v.Prose = ""


class RelateSource(SourceCommand):
    """Record a tie to another source."""

    NAME = "source.relate"
    other: v.SourceId
    relation: v.SourceRelation


class UnrelateSource(SourceCommand):
    """Take a tie to another source back."""

    NAME = "source.unrelate"
    other: v.SourceId
    relation: v.SourceRelation


class JudgeSource(SourceCommand):
    """Judge two sources to be the same, or different."""

    NAME = "source.judge"
    other: v.SourceId
    judgement: v.Sameness


SourceCommands = RegisterSource | DescribeSource | GradeSource | RelateSource | UnrelateSource | JudgeSource
