"""What a view is: its tables, the events that it cares about, and what it makes of them."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Table

from domain.events import Recorded
from projections.rows import Rows


@dataclass(frozen=True)
class View:
    """A view: its tables, the events that it cares about, and what it makes of them.

    `project` never reads the clock, never calls out, and gives the same rows for the same log. A changed meaning is a
    new `version`: the runner then builds the view anew. `index` is run once the tables are in place, for what an
    index of the database alone cannot do.
    """

    name: str
    version: int
    tables: tuple[Table, ...]
    names: frozenset[str]
    project: Callable[[Rows, Recorded], None]
    index: Callable[[Connection], None] | None = None
