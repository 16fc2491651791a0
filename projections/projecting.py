"""Projecting events: what one view makes of a batch, in the present transaction.

Law: a fault of the view is told by where it happened, never by what the event says; a database that is away is no fault
of the view.
"""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from domain.events import Recorded, mark_of
from projections.checkpoints import Checkpoint
from projections.rows import Rows
from projections.view import View

Stored = tuple[int, str, bytes]
Read = Callable[[int, int], Sequence[Stored]]
"""Reads position, name and stored bytes of the events after a position, at most so many."""


def parsed(position: int, data: bytes) -> Recorded:
    """Return an event from its stored bytes."""
    return Recorded.from_bytes(data, position)


@dataclass(slots=True)
class Batch:
    """Events in log order, each parsed once for all views."""

    stored: Sequence[Stored]
    parsed: dict[int, Recorded] = field(default_factory=dict)

    def recorded(self, position: int, data: bytes) -> Recorded:
        """Return the event at a position."""
        if position not in self.parsed:
            self.parsed[position] = parsed(position, data)
        return self.parsed[position]


class NotOfThisLog(Exception):
    """The views show what the log does not hold: an older or another record was put beside them."""


class Poisoned(Exception):
    """A view cannot take an event."""

    def __init__(self, position: int, problem: Exception) -> None:
        # Where it happened, and no word of what the event says: that may be anybody's name.
        place = traceback.extract_tb(problem.__traceback__)[-1]
        super().__init__(f"at {position}: {type(problem).__name__} in {Path(place.filename).name}, line {place.lineno}")


def project(
    connection: Connection, view: View, rows: Rows, stored: Sequence[Stored], recorded: Callable[[int, bytes], Recorded]
) -> None:
    """Project events in the present transaction. Raise `Poisoned` where the view cannot take one."""
    rows.at(connection)
    at = 0
    faults = connection.dialect.dbapi
    assert faults is not None
    try:
        for at, name, data in stored:
            if name in view.names:
                rows.position = at
                view.project(rows, recorded(at, data))
        rows.flush()
    except (faults.OperationalError, faults.InterfaceError):
        raise  # the database is away or full: not the view's fault
    except Exception as problem:
        raise Poisoned(at, problem) from problem


def check_log(shown: Checkpoint, read: Read) -> None:
    """Raise `NotOfThisLog` where a view shows what the log does not hold."""
    if shown.mark is None:
        return
    stored = read(shown.position - 1, 1)
    if not stored or stored[0][0] != shown.position or mark_of(stored[0][2]) != shown.mark:
        raise NotOfThisLog(
            f"view {shown.view} shows position {shown.position} of a log that is not this one: an older or another"
            " record was put beside the views. If that is meant, stop the servers, and `onrecord views rebuild` builds"
            " the views anew from this log"
        )
