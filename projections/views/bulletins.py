"""Bulletins, and the impact of a claim: what leaned on it, and what was published with it.

Law: what a retracted claim supported is not changed by it (rule 10): the impact is shown, and people decide.

An edge runs from what leans to what it leans on: a bulletin on the claims that it cites, an adopted figure on the
claims that it rests on, a claim, and with it what the desk holds of it, on those that support it, that it is the same
as, and that it refines, updates, is part of or responds to. Only links that are held count, not those that may be.
"""

from collections import deque
from typing import Any, Literal, assert_never

from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, MetaData, select

from domain import incident_events as e
from domain import values as v
from domain.events import Recorded
from domain.incident_state import record_state
from projections.lists import Listed
from projections.rows import Row, Rows
from projections.shapes import json_of, text_of
from projections.temporal import Json, Text, held_at, holds_at, listed_by, temporal
from projections.view import View

metadata = MetaData()
bulletins = temporal(
    "bulletins",
    metadata,
    Column("bulletin", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("url", Text),
    Column("state", Text, nullable=False),
    Column("cites", Json, nullable=False),
    Column("corrections", Json, nullable=False),
    Column("withdrawal", Json),
    Column("position", BigInteger, nullable=False),
    Column("published_at", Text, nullable=False),
    key=("bulletin",),
)
leanings = temporal(
    "bulletins_leanings",
    metadata,
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("claim", Text, nullable=False),
    Column("relation", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    key=("kind", "id", "claim", "relation"),
)
standings = temporal(
    "bulletins_claims",
    metadata,
    Column("claim", Text, nullable=False),
    Column("retracted", Text),
    Column("assessment", Text, nullable=False),
    Column("corrections", Integer, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("change", Text, nullable=False),
    key=("claim",),
)
Index("ix_bulletins_leanings_claim", leanings.c.claim, leanings.c.since)
listed_by(bulletins, "incident", "position")
LIST = Listed(
    "bulletins",
    "bulletin",
    bulletins,
    order=("position",),
    filters=("state", "language"),
    text=("title", "text"),
    summary="bulletins, each with what it cites and how it was corrected",
)
ON_OTHER = ("refines", "updates", "same", "part_of", "responds_to")
"""Relations by which a claim leans on the other."""
ON_CLAIM = ("supports", "same")
"""Relations by which the other leans on the claim: what supports it carries it."""
Seen = (
    e.ClaimMade
    | e.ClaimCorrected
    | e.ClaimRetracted
    | e.ClaimReinstated
    | e.ClaimAssessed
    | e.ClaimsLinked
    | e.ClaimsUnlinked
    | e.FigureAdopted
    | e.EvidenceAttached
    | e.BulletinPublished
    | e.BulletinCorrected
    | e.BulletinWithdrawn
)


def project(rows: Rows, recorded: Recorded) -> None:
    """Keep bulletins and what leans on what, up to one event."""
    event = recorded.event
    assert isinstance(event, Seen)
    match event:
        case e.ClaimMade():
            new = {"retracted": None, "assessment": "unassessed", "corrections": 0}
            changed = {"changed": recorded.position, "change": event.NAME}
            rows.add(standings, claim=str(event.claim), **new, **changed)
        case e.ClaimCorrected() | e.ClaimRetracted() | e.ClaimReinstated() | e.ClaimAssessed():
            _claim_changed(rows, event, recorded)
        case e.ClaimsLinked() | e.ClaimsUnlinked():
            _link(rows, event, recorded.position)
        case e.FigureAdopted():
            for old in rows.find(leanings, kind="figure", id=str(event.figure)):
                rows.close(leanings, *(old[part] for part in ("kind", "id", "claim", "relation")))
            for claim in event.rests_on:
                _lean(rows, "figure", str(event.figure), str(claim), "rests_on", recorded.position)
        case e.EvidenceAttached():
            for claim in event.supports:
                _lean(rows, "evidence", str(event.evidence), str(claim), "attached_for", recorded.position)
        case e.BulletinPublished() | e.BulletinCorrected() | e.BulletinWithdrawn():
            _bulletin(rows, event, recorded)
        case _:
            assert_never(event)


VIEW = View("bulletins", 2, (bulletins, leanings, standings), frozenset(c.NAME for c in Seen.__args__), project)


def _claim_changed(
    rows: Rows,
    event: e.ClaimCorrected | e.ClaimRetracted | e.ClaimReinstated | e.ClaimAssessed,
    recorded: Recorded,
) -> None:
    row = rows.get(standings, str(event.claim))
    assert row is not None
    changes: Row
    match event:
        case e.ClaimCorrected():
            changes = {"corrections": row["corrections"] + 1}
        case e.ClaimRetracted():
            changes = {"retracted": event.by}
        case e.ClaimReinstated():
            changes = {"retracted": None, "corrections": 0}
        case e.ClaimAssessed():
            changes = {"assessment": event.assessment}
        case _:
            assert_never(event)
    rows.put(standings, **{**row, **changes, "changed": recorded.position, "change": event.NAME})


def _link(rows: Rows, event: e.ClaimsLinked | e.ClaimsUnlinked, position: int) -> None:
    claim, other = str(event.claim), str(event.other)
    held = isinstance(event, e.ClaimsLinked) and event.judgement == "positive"
    for relations, leaning, on in ((ON_OTHER, claim, other), (ON_CLAIM, other, claim)):
        if event.relation in relations and held:
            _lean(rows, "claim", leaning, on, event.relation, position)
        elif event.relation in relations:
            rows.close(leanings, "claim", leaning, on, event.relation)


def _lean(rows: Rows, kind: str, id_: str, claim: str, relation: str, position: int) -> None:
    rows.put(leanings, kind=kind, id=id_, claim=claim, relation=relation, position=position)


def _bulletin(
    rows: Rows, event: e.BulletinPublished | e.BulletinCorrected | e.BulletinWithdrawn, recorded: Recorded
) -> None:
    if isinstance(event, e.BulletinPublished):
        rows.add(bulletins, **_published(event, recorded))
        for cite in event.cites:
            _lean(rows, "bulletin", str(event.bulletin), str(cite.claim), "cites", cite.position)
        return
    row = rows.get(bulletins, str(event.bulletin))
    assert row is not None
    act = {**json_of(event), "reason": recorded.reason, "position": recorded.position}
    if isinstance(event, e.BulletinCorrected):
        rows.put(bulletins, **{**row, "corrections": [*row["corrections"], act]})
    else:
        rows.put(bulletins, **{**row, "state": "withdrawn", "withdrawal": act})


def _published(event: e.BulletinPublished, recorded: Recorded) -> Row:
    return {
        "bulletin": str(event.bulletin),
        "incident": str(recorded.aggregate),
        "title": event.title,
        "text": event.text,
        "language": event.language,
        "url": event.url,
        "state": event.state,
        "cites": [{"claim": str(cite.claim), "position": cite.position} for cite in event.cites],
        "corrections": [],
        "withdrawal": None,
        "position": recorded.position,
        "published_at": text_of(recorded.recorded_at),
    }


class Leaning(BaseModel):
    """Something that leans on a claim, directly or through others."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["claim", "figure", "evidence", "bulletin"]
    id: str
    relation: str
    leans_on: str
    """The claim that it leans on itself."""
    position: int
    """Where it began to lean; for a bulletin, the position at which the claim was read."""
    depth: int
    settled: bool
    """Of a bulletin: it was corrected for this cause, or withdrawn, after the claim last changed."""
    assessment: str | None
    """Of a claim: what the desk holds of it, which this one may have carried."""


class Impact(BaseModel):
    """What leaned on a claim, and how the claim stands."""

    model_config = ConfigDict(frozen=True)

    claim: str
    state: v.RecordState
    assessment: str
    changed: int
    change: str
    leanings: list[Leaning]


def impact(connection: Connection, position: int, claim: str) -> Impact | None:
    """Return what leans on a claim at a position, the nearest first; None where the claim was not there.

    A claim is listed at its least depth: what leads back to it is left out.
    """
    standing = _standing(connection, position, claim)
    if standing is None:
        return None
    found: list[Leaning] = []
    nearest, waiting = {claim: 0}, deque([(claim, 1)])
    while waiting:
        on, depth = waiting.popleft()
        for row in _leaning_on(connection, position, on):
            if row["kind"] == "claim" and nearest.get(row["id"], depth) < depth:
                continue
            settled = row["kind"] == "bulletin" and _settled(connection, position, row["id"], standing)
            held = _assessment(connection, position, row["id"]) if row["kind"] == "claim" else None
            found.append(Leaning(**row, leans_on=on, depth=depth, settled=settled, assessment=held))
            if row["kind"] == "claim" and row["id"] not in nearest:
                nearest[row["id"]] = depth
                waiting.append((row["id"], depth + 1))
    kept = {name: standing[name] for name in ("claim", "assessment", "changed", "change")}
    return Impact(**kept, state=_state(connection, position, standing), leanings=found)


def _state(connection: Connection, position: int, standing: dict[str, Any]) -> v.RecordState:
    """Return the record state of a claim: it is superseded while a claim that stands updates it."""
    above = (row for row in _leaning_on(connection, position, standing["claim"]) if row["relation"] == "updates")
    newer = (_standing(connection, position, row["id"]) for row in above)
    superseded = any(one is not None and one["retracted"] is None for one in newer)
    return record_state(standing["retracted"], superseded, bool(standing["corrections"]))


def _leaning_on(connection: Connection, position: int, claim: str) -> list[dict[str, Any]]:
    query = select(leanings.c.kind, leanings.c.id, leanings.c.relation, leanings.c.position)
    where = (leanings.c.claim == claim, holds_at(leanings, position))
    ordered = query.where(*where).order_by(leanings.c.position, leanings.c.kind, leanings.c.id)
    return [dict(row) for row in connection.execute(ordered).mappings()]


def _standing(connection: Connection, position: int, claim: str) -> dict[str, Any] | None:
    row = held_at(connection, standings, position, standings.c.claim == claim)
    return None if row is None else dict(row)


def _assessment(connection: Connection, position: int, claim: str) -> str | None:
    standing = _standing(connection, position, claim)
    return None if standing is None else str(standing["assessment"])


def _settled(connection: Connection, position: int, bulletin: str, standing: dict[str, Any]) -> bool:
    row = held_at(connection, bulletins, position, bulletins.c.bulletin == bulletin)
    assert row is not None, "a bulletin that leans on a claim is there"
    acts = [one for one in row["corrections"] if one.get("cause") == standing["claim"]]
    acts += [row["withdrawal"]] if row["withdrawal"] else []
    return any(act["position"] > standing["changed"] for act in acts)
