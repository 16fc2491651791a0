"""`onrecord log`, `replay`, `diff` and `export`: reading the record where it lies."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import orjson
import typer

from domain.events import Recorded
from projections.asof import changes_between
from projections.catalogue import LISTS
from projections.runner import Runner
from projections.views import claims, incidents
from service.cli.exits import UsageProblem
from service.cli.serving import Data, settings_of
from service.ledger import Ledger
from service.words import in_words

Incident = Annotated[str, typer.Argument(help="Id or short id of the incident")]
When = Annotated[str | None, typer.Option(help="A position, or an RFC 3339 time")]


@contextmanager
def opened(data: Path | None) -> Iterator[tuple[Ledger, Runner]]:
    """Open the record for reading, beside a server or without one, with views that show all of it."""
    settings = settings_of(data)
    if not (settings.data / "ledger.sqlite").exists():
        raise UsageProblem(f"no record in {settings.data}: name its folder by --data or ONRECORD_DATA")
    with Ledger.open(settings, read_only=True) as ledger, Runner.open(settings.data / "views.sqlite") as views:
        views.catch_up(ledger.read_raw)
        yield ledger, views


def find_incident(views: Runner, name: str) -> UUID:
    """Return the id of an incident by its id or short id."""
    with views.connect() as connection:
        found = incidents.get_incident(connection, views.position(), name)
    if found is None:
        raise UsageProblem(f"no incident {name}")
    return UUID(found.incident)


def position_of(ledger: Ledger, moment: str | None) -> int:
    """Return the position that a text names; the head where there is none."""
    if moment is None:
        return ledger.head()
    if moment.isdigit():
        return min(int(moment), ledger.head())
    try:
        time_ = datetime.fromisoformat(moment)
    except ValueError:
        raise UsageProblem(f"{moment!r} is neither a position nor a time such as 2024-08-08T09:00:00Z") from None
    return ledger.position_at(time_ if time_.tzinfo else time_.replace(tzinfo=UTC))


def log(incident: Incident, data: Data = None, json: bool = False) -> None:
    """Print every event of an incident: when, what, why."""
    with opened(data) as (ledger, views):
        for recorded in ledger.history(find_incident(views, incident)):
            print(_as_json(recorded) if json else line(recorded))


def replay(
    incident: Incident,
    at: When = None,
    speed: Annotated[float, typer.Option(help="Hours of the story in a second; 0: at once")] = 0.0,
    format: Annotated[Literal["text", "json"], typer.Option(help="How to print")] = "text",
    data: Data = None,
) -> None:
    """Play an incident back, event by event, up to a moment."""
    with opened(data) as (ledger, views):
        last, before = position_of(ledger, at), None
        for recorded in ledger.history(find_incident(views, incident)):
            if recorded.position > last:
                break
            if speed > 0 and before is not None:
                gap = (recorded.recorded_at - before).total_seconds() / 3600 / speed
                time.sleep(min(gap, 5.0))
            before = recorded.recorded_at
            print(_as_json(recorded) if format == "json" else line(recorded), flush=True)


def diff(incident: Incident, first: str, second: str, data: Data = None, json: bool = False) -> None:
    """Tell what differs in an incident between two moments."""
    with opened(data) as (ledger, views), views.connect() as connection:
        a, b = position_of(ledger, first), position_of(ledger, second)
        wanted = str(find_incident(views, incident))
        tables = [("claim", claims.claims)] + [(one.noun, one.table) for one in LISTS if one.scope == "incident"]
        for kind, table in tables:
            for change in changes_between(connection, table, table.c.incident == wanted, a, b):
                told = {"kind": kind, **change.model_dump(mode="json")}
                if json:
                    print(orjson.dumps(told).decode())
                else:
                    fields = f": {', '.join(change.fields)}" if change.what == "changed" else ""
                    print(f"{kind} {next(iter(change.key.values()))} {change.what}{fields}")


def export(
    incident: Incident,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write")],
    data: Data = None,
) -> None:
    """Write an incident with its whole history, as NDJSON of the stored events."""
    with opened(data) as (ledger, views), output.open("xb") as file:
        count = 0
        for recorded in ledger.history(find_incident(views, incident)):
            file.write(_as_json(recorded).encode() + b"\n")
            count += 1
    print(f"{count} events written to {output}", file=sys.stderr)


def line(recorded: Recorded) -> str:
    """Return an event as a line: position, time, words, reason."""
    why = f" — {recorded.reason}" if recorded.reason else ""
    return f"{recorded.position:>7}  {recorded.recorded_at:%Y-%m-%d %H:%M:%S}Z  {in_words(recorded.event)}{why}"


def _as_json(recorded: Recorded) -> str:
    return orjson.dumps({"position": recorded.position, **orjson.loads(recorded.to_bytes())}).decode()
