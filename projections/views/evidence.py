"""Evidence with its custody: every hand that it passed through, every examination, each with the hash of then."""

from typing import Any, assert_never

from sqlalchemy import BigInteger, Column, MetaData

from domain import incident_events as e
from domain.events import Recorded
from projections.lists import Listed
from projections.rows import Row, Rows
from projections.shapes import id_of, json_of, text_of
from projections.temporal import Json, Text, listed_by, temporal
from projections.view import View

metadata = MetaData()
evidence = temporal(
    "evidence",
    metadata,
    Column("evidence", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("reference", Text),
    Column("state", Text, nullable=False),
    Column("finding", Text),
    Column("content", Json, nullable=False),
    Column("custody", Json, nullable=False),
    Column("position", BigInteger, nullable=False),
    key=("evidence",),
)
listed_by(evidence, "incident", "position")
LIST = Listed(
    "evidence",
    "evidence",
    evidence,
    order=("position",),
    filters=("kind", "state", "finding", "hash", "reference"),
    summary="evidence with its custody, in the order it was attached",
)
Seen = e.EvidenceAttached | e.EvidenceExamined | e.EvidenceTransferred | e.EvidenceWithdrawn


def project(rows: Rows, recorded: Recorded) -> None:
    """Keep the evidence up to one event."""
    event = recorded.event
    assert isinstance(event, Seen)
    if isinstance(event, e.EvidenceAttached):
        rows.add(
            evidence,
            evidence=str(event.evidence),
            incident=str(recorded.aggregate),
            kind=event.kind,
            hash=event.hash,
            reference=event.reference,
            state="attached",
            finding=None,
            content=json_of(event),
            custody=[_line("attached", event, recorded, event.hash)],
            position=recorded.position,
        )
        return
    row = rows.get(evidence, str(event.evidence))
    assert row is not None
    changes: Row
    match event:
        case e.EvidenceExamined():
            what, changes = "examined", {"finding": event.finding}
        case e.EvidenceTransferred():
            what, changes = "transferred", {"hash": event.hash_after}
        case e.EvidenceWithdrawn():
            what, changes = "withdrawn", {"state": "withdrawn"}
        case _:
            assert_never(event)
    line = _line(what, event, recorded, changes.get("hash") or row["hash"])
    rows.put(evidence, **{**row, **changes, "custody": [*row["custody"], line]})


def _line(what: str, event: Seen, recorded: Recorded, hash_: str) -> dict[str, Any]:
    """Return a line of the chain of custody; each is bound to the one before by position and hash."""
    return {
        "what": what,
        "by": id_of(recorded.actor.account),
        "at": text_of(recorded.recorded_at),
        "position": recorded.position,
        "hash": hash_,
        "reason": recorded.reason,
        **({} if isinstance(event, e.EvidenceAttached) else {"act": json_of(event)}),
    }


VIEW = View("evidence", 2, (evidence,), frozenset(c.NAME for c in Seen.__args__), project)
