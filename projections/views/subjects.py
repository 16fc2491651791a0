"""Persons of whom passages are sealed: how many, who looked, and who is erased. No passage, in whatever form."""

from collections.abc import Collection
from typing import Any, assert_never

from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, Column, Connection, MetaData, select

from domain import subject_events as e
from domain.events import Recorded
from projections.lists import Listed
from projections.rows import Row, Rows
from projections.shapes import id_of, text_of
from projections.temporal import Json, Text, holds_at, listed_by, temporal
from projections.view import View

metadata = MetaData()
subjects = temporal(
    "subjects",
    metadata,
    Column("subject", Text, nullable=False),
    Column("short_id", Text, nullable=False),
    Column("incident", Text),
    Column("state", Text, nullable=False),
    Column("passages", BigInteger, nullable=False),
    Column("disclosures", BigInteger, nullable=False),
    Column("disclosed_at", Text),
    Column("erased", Json),
    Column("position", BigInteger, nullable=False),
    key=("subject",),
)
listed_by(subjects, "position")
listed_by(subjects, "short_id")
LIST = Listed(
    "subjects",
    "subject",
    subjects,
    order=("position",),
    filters=("state", "short_id", "incident"),
    scope="all",
    summary="persons of whom passages are sealed, with the looks at them and what became of them",
)


def project(rows: Rows, recorded: Recorded) -> None:
    """Keep the persons up to one event."""
    event, subject = recorded.event, str(recorded.aggregate)
    assert isinstance(event, e.SubjectEvents)
    match event:
        case e.SubjectSealed(number=1):
            rows.add(subjects, **_begun(event), position=recorded.position)
        case e.SubjectSealed():
            rows.change(subjects, (subject,), passages=event.number)
        case e.SubjectDisclosed():
            row = rows.get(subjects, subject)
            assert row is not None
            looked = {"disclosures": row["disclosures"] + 1, "disclosed_at": text_of(recorded.recorded_at)}
            rows.put(subjects, **{**row, **looked})
        case e.SubjectErased():
            erased = {
                "at": text_of(recorded.recorded_at),
                "position": recorded.position,
                "by": id_of(recorded.actor.account),
                "ordered_by": event.ordered_by,
                "ground": event.ground,
                "reason": recorded.reason,
            }
            rows.change(subjects, (subject,), state="erased", erased=erased)
        case _:
            assert_never(event)


def _begun(event: e.SubjectSealed) -> Row:
    return {
        "subject": str(event.subject),
        "short_id": event.short_id,
        "incident": id_of(event.incident),
        "state": "sealed",
        "passages": 1,
        "disclosures": 0,
        "disclosed_at": None,
        "erased": None,
    }


VIEW = View("subjects", 1, (subjects,), frozenset(c.NAME for c in e.SubjectEvents.__args__), project)


class Person(BaseModel):
    """A person of whom passages are sealed, as far as opening them needs it."""

    model_config = ConfigDict(frozen=True)

    subject: str
    short_id: str
    incident: str | None
    passages: int
    erased: dict[str, Any] | None


def persons_named(connection: Connection, position: int, short_ids: Collection[str]) -> list[Person]:
    """Return those who have these short ids at a position."""
    query = select(subjects).where(holds_at(subjects, position), subjects.c.short_id.in_(short_ids))
    found = connection.execute(query.order_by(subjects.c.position)).mappings()
    return [Person.model_validate({name: row[name] for name in Person.model_fields}) for row in found]


def person_named(connection: Connection, position: int, short_id: str) -> Person | None:
    """Return the person that has a short id, None where nobody had it at a position."""
    return next(iter(persons_named(connection, position, (short_id,))), None)
