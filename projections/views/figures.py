"""Contested figures: every value ever claimed, by whom, since when; claimed beside conceded beside adopted.

Law: values of different claimants are never merged, averaged or ranked. A figure `differs` when the newest standing
values of different claimants state different numbers, and is `contested` when two of their ranges do not overlap. Whom
nobody named is nobody else. A bound leaves its side open: "at least two" reaches up without end, "up to six miles" down
to nothing; "about" is the number itself. What a stance states, as a concession does, stands whatever its claim does.
"""

from typing import Any, assert_never

from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, Boolean, Column, Connection, Index, MetaData, select

from domain import incident_events as e
from domain import values as v
from domain.events import Recorded
from projections.lists import Listed
from projections.rows import Row, Rows
from projections.shapes import apart, id_of, json_of, quantity_of, text_of
from projections.temporal import Json, Text, held_at, holds_at, listed_by, temporal
from projections.view import View

metadata = MetaData()
figures = temporal(
    "figures",
    metadata,
    Column("figure", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("counting_rule", Text, nullable=False),
    Column("of_whom", Text),
    Column("adopted", Json),
    Column("position", BigInteger, nullable=False),
    key=("figure",),
)
stated = temporal(
    "figures_stated",
    metadata,
    Column("stated_by", Text, nullable=False),
    Column("figure", Text, nullable=False),
    Column("claim", Text, nullable=False),
    Column("source", Text),
    Column("how", Text, nullable=False),
    Column("quantity", Json, nullable=False),
    Column("standing", Boolean, nullable=False),
    Column("superseded_by", Json, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("learnt", Text, nullable=False),
    key=("stated_by",),
)
claimed_by = temporal(
    "figures_claims",
    metadata,
    Column("claim", Text, nullable=False),
    Column("claimant", Text),
    Column("retracted", Boolean, nullable=False),
    Column("updated_by", Json, nullable=False),
    Column("updates", Json, nullable=False),
    key=("claim",),
)
listed_by(figures, "incident", "position")
Index("ix_figures_stated_claim", stated.c.claim, stated.c.since)
listed_by(stated, "figure", "position")
LIST = Listed(
    "figures",
    "figure",
    figures,
    order=("position",),
    text=("label",),
    summary="the figures that claims disagree about, with what the desk adopted",
)
Seen = (
    e.FigureDefined
    | e.FigureDescribed
    | e.FigureAdopted
    | e.ClaimMade
    | e.ClaimCorrected
    | e.ClaimRetracted
    | e.ClaimReinstated
    | e.ClaimsLinked
    | e.ClaimsUnlinked
    | e.StanceTaken
)


def project(rows: Rows, recorded: Recorded) -> None:
    """Keep the figures up to one event."""
    event = recorded.event
    assert isinstance(event, Seen)
    match event:
        case e.FigureDefined():
            place = {"figure": str(event.figure), "incident": str(recorded.aggregate), "position": recorded.position}
            rows.add(figures, **place, **_definition(event), adopted=None)
        case e.FigureDescribed():
            rows.change(figures, (str(event.figure),), **_definition(event.after))
        case e.FigureAdopted():
            made = {"reason": recorded.reason, "position": recorded.position, "by": id_of(recorded.actor.account)}
            rows.change(figures, (str(event.figure),), adopted={**json_of(event), **made})
        case e.ClaimMade():
            claimant = id_of(event.attribution.claimant)
            rows.add(claimed_by, claim=str(event.claim), claimant=claimant, retracted=False, updated_by=[], updates=[])
            if event.quantity is not None:
                rows.add(
                    stated, **_stated(str(event.claim), str(event.claim), claimant, "claimed", event.quantity, recorded)
                )
        case e.ClaimCorrected():
            _correct(rows, event, recorded)
        case e.ClaimRetracted():
            rows.change(claimed_by, (str(event.claim),), retracted=True)
            _settle(rows, str(event.claim))
        case e.ClaimReinstated():
            rows.change(claimed_by, (str(event.claim),), retracted=False)
            _settle(rows, str(event.claim))
        case e.ClaimsLinked() | e.ClaimsUnlinked():
            _link(rows, event)
        case e.StanceTaken():
            if event.quantity is not None:
                how = "conceded" if event.kind == "concedes" else event.kind
                by = (str(event.stance), str(event.claim), str(event.source))
                rows.add(stated, **_stated(*by, how, event.quantity, recorded))
        case _:
            assert_never(event)


VIEW = View("figures", 2, (figures, stated, claimed_by), frozenset(c.NAME for c in Seen.__args__), project)


def _definition(content: v.FigureContent) -> Row:
    return {name: getattr(content, name) for name in v.FigureContent.model_fields}


def _stated(stated_by: str, claim: str, source: str | None, how: str, quantity: v.Quantity, recorded: Recorded) -> Row:
    return {
        "stated_by": stated_by,
        "figure": str(quantity.figure),
        "claim": claim,
        "source": source,
        "how": how,
        "quantity": quantity_of(quantity),
        "standing": True,
        "superseded_by": [],
        "position": recorded.position,
        "learnt": text_of(recorded.recorded_at),
    }


def _correct(rows: Rows, event: e.ClaimCorrected, recorded: Recorded) -> None:
    claim, after = str(event.claim), event.after
    if after.attribution is not None:
        claimant = id_of(after.attribution.claimant)
        rows.change(claimed_by, (claim,), claimant=claimant)
        if rows.get(stated, claim) is not None:
            rows.change(stated, (claim,), source=claimant)
    if "quantity" in after.fields:
        held = rows.get(claimed_by, claim)
        assert held is not None
        rows.close(stated, claim)
        if after.quantity is not None:
            rows.put(stated, **_stated(claim, claim, held["claimant"], "claimed", after.quantity, recorded))
            _settle(rows, claim)


def _link(rows: Rows, event: e.ClaimsLinked | e.ClaimsUnlinked) -> None:
    if event.relation != "updates":
        return
    newer, older = str(event.claim), str(event.other)
    holds = isinstance(event, e.ClaimsLinked) and event.judgement == "positive"
    for claim, column, other in ((older, "updated_by", newer), (newer, "updates", older)):
        row = rows.get(claimed_by, claim)
        assert row is not None
        others = [one for one in row[column] if one != other]
        rows.put(claimed_by, **{**row, column: [*others, other] if holds else others})
    _supersede(rows, older)


def _settle(rows: Rows, claim: str) -> None:
    """Let the value that a claim states, and those it updates, stand or fall with it."""
    held = rows.get(claimed_by, claim)
    assert held is not None
    if rows.get(stated, claim) is not None:
        rows.change(stated, (claim,), standing=not held["retracted"])
    for one in (claim, *held["updates"]):
        _supersede(rows, one)


def _supersede(rows: Rows, claim: str) -> None:
    held = rows.get(claimed_by, claim)
    if held is not None and rows.get(stated, claim) is not None:
        newer = [one for one in held["updated_by"] if not _retracted(rows, one)]
        rows.change(stated, (claim,), superseded_by=newer)


def _retracted(rows: Rows, claim: str) -> bool:
    held = rows.get(claimed_by, claim)
    return held is None or held["retracted"]


class StatedView(BaseModel):
    """A value that somebody stated for a figure."""

    model_config = ConfigDict(frozen=True)

    stated_by: str
    claim: str
    source: str | None
    how: str
    quantity: dict[str, Any]
    standing: bool
    superseded_by: list[str]
    position: int
    learnt: str


class FigureDetail(BaseModel):
    """A figure with every value ever stated for it."""

    model_config = ConfigDict(frozen=True)

    figure: str
    incident: str
    label: str
    unit: str
    counting_rule: str
    of_whom: str | None
    adopted: dict[str, Any] | None
    values: list[StatedView]
    differs: bool
    contested: bool
    apart: list[tuple[str, str]]
    """Pairs of standing values, by what states them, whose ranges do not overlap."""


def get_figure(connection: Connection, position: int, figure: str) -> FigureDetail | None:
    """Return a figure with its values at a position, None where it was not there."""
    row = held_at(connection, figures, position, figures.c.figure == figure)
    if row is None:
        return None
    query = select(stated).where(stated.c.figure == figure, holds_at(stated, position))
    values = [
        StatedView.model_validate(dict(one))
        for one in connection.execute(query.order_by(stated.c.position, stated.c.stated_by)).mappings()
    ]
    current = _newest(values)
    pairs = [(a, b) for n, a in enumerate(current) for b in current[n + 1 :]]
    differing = [(a.stated_by, b.stated_by) for a, b in pairs if apart(a.quantity, b.quantity)]
    differs = len({_numbers(one) for one in current}) > 1
    return FigureDetail(
        **_kept(row), values=values, differs=differs, contested=bool(differing), apart=differing[:1_000]
    )


def _kept(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in FigureDetail.model_fields if name in row}


def _newest(values: list[StatedView]) -> list[StatedView]:
    """Return the newest standing value of each claimant, of values in the order in which they were stated."""
    standing = [one for one in values if one.standing and not one.superseded_by]
    return list({one.source or one.stated_by: one for one in standing}.values())


def _numbers(one: StatedView) -> tuple[Any, ...]:
    return tuple(one.quantity["si"].get(name) for name in ("low", "best", "high"))
