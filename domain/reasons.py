"""Reasons are owed where the vocabulary says (rule 9); one without a letter or a number is none."""

from typing import TypeVar

from domain.command import Command
from domain.event import Event
from domain.refusals import ReasonOwed

E = TypeVar("E", bound=Event)


def check_reason(command: Command, events: tuple[E, ...]) -> tuple[E, ...]:
    """Return the events, or raise `ReasonOwed` where one of them owes a reason that the command does not give."""
    for event in events:
        if event.REASON_OWED and not any(map(str.isalnum, command.reason)):
            raise ReasonOwed(f"{command.NAME} owes a reason: say why, in the field `reason`")
    return events
