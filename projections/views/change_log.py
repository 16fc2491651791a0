"""The change log: every event, who, when and why, with before and after, field by field."""

from collections.abc import Collection, Iterator
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, MetaData, RowMapping, select

from domain import account_events as a
from domain import incident_events as e
from domain import source_events as s
from domain import subject_events as p
from domain.events import Event, Recorded, parse
from projections.rows import Rows
from projections.shapes import id_of, json_of, text_of
from projections.temporal import Json, Text, temporal
from projections.view import View

metadata = MetaData()
change_log = temporal(
    "change_log",
    metadata,
    Column("position", BigInteger, nullable=False),
    Column("recorded_at", Text, nullable=False),
    Column("aggregate_kind", Text, nullable=False),
    Column("aggregate", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("account", Text),
    Column("key", Text),
    Column("reason", Text, nullable=False),
    Column("correlation", Text),
    Column("causation", BigInteger),
    Column("subject_kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("payload", Json, nullable=False),
    key=("position",),
)
Index("ix_change_log_aggregate", change_log.c.aggregate, change_log.c.position)
Index("ix_change_log_subject", change_log.c.subject, change_log.c.position)
Index("ix_change_log_account", change_log.c.account, change_log.c.position)

SUBJECTS = ("claim", "evidence", "bulletin", "note", "task", "figure", "report", "incident", "source", "account")
"""The fields that say what an event is about; the first that it has names its subject: a stance is on its claim."""


class FieldChange(BaseModel):
    """A field, and what it was and became."""

    model_config = ConfigDict(frozen=True)

    field: str
    before: Any = None
    after: Any = None


def project(rows: Rows, recorded: Recorded) -> None:
    """Write the line of one event."""
    event = recorded.event
    kind, subject = subject_of(recorded)
    rows.add(
        change_log,
        position=recorded.position,
        recorded_at=text_of(recorded.recorded_at),
        aggregate_kind=event.AGGREGATE,
        aggregate=str(recorded.aggregate),
        version=recorded.version,
        name=event.NAME,
        account=id_of(recorded.actor.account),
        key=recorded.actor.key,
        reason=recorded.reason,
        correlation=recorded.correlation,
        causation=recorded.causation,
        subject_kind=kind,
        subject=subject,
        payload=json_of(event),
    )


VIEW = View("change_log", 2, (change_log,), frozenset(c.NAME for c in get_args(Event)), project)


def subject_of(recorded: Recorded) -> tuple[str, str]:
    """Return what an event is about: kind and id."""
    event = recorded.event
    for kind in SUBJECTS:
        if kind in type(event).model_fields and event.AGGREGATE == "incident":
            return kind, str(getattr(event, kind))
    return event.AGGREGATE, str(recorded.aggregate)


def changes_of(event: Event) -> list[dict[str, Any]]:
    """Return what an event changed, field by field (`FieldChange`), in the fields' own names."""
    match event:
        case e.ClaimCorrected() | e.IncidentDescribed():
            before, after = json_of(event.before), json_of(event.after)
            return [_change(name, before.get(name), after.get(name)) for name in event.after.fields]
        case e.FigureDescribed() | s.SourceDescribed():
            return _differences(json_of(event.before), json_of(event.after))
        case e.ClaimAssessed():
            return _judged("assessment", event.previous, json_of(event), "claim")
        case s.SourceGraded():
            return _judged("reliability", event.previous, json_of(event))
        case e.IncidentClosed():
            return [_change("state", "open", "closed"), _change("disposition", None, event.disposition)]
        case e.IncidentReopened():
            return [_change("state", "closed", "open")]
        case e.IncidentUnlinked() | e.ClaimsUnlinked() | s.SourceUnrelated() | a.RoleRevoked():
            return _differences(json_of(event), {})
        case p.SubjectErased():
            return [_change("state", "sealed", "erased"), *_differences({}, json_of(event))]
        case _:
            return _differences({}, json_of(event))


def _judged(field: str, previous: str | None, told: dict[str, Any], *known: str) -> list[dict[str, Any]]:
    """Return a judgement as the change that it is, and what it says beside."""
    rest = {name: value for name, value in told.items() if name not in (field, "previous", *known)}
    return [_change(field, previous, told[field]), *_differences({}, rest)]


def _differences(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        _change(name, before.get(name), after.get(name))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]


def _change(field: str, before: Any, after: Any) -> dict[str, Any]:
    return {"field": field, "before": before, "after": after}


class ChangeView(BaseModel):
    """One line of the change log."""

    model_config = ConfigDict(frozen=True)

    position: int
    recorded_at: str
    aggregate_kind: str
    aggregate: str
    version: int
    name: str
    account: str | None
    key: str | None
    reason: str
    correlation: str | None
    causation: int | None
    subject_kind: str
    subject: str
    changes: list[FieldChange]


def list_changes(
    connection: Connection,
    position: int,
    *,
    aggregate: str | None = None,
    subject: str | None = None,
    account: str | None = None,
    name: str | None = None,
    names: Collection[str] | None = None,
    within: Collection[str] | None = None,
    recorded_from: str | None = None,
    recorded_to: str | None = None,
    first: int | None = None,
    last: int | None = None,
    limit: int = 50,
    after: tuple[str | int, ...] | None = None,
    newest_first: bool = False,
) -> list[ChangeView]:
    """Return the lines up to a position in log order, after the key (position,). Times are RFC 3339 text in UTC.

    `within` confines them to these aggregates, `names` to these events. Newest first, `after` goes backwards.
    """
    log = change_log.c
    where = [log.position <= position]
    for column, value in ((log.aggregate, aggregate), (log.subject, subject), (log.account, account), (log.name, name)):
        if value is not None:
            where.append(column == value)
    if recorded_from is not None:
        where.append(log.recorded_at >= recorded_from)
    if recorded_to is not None:
        where.append(log.recorded_at <= recorded_to)
    if first is not None:
        where.append(log.position >= first)
    if last is not None:
        where.append(log.position <= last)
    if names is not None:
        where.append(log.name.in_(names))
    if within is not None:
        where.append(log.aggregate.in_(within))
    if after is not None:
        where.append(log.position < after[0] if newest_first else log.position > after[0])
    order = log.position.desc() if newest_first else log.position
    query = select(change_log).where(*where).order_by(order).limit(limit)
    return [_view(row) for row in connection.execute(query).mappings()]


def _view(row: RowMapping) -> ChangeView:
    changes = changes_of(parse(row["name"], row["payload"]))
    return ChangeView.model_validate({**row, "changes": changes})


def page_key(change: ChangeView) -> tuple[str | int, ...]:
    """Return the key by which a list goes on after this line."""
    return (change.position,)


def every_change(connection: Connection, position: int, **filters: Any) -> Iterator[ChangeView]:
    """Yield all lines up to a position, a page at a time."""
    after: tuple[str | int, ...] | None = None
    while page := list_changes(connection, position, limit=1_000, after=after, **filters):
        yield from page
        after = page_key(page[-1])
