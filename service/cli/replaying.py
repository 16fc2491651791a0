"""`onrecord replay`: the story of an incident, event by event, as the record learnt it."""

import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Annotated, Literal

import typer
from rich.console import Console, RenderableType
from sqlalchemy import select

from domain.events import Recorded
from projections.views.change_log import change_log
from projections.views.incidents import get_incident
from service.cli import keyboard
from service.cli.exits import UsageProblem
from service.cli.history import as_json, event_at, events_of, line
from service.cli.opening import Record, reading
from service.cli.options import Data, Incident, When
from service.cli.stage import Scene, picture
from service.cli.terminal import is_terminal, put, put_json

LONGEST = 2.0
"""Seconds that a gap in the story takes at the most."""
SHORTEST = 0.05
"""Seconds that a picture stays at the least."""
KEYS = "space or n: next   p: back   .: to the end   q: quit"


def replay(
    incident: Incident,
    at: When = None,
    speed: Annotated[
        float | None, typer.Option("--speed", help="Play: so many hours of the story in a second", min=0.001)
    ] = None,
    step: Annotated[bool, typer.Option("--step", help="Go by keys: space or n, p, ., q (as a terminal does)")] = False,
    format: Annotated[Literal["text", "json"], typer.Option("--format", help="How to print")] = "text",
    data: Data = None,
) -> None:
    """Play an incident back, up to a moment. A terminal shows the claims at each event; elsewhere it is a line each."""
    drawn = format == "text" and is_terminal()
    if step and not (drawn and sys.stdin.isatty()):
        raise UsageProblem("--step needs a terminal to draw on, and keys from one: leave it out")
    with reading(data) as record:
        last = record.at(at)
        if drawn and (step or speed is not None or sys.stdin.isatty()):
            _Stage(record, incident, last, None if step else speed).play()
        else:
            _print(record, incident, last, speed, format)


def _print(record: Record, incident: str, last: int, speed: float | None, format: str) -> None:
    people = record.names()
    for recorded in _paced(events_of(record, record.incident(incident), last), speed):
        if format == "json":
            put_json(as_json(recorded))
        else:
            put(line(recorded, people))
        sys.stdout.flush()


def _paced(events: Iterator[Recorded], speed: float | None) -> Iterator[Recorded]:
    before: Recorded | None = None
    for recorded in events:
        if speed is not None and before is not None:
            time.sleep(pause(before, recorded, speed))
        before = recorded
        yield recorded


def pause(before: Recorded, after: Recorded, speed: float) -> float:
    """Return the seconds between two events at so many hours a second."""
    return min((after.recorded_at - before.recorded_at).total_seconds() / 3600 / speed, LONGEST)


class _Stage:
    """A terminal on which the story is played: at a speed, or, without one, by keys."""

    def __init__(self, record: Record, incident: str, last: int, speed: float | None) -> None:
        self._record, self._speed = record, speed
        self._incident = str(record.incident(incident))
        self._positions = _positions(record, self._incident, last)
        self._people = record.names()
        self._console = Console(highlight=False)
        with record.views.connect() as connection:
            found = get_incident(connection, record.position, self._incident)
        assert found is not None, "it was found by its name"
        self._title = f"{found.short_id}  {found.title}"

    def play(self) -> None:
        """Play from the first event until the last, or until the user has had enough; the last picture stays."""
        if not self._positions:
            raise UsageProblem("the incident was not there yet at this moment")
        by_keys = sys.stdin.isatty()
        shown = 0
        with keyboard.keys() if by_keys else nullcontext(), self._console.screen() as screen:
            while True:
                recorded = event_at(self._record.ledger, self._positions[shown])
                screen.update(self._picture(recorded, shown, KEYS if by_keys else ""))
                following = self._following(recorded, shown, by_keys)
                if following is None:
                    break
                shown = following
        self._console.print(self._picture(recorded, shown, ""))

    def _picture(self, recorded: Recorded, shown: int, hint: str) -> RenderableType:
        scene = Scene(self._incident, self._title, recorded, shown + 1, len(self._positions), self._people)
        with self._record.views.connect() as connection:
            return picture(connection, scene, self._console.height, hint)

    def _following(self, recorded: Recorded, shown: int, by_keys: bool) -> int | None:
        """Return which event to show next, None to end."""
        end = len(self._positions) - 1
        if self._speed is not None and shown == end:
            return None
        wait = None if self._speed is None else self._pause(recorded, shown, self._speed)
        asked = self._asked(wait, by_keys)
        match asked:
            case "quit":
                return None
            case "back":
                return max(shown - 1, 0)
            case "end":
                return end
            case "next" if shown == end:
                return None
            case _:
                return min(shown + 1, end)

    def _pause(self, recorded: Recorded, shown: int, speed: float) -> float:
        after = event_at(self._record.ledger, self._positions[shown + 1])
        return max(pause(recorded, after, speed), SHORTEST)

    def _asked(self, wait: float | None, by_keys: bool) -> str:
        """Return what the user asks for: by a key, or, where none came in so many seconds, the next event."""
        if not by_keys:
            time.sleep(wait or 0.0)
            return "next"
        while (asked := keyboard.asked(wait)) is None and wait is None:
            pass
        return asked or "next"


def _positions(record: Record, incident: str, last: int) -> list[int]:
    log = change_log.c
    with record.views.connect() as connection:
        query = select(log.position).where(log.aggregate == incident, log.position <= last).order_by(log.position)
        return list(connection.execute(query).scalars())
