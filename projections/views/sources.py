"""Sources with their track record: what became of what they claimed."""

from typing import Any, assert_never

from sqlalchemy import BigInteger, Column, MetaData

from domain import incident_events as i
from domain import source_events as s
from domain import values as v
from domain.events import Recorded
from projections.lists import Listed
from projections.rows import Row, Rows
from projections.shapes import id_of, json_of, text_of
from projections.temporal import Json, Text, listed_by, temporal
from projections.view import View

metadata = MetaData()
sources = temporal(
    "sources",
    metadata,
    Column("source", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("country", Text),
    Column("party", Text),
    Column("content", Json, nullable=False),
    Column("reliability", Text),
    Column("gradings", Json, nullable=False),
    Column("ties", Json, nullable=False),
    Column("judged", Json, nullable=False),
    Column("record", Json, nullable=False),
    Column("position", BigInteger, nullable=False),
    key=("source",),
)
claims = temporal(
    "sources_claims",
    metadata,
    Column("claim", Text, nullable=False),
    Column("claimant", Text),
    Column("assessment", Text, nullable=False),
    Column("retracted", Text),
    Column("corrected_by_source", BigInteger, nullable=False),
    Column("corrected_by_desk", BigInteger, nullable=False),
    key=("claim",),
)
listed_by(sources, "position")
LIST = Listed(
    "sources",
    "source",
    sources,
    order=("position",),
    filters=("kind", "country", "party", "reliability"),
    text=("name",),
    scope="all",
    summary="sources with grading, ties and track record",
)
OfSource = (
    s.SourceRegistered | s.SourceDescribed | s.SourceGraded | s.SourceRelated | s.SourceUnrelated | s.SourceJudged
)
OfClaim = i.ClaimMade | i.ClaimCorrected | i.ClaimRetracted | i.ClaimReinstated | i.ClaimAssessed | i.StanceTaken
NAMES = frozenset(c.NAME for c in (*OfSource.__args__, *OfClaim.__args__))


def project(rows: Rows, recorded: Recorded) -> None:
    """Keep the sources up to one event."""
    event = recorded.event
    if isinstance(event, s.SourceRegistered):
        rows.add(sources, **_registered(event, recorded))
    elif isinstance(event, OfSource):
        row = rows.get(sources, str(recorded.aggregate))
        assert row is not None
        rows.put(sources, **{**row, **_changes(row, event, recorded)})
    else:
        assert isinstance(event, OfClaim)
        _of_claim(rows, event)


VIEW = View("sources", 2, (sources, claims), NAMES, project)


def _registered(event: s.SourceRegistered, recorded: Recorded) -> Row:
    return {
        "source": str(event.source),
        **_described(event),
        "reliability": None,
        "gradings": [],
        "ties": [],
        "judged": [],
        "record": {},
        "position": recorded.position,
    }


def _described(content: v.SourceContent) -> Row:
    columns = {name: getattr(content, name) for name in ("name", "kind", "country", "party")}
    return {**columns, "content": json_of(v.SourceContent.model_validate(content.model_dump(include=_CONTENT)))}


_CONTENT = set(v.SourceContent.model_fields)


def _changes(row: Row, event: OfSource, recorded: Recorded) -> Row:
    when = {"position": recorded.position, "at": text_of(recorded.recorded_at), "reason": recorded.reason}
    match event:
        case s.SourceRegistered():
            return {}
        case s.SourceDescribed():
            return _described(event.after)
        case s.SourceGraded():
            overall = row["reliability"] if event.topic else event.reliability
            return {"reliability": overall, "gradings": [*row["gradings"], {**json_of(event), **when}]}
        case s.SourceRelated():
            return {"ties": [*row["ties"], {"other": str(event.other), "relation": event.relation, **when}]}
        case s.SourceUnrelated():
            gone = (str(event.other), event.relation)
            return {"ties": [tie for tie in row["ties"] if (tie["other"], tie["relation"]) != gone]}
        case s.SourceJudged():
            return {"judged": [*row["judged"], {"other": str(event.other), "judgement": event.judgement, **when}]}
        case _:
            assert_never(event)


def _of_claim(rows: Rows, event: OfClaim) -> None:
    match event:
        case i.ClaimMade():
            claimant = id_of(event.attribution.claimant)
            rows.add(claims, claim=str(event.claim), claimant=claimant, **_NEW)
            _count(rows, claimant, claims=1)
        case i.StanceTaken():
            _count(rows, str(event.source), stances=1)
        case i.ClaimAssessed():
            row = _claim(rows, event.claim)
            rows.put(claims, **{**row, "assessment": event.assessment})
            _count(rows, row["claimant"], **{_judged(row["assessment"]): -1})
            _count(rows, row["claimant"], **{_judged(event.assessment): 1})
        case i.ClaimCorrected():
            _corrected(rows, event)
        case i.ClaimRetracted():
            row = _claim(rows, event.claim)
            rows.put(claims, **{**row, "retracted": event.by})
            _count(rows, row["claimant"], **{_withdrawn(event.by): 1})
        case i.ClaimReinstated():
            row = _claim(rows, event.claim)
            rows.put(claims, **{**row, "retracted": None})
            _count(rows, row["claimant"], **{_withdrawn(row["retracted"]): -1})
        case _:
            assert_never(event)


_NEW: Row = {"assessment": "unassessed", "retracted": None, "corrected_by_source": 0, "corrected_by_desk": 0}


def _corrected(rows: Rows, event: i.ClaimCorrected) -> None:
    """Count a correction for the claimant, and a claim with all that became of it for the one it is now laid to."""
    row = _claim(rows, event.claim)
    name = "corrected_by_source" if event.by == "source" else "corrected_by_desk"
    _count(rows, row["claimant"], **{name: 1})
    row = {**row, name: row[name] + 1}
    after = event.after.attribution
    now = row["claimant"] if after is None else id_of(after.claimant)
    if now != row["claimant"]:
        _count(rows, row["claimant"], **{name: -count for name, count in _counts(row).items()})
        _count(rows, now, **_counts(row))
    rows.put(claims, **{**row, "claimant": now})


def _counts(row: Row) -> dict[str, int]:
    """Return what a claim counts for in the record of its claimant."""
    corrected = {name: row[name] for name in ("corrected_by_source", "corrected_by_desk")}
    withdrawn = {_withdrawn(row["retracted"]): 1} if row["retracted"] else {}
    return {"claims": 1, _judged(row["assessment"]): 1, **corrected, **withdrawn}


def _judged(assessment: str) -> str:
    return f"assessed_{assessment}"


def _withdrawn(by: str) -> str:
    return "withdrawn_by_source" if by == "source" else "retracted_by_desk"


def _claim(rows: Rows, claim: object) -> Row:
    row = rows.get(claims, str(claim))
    assert row is not None
    return row


def _count(rows: Rows, source: str | None, **steps: int) -> None:
    """Move counts of a source's record; what nobody was named for counts for nobody."""
    row = rows.get(sources, source) if source is not None else None
    if row is None:
        return
    record: dict[str, Any] = dict(row["record"])
    for name, step in steps.items():
        if name != "assessed_unassessed":
            record[name] = record.get(name, 0) + step
    rows.put(sources, **{**row, "record": {name: count for name, count in record.items() if count}})
