"""Incidents, each with its brief: what it is, whether it is open, and how much in it is contested.

The brief of an incident is its row here: one fact is held once, and `GET /incidents/{id}` needs one row at any moment.
"""

from collections.abc import Collection
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, or_, select

from domain import incident_events as e
from domain import values as v
from domain.events import Recorded
from projections.rows import Row, Rows
from projections.shapes import holds_text, json_or_none, text_of
from projections.temporal import Json, Text, held_at, holds_at, listed_by, temporal
from projections.view import View

metadata = MetaData()
incidents = temporal(
    "incidents",
    metadata,
    Column("incident", Text, nullable=False),
    Column("short_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("place", Json),
    Column("country", Text),
    Column("occurred", Json),
    Column("tags", Json, nullable=False),
    Column("marking", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("disposition", Text),
    Column("links", Json, nullable=False),
    Column("groups", Json, nullable=False),
    Column("counts", Json, nullable=False),
    Column("opened", Json, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    key=("incident",),
)
assessed = temporal(
    "incidents_claims",
    metadata,
    Column("claim", Text, nullable=False),
    Column("group", Text, nullable=False),
    Column("retracted", Integer, nullable=False),
    key=("claim",),
)
listed_by(incidents, "changed")
listed_by(incidents, "short_id")

NIL = "00000000-0000-0000-0000-000000000000"
"""An id as text is as long as this one; a short id is shorter."""
COUNTED: dict[str, str] = {
    e.ReportReceived.NAME: "reports",
    e.ClaimMade.NAME: "claims",
    e.EvidenceAttached.NAME: "evidence",
    e.FigureDefined.NAME: "figures",
    e.BulletinPublished.NAME: "bulletins",
    e.NoteAdded.NAME: "notes",
    e.StanceTaken.NAME: "stances",
    e.TaskAssigned.NAME: "tasks_open",
}


def project(rows: Rows, recorded: Recorded) -> None:
    """Keep the incident of one event up to it: each event moves its version."""
    event = recorded.event
    assert isinstance(event, e.IncidentEvents)
    if isinstance(event, e.IncidentOpened):
        rows.add(incidents, **_opened(event, recorded))
        return
    row = rows.get(incidents, str(recorded.aggregate))
    assert row is not None
    counts, groups = dict(row["counts"]), dict(row["groups"])
    if event.NAME in COUNTED:
        counts[COUNTED[event.NAME]] = counts.get(COUNTED[event.NAME], 0) + 1
    if isinstance(event, e.TaskDone):
        counts["tasks_open"] -= 1
    _tally(rows, event, groups)
    moved = {"version": recorded.version, "changed": recorded.position, "changed_at": text_of(recorded.recorded_at)}
    rows.put(incidents, **{**row, **_changes(row, event), **moved, "counts": counts, "groups": groups})


VIEW = View("incidents", 2, (incidents, assessed), frozenset(c.NAME for c in e.IncidentEvents.__args__), project)


def _opened(event: e.IncidentOpened, recorded: Recorded) -> Row:
    at = text_of(recorded.recorded_at)
    return {
        "incident": str(event.incident),
        "short_id": event.short_id,
        **_described(event),
        "state": "open",
        "disposition": None,
        "links": [],
        "groups": {},
        "counts": {},
        "opened": {"position": recorded.position, "recorded_at": at},
        "changed_at": at,
        "changed": recorded.position,
        "version": recorded.version,
    }


def _described(content: v.IncidentContent) -> Row:
    return {
        "title": content.title,
        "summary": content.summary,
        "place": json_or_none(content.place),
        "country": content.place.country if content.place else None,
        "occurred": json_or_none(content.occurred),
        "tags": list(content.tags),
        "marking": content.marking,
    }


def _changes(row: Row, event: e.IncidentEvents) -> Row:
    """Return the columns of the incident itself that an event changes."""
    match event:
        case e.IncidentDescribed(after=after):
            content = v.IncidentContent.model_validate({name: row[name] for name in v.IncidentContent.model_fields})
            return _described(content.model_copy(update={name: getattr(after, name) for name in after.fields}))
        case e.IncidentClosed():
            return {"state": "closed", "disposition": event.disposition}
        case e.IncidentReopened():
            return {"state": "open", "disposition": None}
        case e.IncidentLinked():
            return {"links": [*row["links"], {"other": str(event.other), "relation": event.relation}]}
        case e.IncidentUnlinked():
            gone = {"other": str(event.other), "relation": event.relation}
            return {"links": [link for link in row["links"] if link != gone]}
        case _:
            return {}


def _tally(rows: Rows, event: e.IncidentEvents, groups: dict[str, int]) -> None:
    """Count the claims that stand, by the group of their assessment; those that do not, as `retracted`."""
    match event:
        case e.ClaimMade():
            group = v.GROUP_OF["unassessed"]
            rows.add(assessed, claim=str(event.claim), group=group, retracted=0)
            groups[group] = groups.get(group, 0) + 1
        case e.ClaimAssessed():
            _move(rows, str(event.claim), groups, v.GROUP_OF[event.assessment], None)
        case e.ClaimRetracted():
            _move(rows, str(event.claim), groups, None, 1)
        case e.ClaimReinstated():
            _move(rows, str(event.claim), groups, None, 0)
        case _:
            pass


def _move(rows: Rows, claim: str, groups: dict[str, int], group: str | None, retracted: int | None) -> None:
    old = rows.get(assessed, claim)
    assert old is not None
    was = "retracted" if old["retracted"] else old["group"]
    groups[was] -= 1
    if not groups[was]:
        del groups[was]
    new_group, new_retracted = group or old["group"], old["retracted"] if retracted is None else retracted
    rows.put(assessed, claim=claim, group=new_group, retracted=new_retracted)
    now: str = "retracted" if new_retracted else new_group
    groups[now] = groups.get(now, 0) + 1


class IncidentView(BaseModel):
    """An incident as it stood at a position, with its brief."""

    model_config = ConfigDict(frozen=True)

    incident: str
    short_id: str
    title: str
    summary: str
    place: dict[str, Any] | None
    occurred: dict[str, Any] | None
    tags: list[str]
    marking: v.Marking
    state: str
    disposition: v.Disposition | None
    links: list[dict[str, str]]
    groups: dict[str, int]
    """How many claims stand in each group of assessments; `retracted` those that do not stand."""
    counts: dict[str, int]
    opened: dict[str, Any]
    changed: int
    changed_at: str
    version: int


def get_incident(connection: Connection, position: int, incident: str) -> IncidentView | None:
    """Return an incident, by id or short id, at a position; None where it was not there."""
    named = incidents.c.short_id == incident.upper() if len(incident) < len(NIL) else incidents.c.incident == incident
    row = held_at(connection, incidents, position, named)
    return None if row is None else IncidentView.model_validate(dict(row))


def list_incidents(
    connection: Connection,
    position: int,
    *,
    state: str | None = None,
    country: str | None = None,
    tag: str | None = None,
    q: str | None = None,
    within: Collection[str] | None = None,
    limit: int = 50,
    after: tuple[str | int, ...] | None = None,
) -> list[IncidentView]:
    """Return incidents at a position, the one that changed last first, after the key (changed,).

    `within` confines them to these ids.
    """
    where = [holds_at(incidents, position)]
    if within is not None:
        where.append(incidents.c.incident.in_(within))
    if state is not None:
        where.append(incidents.c.state == state)
    if country is not None:
        where.append(incidents.c.country == country)
    if q is not None:
        found = (incidents.c.title, incidents.c.summary, incidents.c.short_id)
        where.append(or_(*(holds_text(column, q) for column in found)))
    if after is not None:
        where.append(incidents.c.changed < after[0])
    query = select(incidents).where(*where).order_by(incidents.c.changed.desc())
    found_rows = (IncidentView.model_validate(dict(row)) for row in connection.execute(query).mappings())
    fitting = (view for view in found_rows if tag is None or tag in view.tags)
    return [view for view, _ in zip(fitting, range(limit), strict=False)]


def page_key(incident: IncidentView) -> tuple[str | int, ...]:
    """Return the key by which a list goes on after this incident."""
    return (incident.changed,)
