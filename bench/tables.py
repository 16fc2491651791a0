"""Figures as tables: rounds, medians, percentiles, and how they are printed."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from service import memory

Contest = Mapping[str, Callable[[], float]]
"""Contestants by name; each call is one round and returns its figure."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its title, and notes that say what exactly was done."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = field(default=())

    def as_text(self) -> str:
        """Return the table for a terminal."""
        cells = [self.columns, *self.rows]
        widths = [max(len(row[n]) for row in cells) for n in range(len(self.columns))]
        lines = [self.title, "-" * len(self.title)]
        for row in cells:
            first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            lines.append("  ".join((first.strip().ljust(widths[0]), *others)).rstrip())
        return "\n".join([*lines, *(f"  * {note}" for note in self.notes), ""])

    def as_markdown(self) -> str:
        """Return the table as Markdown."""
        lines = [f"### {self.title}", "", _row(self.columns), _row(["---", *["---:"] * (len(self.columns) - 1)])]
        return "\n".join([*lines, *map(_row, self.rows), "", *(f"- {note}" for note in self.notes), ""])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def in_turns(contest: Contest, rounds: int) -> dict[str, list[float]]:
    """Let the contestants take turns, another one first in each round; return the figures of each.

    The collector is set for all of them as the service sets it for itself.
    """
    memory.settle()
    names = list(contest)
    figures: dict[str, list[float]] = {name: [] for name in names}
    for n in range(rounds):
        first = n % len(names)
        for name in names[first:] + names[:first]:
            figures[name].append(contest[name]())
    return figures


def medians(figures: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the median of each contestant's figures."""
    return {name: statistics.median(rounds) for name, rounds in figures.items()}


def rate(per_second: float) -> str:
    """Return a rate for people."""
    return f"{per_second:,.0f}"


def times(ratio: float) -> str:
    """Return a ratio for people."""
    return f"{ratio:.2f}"


def milliseconds(seconds: float) -> str:
    """Return a duration for people."""
    return f"{seconds * 1000:.2f}"


def spread(rounds: Sequence[float]) -> str:
    """Return the lowest and highest figure of a contestant."""
    return f"{min(rounds):,.0f} to {max(rounds):,.0f}"


PERCENTILES = (50.0, 90.0, 99.0, 99.9)
PERCENTILE_COLUMNS = ("p50", "p90", "p99", "p99.9", "max")


def percentiles(seconds: Sequence[float]) -> list[str]:
    """Return the cells of a percentile row, in milliseconds: the value that so many per cent do not exceed."""
    ordered = sorted(seconds)
    ranks = [min(len(ordered) - 1, int(len(ordered) * percent / 100)) for percent in PERCENTILES]
    return [milliseconds(ordered[rank]) for rank in ranks] + [milliseconds(ordered[-1])]
