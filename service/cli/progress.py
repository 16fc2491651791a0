"""Progress of what takes long: a bar in a terminal, a line each five seconds elsewhere, nothing where it is not wanted.

Law: progress goes to standard error.
"""

import os
import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

from service.cli.terminal import plain, say

EVERY = 5.0
"""Seconds between two lines."""


class Progress:
    """How far something is: `done` of `total`, where the total is known."""

    def __init__(self, name: str, total: int | None, *, quiet: bool = False) -> None:
        self._name, self._total, self._quiet = name, total, quiet
        self._started = self._told = time.monotonic()
        self._bar = None if quiet or not _drawn() else _bar()
        self._task = self._bar.add_task(plain(name), total=total) if self._bar else None

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def at(self, done: int) -> None:
        """Tell how much is done."""
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=done)
        elif not self._quiet and time.monotonic() - self._told >= EVERY:
            self._told = time.monotonic()
            say(f"{self._name}: {progress_line(done, self._total, self._told - self._started)}")

    def say(self, text: str) -> None:
        """Tell something without breaking the bar."""
        if self._bar:
            self._bar.console.print(Text(plain(text)), soft_wrap=True)
        else:
            say(text)


def progress_line(done: int, total: int | None, seconds: float) -> str:
    """Return M/N, the rate and how long it will still take."""
    rate = done / seconds if seconds > 0 else 0.0
    if not total:
        return f"{done}, {rate:.0f}/s"
    left = f", {_span((total - done) / rate)} left" if rate > 0 and done < total else ""
    return f"{done}/{total}, {rate:.0f}/s{left}"


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _drawn() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.0f}/s" if speed else "")


def _bar() -> Bar:
    return Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
