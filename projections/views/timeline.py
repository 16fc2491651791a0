"""The timeline: when it is said to have happened, when it was said, when we learnt it."""

from typing import assert_never

from sqlalchemy import BigInteger, Boolean, Column, MetaData

from domain import incident_events as e
from domain import values as v
from domain.events import Recorded
from projections.lists import Listed
from projections.rows import Rows
from projections.shapes import text_of
from projections.temporal import Text, listed_by, temporal
from projections.view import View

metadata = MetaData()
timeline = temporal(
    "timeline",
    metadata,
    Column("claim", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("happened_from", Text),
    Column("happened_to", Text),
    Column("precision", Text, nullable=False),
    Column("wording", Text),
    Column("said", Text),
    Column("learnt", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("standing", Boolean, nullable=False),
    key=("claim",),
)
published = temporal(
    "timeline_reports",
    metadata,
    Column("report", Text, nullable=False),
    Column("published", Text),
    key=("report",),
)
listed_by(timeline, "incident", "position")
LIST = Listed(
    "timeline",
    "moment",
    timeline,
    order=("position",),
    text=("text",),
    summary="when each claim is said to have happened, was said, and was learnt; in the order learnt",
)
Seen = e.ReportReceived | e.ClaimMade | e.ClaimCorrected | e.ClaimRetracted | e.ClaimReinstated


def project(rows: Rows, recorded: Recorded) -> None:
    """Keep the timeline up to one event."""
    event = recorded.event
    assert isinstance(event, Seen)
    match event:
        case e.ReportReceived():
            said = text_of(event.published) if event.published else None
            rows.add(published, report=str(event.report), published=said)
        case e.ClaimMade():
            report = rows.get(published, str(event.report))
            rows.add(
                timeline,
                claim=str(event.claim),
                incident=str(recorded.aggregate),
                text=event.wording.text,
                **_happened(event.occurred),
                said=report["published"] if report else None,
                learnt=text_of(recorded.recorded_at),
                position=recorded.position,
                standing=True,
            )
        case e.ClaimCorrected(after=after):
            key = (str(event.claim),)
            if after.wording is not None:
                rows.change(timeline, key, text=after.wording.text)
            if "occurred" in after.fields:
                rows.change(timeline, key, **_happened(after.occurred))
            if after.report is not None:
                report = rows.get(published, str(after.report))
                rows.change(timeline, key, said=report["published"] if report else None)
        case e.ClaimRetracted():
            rows.change(timeline, (str(event.claim),), standing=False)
        case e.ClaimReinstated():
            rows.change(timeline, (str(event.claim),), standing=True)
        case _:
            assert_never(event)


def _happened(occurred: v.Occurred | None) -> dict[str, str | None]:
    if occurred is None:
        return {"happened_from": None, "happened_to": None, "precision": "unknown", "wording": None}
    return {
        "happened_from": text_of(occurred.earliest) if occurred.earliest else None,
        "happened_to": text_of(occurred.latest) if occurred.latest else None,
        "precision": occurred.precision,
        "wording": occurred.wording,
    }


VIEW = View("timeline", 2, (timeline, published), frozenset(c.NAME for c in Seen.__args__), project)
