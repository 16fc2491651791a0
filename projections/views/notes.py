"""Notes and tasks, each on the thing that it is about."""

from typing import assert_never

from sqlalchemy import BigInteger, Column, MetaData

from domain import incident_events as e
from domain.events import Recorded
from projections.lists import Listed
from projections.rows import Rows
from projections.shapes import id_of, text_of
from projections.temporal import Text, listed_by, temporal
from projections.view import View

metadata = MetaData()
notes = temporal(
    "notes",
    metadata,
    Column("note", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("by", Text),
    Column("written_at", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    key=("note",),
)
tasks = temporal(
    "tasks",
    metadata,
    Column("task", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("to", Text, nullable=False),
    Column("due", Text),
    Column("state", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    key=("task",),
)
listed_by(notes, "incident", "position")
listed_by(tasks, "incident", "position")
NOTES = Listed("notes", "note", notes, order=("position",), filters=("subject", "by"), text=("text",), summary="notes")
TASKS = Listed("tasks", "task", tasks, order=("position",), filters=("subject", "to", "state"), summary="tasks")
Seen = e.NoteAdded | e.TaskAssigned | e.TaskDone


def project(rows: Rows, recorded: Recorded) -> None:
    """Keep notes and tasks up to one event."""
    event = recorded.event
    assert isinstance(event, Seen)
    match event:
        case e.NoteAdded():
            rows.add(
                notes,
                note=str(event.note),
                incident=str(recorded.aggregate),
                subject_kind=event.on.kind,
                subject=str(event.on.id),
                text=event.text,
                by=id_of(recorded.actor.account),
                written_at=text_of(recorded.recorded_at),
                position=recorded.position,
            )
        case e.TaskAssigned():
            rows.add(
                tasks,
                task=str(event.task),
                incident=str(recorded.aggregate),
                subject_kind=event.on.kind,
                subject=str(event.on.id),
                text=event.text,
                to=str(event.to),
                due=text_of(event.due) if event.due else None,
                state="open",
                position=recorded.position,
            )
        case e.TaskDone():
            rows.change(tasks, (str(event.task),), state="done")
        case _:
            assert_never(event)


VIEW = View("notes", 2, (notes, tasks), frozenset(c.NAME for c in Seen.__args__), project)
