"""What may happen to a source: registration, grading, ties to other sources, judgements of identity."""

from typing import ClassVar

from domain import values as v
from domain.event import SourceEvent


class _Owed(SourceEvent):
    """A source event for which a reason is owed."""

    REASON_OWED: ClassVar[bool] = True


class SourceRegistered(SourceEvent, v.SourceContent):
    """A source was registered."""

    NAME = "source.registered.v1"
    source: v.SourceId


class SourceDescribed(_Owed):
    """The description of a source changed."""

    NAME = "source.described.v1"
    before: v.SourceContent
    after: v.SourceContent


class SourceGraded(_Owed):
    """A source was graded for its reliability, on a topic and over a period where given."""

    NAME = "source.graded.v1"
    reliability: v.Reliability
    previous: v.Reliability | None = None
    topic: v.Line | None = None
    period: v.Occurred | None = None
    basis: v.Prose = ""


class SourceRelated(SourceEvent):
    """A tie to another source was recorded."""

    NAME = "source.related.v1"
    other: v.SourceId
    relation: v.SourceRelation


class SourceUnrelated(_Owed):
    """A tie to another source was taken back."""

    NAME = "source.unrelated.v1"
    other: v.SourceId
    relation: v.SourceRelation


class SourceJudged(_Owed):
    """Two sources were judged to be the same, or different; both histories stay."""

    NAME = "source.judged.v1"
    other: v.SourceId
    judgement: v.Sameness


SourceEvents = SourceRegistered | SourceDescribed | SourceGraded | SourceRelated | SourceUnrelated | SourceJudged
