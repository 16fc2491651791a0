"""Reports: what the desk holds of each publication, and what its publisher did to it."""

from typing import assert_never

from sqlalchemy import BigInteger, Column, MetaData

from domain import incident_events as e
from domain.events import Recorded
from projections.lists import Listed
from projections.rows import Rows
from projections.shapes import json_of, text_of
from projections.temporal import Json, Text, listed_by, temporal
from projections.view import View

metadata = MetaData()
reports = temporal(
    "reports",
    metadata,
    Column("report", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("published", Text),
    Column("reference", Text),
    Column("content", Json, nullable=False),
    Column("state", Text, nullable=False),
    Column("changes", Json, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("received_at", Text, nullable=False),
    key=("report",),
)
listed_by(reports, "incident", "position")
LIST = Listed(
    "reports",
    "report",
    reports,
    order=("position",),
    filters=("source", "state", "reference"),
    text=("title",),
    summary="reports, in the order they came in",
)
Seen = e.ReportReceived | e.ReportCorrected | e.ReportWithdrawn


def project(rows: Rows, recorded: Recorded) -> None:
    """Keep the reports up to one event."""
    event = recorded.event
    assert isinstance(event, Seen)
    match event:
        case e.ReportReceived():
            rows.add(
                reports,
                report=str(event.report),
                incident=str(recorded.aggregate),
                source=str(event.source),
                title=event.title,
                published=text_of(event.published) if event.published else None,
                reference=event.reference,
                content=json_of(event),
                state="received",
                changes=[],
                position=recorded.position,
                received_at=text_of(recorded.recorded_at),
            )
        case e.ReportCorrected():
            _changed(rows, event, recorded, "corrected")
        case e.ReportWithdrawn():
            _changed(rows, event, recorded, "withdrawn")
        case _:
            assert_never(event)


def _changed(rows: Rows, event: e.ReportCorrected | e.ReportWithdrawn, recorded: Recorded, state: str) -> None:
    row = rows.get(reports, str(event.report))
    assert row is not None
    line = {**json_of(event), "reason": recorded.reason, "position": recorded.position}
    rows.put(reports, **{**row, "state": state, "changes": [*row["changes"], line]})


VIEW = View("reports", 2, (reports,), frozenset(c.NAME for c in Seen.__args__), project)
