"""What every event has in common: a stable name, its aggregate, and whether a reason is owed for it.

Law: an event is stored under NAME for ever. A changed shape is a new name and one function in `upcasts.py`.
"""

from typing import ClassVar, Literal

from domain.values import Frozen

Aggregate = Literal["incident", "source", "account", "subject"]


class Event(Frozen):
    """A fact that was recorded. Subclasses are frozen and named `noun.verb.v1`."""

    NAME: ClassVar[str]
    AGGREGATE: ClassVar[Aggregate]
    REASON_OWED: ClassVar[bool] = False


class IncidentEvent(Event):
    """A fact about one incident; the incident is the stream that it stands in."""

    AGGREGATE = "incident"


class SourceEvent(Event):
    """A fact about one source."""

    AGGREGATE = "source"


class AccountEvent(Event):
    """A fact about one account."""

    AGGREGATE = "account"


class SubjectEvent(Event):
    """A fact about what is sealed of one person."""

    AGGREGATE = "subject"
