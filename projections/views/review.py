"""The review queue: what waits for somebody's judgement, and why, the longest waiting first."""

from typing import Literal, assert_never

from sqlalchemy import BigInteger, Column, MetaData, String

from domain import incident_events as e
from domain.events import Recorded
from projections.lists import Listed
from projections.rows import Row, Rows
from projections.shapes import text_of
from projections.temporal import listed_by, temporal
from projections.view import View

metadata = MetaData()
review = temporal(
    "review",
    metadata,
    Column("item", String, nullable=False),
    Column("incident", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("why", String, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("waiting_since", String, nullable=False),
    key=("item",),
)
listed_by(review, "incident", "position")
LIST = Listed(
    "review",
    "review_item",
    review,
    order=("position", "item"),
    filters=("kind", "subject"),
    summary="what waits for judgement, the longest waiting first",
)
Waiting = Literal["unassessed", "disputed", "unsure_link", "unexamined"]
Seen = (
    e.ClaimMade
    | e.ClaimRetracted
    | e.ClaimReinstated
    | e.ClaimAssessed
    | e.ClaimsLinked
    | e.ClaimsUnlinked
    | e.StanceTaken
    | e.EvidenceAttached
    | e.EvidenceExamined
    | e.EvidenceWithdrawn
)


def project(rows: Rows, recorded: Recorded) -> None:
    """Keep the queue up to one event."""
    event = recorded.event
    assert isinstance(event, Seen)
    match event:
        case e.ClaimMade():
            rows.add(review, **_item(recorded, "unassessed", str(event.claim), "nobody has assessed it"))
        case e.ClaimReinstated():
            _wait(rows, recorded, "unassessed", str(event.claim), "it stands again, on a new basis")
        case e.ClaimAssessed() | e.ClaimRetracted():
            for kind in ("unassessed", "disputed"):
                rows.close(review, f"{kind}:{event.claim}")
        case e.StanceTaken():
            if event.kind in ("disputes", "denies"):
                _wait(rows, recorded, "disputed", str(event.claim), f"a source {event.kind} it")
        case e.ClaimsLinked() | e.ClaimsUnlinked():
            item = f"{event.claim}:{event.other}:{event.relation}"
            if isinstance(event, e.ClaimsLinked) and event.judgement == "unsure":
                _wait(rows, recorded, "unsure_link", item, f"it may be that the one {event.relation} the other")
            else:
                rows.close(review, f"unsure_link:{item}")
        case e.EvidenceAttached():
            _wait(rows, recorded, "unexamined", str(event.evidence), "nobody has examined it")
        case e.EvidenceExamined() | e.EvidenceWithdrawn():
            rows.close(review, f"unexamined:{event.evidence}")
        case _:
            assert_never(event)


def _wait(rows: Rows, recorded: Recorded, kind: Waiting, subject: str, why: str) -> None:
    """Let something wait, from now on where it does not yet."""
    if rows.get(review, f"{kind}:{subject}") is None:
        rows.add(review, **_item(recorded, kind, subject, why))


def _item(recorded: Recorded, kind: Waiting, subject: str, why: str) -> Row:
    return {
        "item": f"{kind}:{subject}",
        "incident": str(recorded.aggregate),
        "kind": kind,
        "subject": subject,
        "why": why,
        "position": recorded.position,
        "waiting_since": text_of(recorded.recorded_at),
    }


VIEW = View("review", 1, (review,), frozenset(c.NAME for c in Seen.__args__), project)
