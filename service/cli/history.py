"""`onrecord log`: who changed what, when and why, with before and after."""

from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from domain.events import REGISTRY, Recorded
from projections.views.change_log import ChangeView, FieldChange, every_change
from service.cli.exits import UsageProblem
from service.cli.opening import Record, reading
from service.cli.options import AnyIncident, Data, Json, When
from service.cli.terminal import put, put_json
from service.ledger import Ledger
from service.moments import first_from, position_of
from service.named import told
from service.words import words_of

OPERATOR = "the operator"


def log(
    incident: AnyIncident = None,
    account: Annotated[str | None, typer.Option("--account", help="Only what this account did: id or name")] = None,
    event: Annotated[str | None, typer.Option("--event", help="Only events of this name: claim.made.v1")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Only what is about this: id, or short id")] = None,
    since: Annotated[str | None, typer.Option("--from", help="From this position or time on")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Up to this position or time")] = None,
    at: When = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Tell every change: when, by whom, what, why, and each field before and after."""
    if event is not None and event not in REGISTRY:
        raise UsageProblem(f"there is no event {event}; the events are {', '.join(sorted(REGISTRY))}")
    with reading(data) as record:
        people = record.names()
        filters: dict[str, Any] = {
            "aggregate": str(record.incident(incident)) if incident else None,
            "account": str(record.account(account)) if account else None,
            "name": event,
            "subject": record.subject(subject) if subject else None,
            "first": first_from(record.ledger, since) if since else None,
            "last": position_of(record.ledger, until) if until else None,
        }
        with record.views.connect() as connection:
            for change in every_change(connection, record.at(at), **filters):
                _tell(record, change, people, json=json)


def _tell(record: Record, change: ChangeView, people: dict[str, str], *, json: bool) -> None:
    recorded = event_at(record.ledger, change.position)
    if json:
        put_json({**change.model_dump(mode="json"), "words": told(recorded, people), "who": who(recorded, people)})
        return
    put(line(recorded, people))
    for text in detail(recorded, change.changes):
        put(f"         {text}")


def event_at(ledger: Ledger, position: int) -> Recorded:
    """Return the event at a position that the log holds."""
    (recorded,) = ledger.read(position - 1, 1)
    return recorded


def events_of(record: Record, incident: UUID, last: int) -> Iterator[Recorded]:
    """Yield the events of an incident up to a position."""
    for recorded in record.ledger.history(incident):
        if recorded.position > last:
            return
        yield recorded


def line(recorded: Recorded, people: dict[str, str]) -> str:
    """Return an event as a line: position, time, who, what, why."""
    return f"{recorded.position:>7}  {moment_of(recorded)}  {who(recorded, people)}: {told(recorded, people)}" + (
        f" — {recorded.reason}" if recorded.reason else ""
    )


def moment_of(recorded: Recorded) -> str:
    """Return when an event was recorded, to the second, in UTC."""
    return f"{recorded.recorded_at:%Y-%m-%d %H:%M:%S}Z"


def who(recorded: Recorded, people: dict[str, str]) -> str:
    """Return the name of whoever did it."""
    account = recorded.actor.account
    return OPERATOR if account is None else people.get(str(account), str(account))


def detail(recorded: Recorded, changes: list[FieldChange]) -> Iterator[str]:
    """Yield the fields that an event changed; of one that only adds, nothing that its line does not say."""
    for change in changes:
        if change.before is not None and change.before != change.after:
            yield f"{change.field}: {words_of(change.before)} -> {words_of(change.after)}"


def as_json(recorded: Recorded) -> dict[str, Any]:
    """Return an event as it is stored, led by its position."""
    return {"position": recorded.position, **orjson.loads(recorded.to_bytes())}
