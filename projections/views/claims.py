"""Claims with their standing: what each says, who said it through whom, and what became of it."""

from typing import Any, Literal, assert_never

from pydantic import BaseModel, ConfigDict
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    and_,
    func,
    not_,
    select,
    tuple_,
)

from domain import incident_events as e
from domain import values as v
from domain.events import Recorded
from domain.incident_state import record_state
from projections.rows import Row, Rows
from projections.shapes import holds_text, id_of, in_si, json_of, json_or_none, quantity_of, text_of
from projections.temporal import Json, Text, held_at, listed_by, temporal
from projections.view import View

metadata = MetaData()
claims = temporal(
    "claims",
    metadata,
    Column("claim", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("short_id", Text, nullable=False),
    Column("reference", Text),
    Column("made_at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("chain", Text, nullable=False),
    Column("figure", Text),
    Column("record_state", Text, nullable=False),
    Column("assessment", Text, nullable=False),
    Column("group", Text, nullable=False),
    Column("said", Json, nullable=False),
    Column("became", Json, nullable=False),
    key=("claim",),
)
"""Beside the columns by which claims are found, each as one document: what a claim says, and what became of it."""
incidents = temporal(
    "claims_incidents",
    metadata,
    Column("incident", Text, nullable=False),
    Column("short_id", Text, nullable=False),
    key=("incident",),
)
reports = temporal(
    "claims_reports",
    metadata,
    Column("report", Text, nullable=False),
    Column("source", Text, nullable=False),
    key=("report",),
)

listed_by(claims, "incident")
FIRST = claims.c.since == claims.c.made_at
"""The condition that a row is the first of its claim: by these rows, one for each claim, pages are read in order."""
Index("ix_claims_first", claims.c.incident, claims.c.number, sqlite_where=FIRST, postgresql_where=FIRST)
_first, _newer = claims.alias("first"), claims.alias("newer")

CONFIRMING = ("confirms", "concedes")
FALLEN: tuple[v.RecordState, ...] = ("withdrawn_by_source", "retracted_by_desk")
Group = v.AssessmentGroup | Literal["retracted"]
"""Where a claim is counted: by the group of its assessment while it stands, among the retracted when it does not."""

Seen = (
    e.IncidentOpened
    | e.ReportReceived
    | e.ClaimMade
    | e.ClaimCorrected
    | e.ClaimRetracted
    | e.ClaimReinstated
    | e.ClaimsLinked
    | e.ClaimsUnlinked
    | e.StanceTaken
    | e.ClaimAssessed
    | e.EvidenceAttached
)


def project(rows: Rows, recorded: Recorded) -> None:
    """Keep the claims up to one event."""
    event = recorded.event
    assert isinstance(event, Seen)
    match event:
        case e.IncidentOpened():
            rows.add(incidents, incident=str(event.incident), short_id=event.short_id)
        case e.ReportReceived():
            rows.add(reports, report=str(event.report), source=str(event.source))
        case e.ClaimMade():
            rows.add(claims, **_made(rows, recorded, event))
        case e.ClaimCorrected():
            _correct(rows, event)
        case e.ClaimRetracted():
            said = {"by": event.by, "code": event.code, "notice": event.notice, "reason": recorded.reason}
            retraction = {**said, "position": recorded.position}
            _state(rows, _with(_row(rows, event.claim), retraction=retraction))
        case e.ClaimReinstated():
            _state(rows, _with(_row(rows, event.claim), retraction=None, corrections=0))
        case e.ClaimsLinked():
            _link(rows, event, event.judgement)
        case e.ClaimsUnlinked():
            _link(rows, event, None)
        case e.StanceTaken():
            _stance(rows, event, recorded.position)
        case e.ClaimAssessed():
            _assess(rows, event, recorded)
        case e.EvidenceAttached():
            _attach(rows, event)
        case _:
            assert_never(event)


VIEW = View("claims", 2, (claims, incidents, reports), frozenset(c.NAME for c in Seen.__args__), project)


def _made(rows: Rows, recorded: Recorded, event: e.ClaimMade) -> Row:
    incident, told = str(recorded.aggregate), json_of(event)
    opened = rows.get(incidents, incident)
    assert opened is not None
    return {
        "claim": told["claim"],
        "incident": incident,
        "number": event.number,
        "short_id": f"{opened['short_id']}-{event.number}",
        "reference": event.reference,
        "made_at": recorded.position,
        **_said(rows, told),
        "record_state": "standing",
        "assessment": "unassessed",
        "group": v.GROUP_OF["unassessed"],
        "became": {
            "assessed": None,
            "stances": [],
            "confirming_sources": 0,
            "evidence_for": [],
            "evidence_against": [],
            "relations": [],
            "corrections": 0,
            "retraction": None,
            "made": {"position": recorded.position, "recorded_at": text_of(recorded.recorded_at)},
        },
    }


def _said(rows: Rows, told: dict[str, Any]) -> Row:
    """Return the columns of what a claim says, from its content as JSON."""
    attribution, quantity = told["attribution"], told.get("quantity")
    report = rows.get(reports, told["report"])
    assert report is not None
    claimant = attribution.get("claimant")
    chain = [*([claimant] if claimant else ()), *attribution["through"], report["source"]]
    return {
        "kind": told["kind"],
        "text": told["wording"]["text"],
        "chain": " ".join(dict.fromkeys(chain)),
        "figure": quantity["figure"] if quantity else None,
        "said": {
            "report": told["report"],
            "wording": told["wording"],
            "attribution": attribution,
            "occurred": told.get("occurred"),
            "place": told.get("place"),
            "quantity": {**quantity, "si": in_si(quantity)} if quantity else None,
            "parties": told["parties"],
        },
    }


def _row(rows: Rows, claim: object) -> Row:
    row = rows.get(claims, str(claim))
    assert row is not None, "accepted history names claims that were made"
    return row


def _with(row: Row, **became: Any) -> Row:
    """Return a row with what became of the claim."""
    return {**row, "became": {**row["became"], **became}}


def _correct(rows: Rows, event: e.ClaimCorrected) -> None:
    row, after = _row(rows, event.claim), json_of(event.after)
    said = {**row["said"], "kind": row["kind"]} | {name: after.get(name) for name in after["fields"]}
    _state(rows, _with({**row, **_said(rows, said)}, corrections=row["became"]["corrections"] + 1))


def _state(rows: Rows, row: Row) -> None:
    """Keep a changed claim, and the record states that follow from it: its own, and those of the claims it updates."""
    rows.put(claims, **{**row, "record_state": _record_state(rows, row)})
    for link in row["became"]["relations"]:
        if link["relation"] == "updates" and link["claim"] == row["claim"]:
            older = _row(rows, link["other"])
            rows.put(claims, **{**older, "record_state": _record_state(rows, older)})


def _record_state(rows: Rows, row: Row) -> v.RecordState:
    became = row["became"]
    retraction, claim = became["retraction"], row["claim"]
    superseded = any(_supersedes(rows, link, claim) for link in became["relations"])
    return record_state(retraction and retraction["by"], superseded, bool(became["corrections"]))


def _supersedes(rows: Rows, link: dict[str, Any], claim: str) -> bool:
    newer = link["relation"] == "updates" and link["other"] == claim and link["judgement"] == "positive"
    return newer and _row(rows, link["claim"])["became"]["retraction"] is None


def _link(rows: Rows, event: e.ClaimsLinked | e.ClaimsUnlinked, judgement: v.Judgement | None) -> None:
    link = {"claim": str(event.claim), "other": str(event.other), "relation": event.relation}
    for claim in (event.claim, event.other):
        row = _row(rows, claim)
        held = row["became"]["relations"]
        others = [kept for kept in held if {**kept, "judgement": None} != {**link, "judgement": None}]
        relations = others if judgement is None else [*others, {**link, "judgement": judgement}]
        rows.put(claims, **_with(row, relations=relations))
    other = _row(rows, event.other)
    rows.put(claims, **{**other, "record_state": _record_state(rows, other)})


def _stance(rows: Rows, event: e.StanceTaken, position: int) -> None:
    row = _row(rows, event.claim)
    stance = {
        "stance": str(event.stance),
        "source": str(event.source),
        "kind": event.kind,
        "independent": event.independent,
        "wording": json_or_none(event.wording),
        "quantity": quantity_of(event.quantity),
        "report": str(event.report),
        "through": [str(source) for source in event.through],
        "position": position,
    }
    stances = [*row["became"]["stances"], stance]
    rows.put(claims, **_with(row, stances=stances, confirming_sources=_confirming(stances)))


def _confirming(stances: list[dict[str, Any]]) -> int:
    """Count the sources independent of the claim whose last word confirms it; to repeat it takes no word back.

    Two of them may share an origin, as two channels of one operator do: `assessed.independent_origins` counts origins.
    """
    last_words = {one["source"]: one for one in stances if one["kind"] != "repeats"}
    return sum(one["independent"] and one["kind"] in CONFIRMING for one in last_words.values())


def _assess(rows: Rows, event: e.ClaimAssessed, recorded: Recorded) -> None:
    assessed = {
        "credibility": event.credibility,
        "reason": recorded.reason,
        "by": id_of(recorded.actor.account),
        "position": recorded.position,
        "recorded_at": text_of(recorded.recorded_at),
        "evidence": [str(one) for one in event.evidence],
        "stances": [str(one) for one in event.stances],
        "answers": [str(one) for one in event.answers],
        "independent_origins": event.independent_origins,
        "override": event.override,
    }
    found = {"assessment": event.assessment, "group": v.GROUP_OF[event.assessment]}
    rows.put(claims, **_with({**_row(rows, event.claim), **found}, assessed=assessed))


def _attach(rows: Rows, event: e.EvidenceAttached) -> None:
    for column, named in (("evidence_for", event.supports), ("evidence_against", event.against)):
        for claim in named:
            row = _row(rows, claim)
            rows.put(claims, **_with(row, **{column: [*row["became"][column], str(event.evidence)]}))


class ClaimView(BaseModel):
    """A claim as it stood at a position."""

    model_config = ConfigDict(frozen=True)

    claim: str
    incident: str
    number: int
    short_id: str
    reference: str | None
    report: str
    kind: v.ClaimKind
    wording: dict[str, Any]
    attribution: dict[str, Any]
    chain: list[str]
    occurred: dict[str, Any] | None
    place: dict[str, Any] | None
    figure: str | None
    quantity: dict[str, Any] | None
    parties: list[str]
    record_state: v.RecordState
    assessment: v.Assessment
    group: v.AssessmentGroup
    assessed: dict[str, Any] | None
    stances: list[dict[str, Any]]
    confirming_sources: int
    """Sources independent of the claim whose last word confirms it. Two of them may share an origin;
    `independent_origins` of what was `assessed` counts origins."""
    evidence_for: list[str]
    evidence_against: list[str]
    relations: list[dict[str, Any]]
    corrections: int
    retraction: dict[str, Any] | None
    made: dict[str, Any]
    since: int


def view_of(row: Any) -> ClaimView:
    """Return a row as the claim that it holds."""
    return ClaimView.model_validate({**row, **row["said"], **row["became"], "chain": row["chain"].split()})


def get_claim(connection: Connection, position: int, claim: str) -> ClaimView | None:
    """Return a claim at a position, None where it was not there."""
    row = held_at(connection, claims, position, claims.c.claim == claim)
    return None if row is None else view_of(row)


def list_claims(
    connection: Connection,
    position: int,
    *,
    incident: str | None = None,
    record_state: list[v.RecordState] | None = None,
    assessment: v.Assessment | None = None,
    group: Group | None = None,
    kind: v.ClaimKind | None = None,
    figure: str | None = None,
    source: str | None = None,
    reference: str | None = None,
    q: str | None = None,
    limit: int = 50,
    after: tuple[str | int, ...] | None = None,
) -> list[ClaimView]:
    """Return claims at a position in the order they were made, at most `limit`, after the key (incident, number).

    However often a claim changed, one look into an index finds its row: claims never end.
    """
    newest = select(func.max(_newer.c.since)).where(_newer.c.claim == _first.c.claim, _newer.c.since <= position)
    where = [
        _first.c.since == _first.c.made_at,
        _first.c.made_at + 0 <= position,  # not to be looked for in the index of what changed when
        claims.c.claim == _first.c.claim,
        claims.c.since == newest.scalar_subquery(),
    ]
    if incident is not None:
        where.append(_first.c.incident == incident)
    for name, value in (
        ("assessment", assessment),
        ("kind", kind),
        ("figure", figure),
        ("reference", reference),
    ):
        if value is not None:
            where.append(claims.c[name] == value)
    if group is not None:
        fallen = claims.c.record_state.in_(FALLEN)
        where.append(fallen if group == "retracted" else and_(claims.c.group == group, not_(fallen)))
    if record_state:
        where.append(claims.c.record_state.in_(record_state))
    if source is not None:
        where.append(claims.c.chain.contains(source, autoescape=True))
    if q is not None:
        where.append(holds_text(claims.c.text, q))
    if after is not None:
        where.append(tuple_(_first.c.incident, _first.c.number) > tuple_(*after))
    query = select(claims).where(*where).order_by(_first.c.incident, _first.c.number).limit(limit)
    found = connection.execute(query)
    names = tuple(found.keys())
    return [view_of(dict(zip(names, row, strict=True))) for row in found]


def page_key(claim: ClaimView) -> tuple[str | int, ...]:
    """Return the key by which a list goes on after this claim."""
    return (claim.incident, claim.number)
