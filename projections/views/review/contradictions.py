"""Contradictions: two values of different claimants that cannot both be true, and no link between their claims.

Law: of a claimant's values of a figure the newest counts that stands in a claim which stands. A claim whose claimant
nobody named is one of a claimant of its own.
"""

from sqlalchemy import BigInteger, Boolean, Column, MetaData

from domain import incident_events as e
from domain import values as v
from domain.events import Recorded
from projections.rows import Row, Rows
from projections.shapes import apart, id_of, quantity_of
from projections.temporal import Json, Text, found_by, temporal
from projections.views.review.queue import close, item_of, review

metadata = MetaData()
values = temporal(
    "review_values",
    metadata,
    Column("figure", Text, nullable=False),
    Column("claimant", Text, nullable=False),
    Column("claim", Text, nullable=False),
    Column("quantity", Json, nullable=False),
    Column("position", BigInteger, nullable=False),
    key=("figure", "claimant"),
)
stated = temporal(
    "review_stated",
    metadata,
    Column("claim", Text, nullable=False),
    Column("figure", Text, nullable=False),
    Column("claimant", Text, nullable=False),
    Column("quantity", Json, nullable=False),
    Column("position", BigInteger, nullable=False),
    key=("claim",),
)
claims = temporal(
    "review_claims",
    metadata,
    Column("claim", Text, nullable=False),
    Column("claimant", Text, nullable=False),
    Column("retracted", Boolean, nullable=False),
    key=("claim",),
)
links = temporal(
    "review_links",
    metadata,
    Column("claim", Text, nullable=False),
    Column("other", Text, nullable=False),
    Column("relation", Text, nullable=False),
    key=("claim", "other", "relation"),
)
found_by(values, "figure")
found_by(stated, "figure", "claimant")
found_by(links, "other")


def corrected(rows: Rows, recorded: Recorded, event: e.ClaimCorrected) -> None:
    claim, after = str(event.claim), event.after
    if after.attribution is None and "quantity" not in after.fields:
        return
    if after.attribution is not None:
        rows.change(claims, (claim,), claimant=claimant(claim, after.attribution))
    held = rows.get(stated, claim)
    rows.close(stated, claim)
    _count_no_more(rows, recorded, held)
    close(rows, claim, "contradiction")
    made = rows.get(claims, claim)
    assert made is not None
    if "quantity" in after.fields:
        state_value(rows, recorded, claim, made["claimant"], quantity_of(after.quantity), recorded.position)
    elif held is not None:
        state_value(rows, recorded, claim, made["claimant"], held["quantity"], held["position"])


def claimant(claim: str, attribution: v.Attribution) -> str:
    """Return who made a claim; whom nobody named is nobody else."""
    return id_of(attribution.claimant) or f"of {claim}"


def state_value(rows: Rows, recorded: Recorded, claim: str, claimant: str, quantity: Row | None, position: int) -> None:
    if quantity is None:
        return
    value = {"claim": claim, "figure": quantity["figure"], "claimant": claimant, "quantity": quantity}
    rows.put(stated, **value, position=position)
    newest = rows.get(values, quantity["figure"], claimant)
    if newest is None or newest["position"] <= position:
        _count(rows, recorded, {**value, "position": position})


def take_value_back(rows: Rows, recorded: Recorded, claim: str) -> None:
    """Let the value of a claim that fell count no more; the claimant's newest of those that stand counts instead."""
    close(rows, claim, "contradiction")
    _count_no_more(rows, recorded, rows.get(stated, claim))


def compare_again(rows: Rows, recorded: Recorded, claim: str) -> None:
    """Let the value of a claim that stands again count, where its claimant stated none since."""
    held = rows.get(stated, claim)
    if held is None or not _stands(rows, claim):
        return
    counted = rows.get(values, held["figure"], held["claimant"])
    if counted is None or counted["position"] <= held["position"]:
        _count(rows, recorded, held)


def join(rows: Rows, claim: str, other: str, relation: str) -> None:
    """Link two claims: what one says explains the other, and no contradiction between them waits."""
    rows.put(links, claim=claim, other=other, relation=relation)
    for subject, against in ((claim, other), (other, claim)):
        for row in rows.find(review, kind="contradiction", subject=subject, other=against):
            rows.close(review, row["item"])


def part(rows: Rows, recorded: Recorded, claim: str, other: str, relation: str) -> None:
    """Take a link away where there is one: what it explained waits again."""
    if rows.get(links, claim, other, relation) is not None:
        rows.close(links, claim, other, relation)
        compare_again(rows, recorded, claim)


def _count_no_more(rows: Rows, recorded: Recorded, taken: Row | None) -> None:
    """Let the newest value count that a claimant stated in a claim that stands, where the one that did was taken."""
    if taken is None:
        return
    figure, claimant = taken["figure"], taken["claimant"]
    counted = rows.get(values, figure, claimant)
    if counted is None or counted["claim"] != taken["claim"]:
        return
    standing = [one for one in rows.find(stated, figure=figure, claimant=claimant) if _stands(rows, one["claim"])]
    newest = max(standing, key=lambda one: int(one["position"]), default=None)
    if newest is None:
        rows.close(values, figure, claimant)
    elif newest != counted:
        _count(rows, recorded, newest)


def _stands(rows: Rows, claim: str) -> bool:
    held = rows.get(claims, claim)
    return held is not None and not held["retracted"]


def _count(rows: Rows, recorded: Recorded, new: Row) -> None:
    """Take the newest value of a claimant, and let it wait beside each that it cannot be true together with."""
    for held in rows.find(values, figure=new["figure"]):
        if held["claimant"] != new["claimant"]:
            _contradict(rows, recorded, new, held)
    rows.put(values, **new)


def _contradict(rows: Rows, recorded: Recorded, new: Row, held: Row) -> None:
    """Let two claimants' newest values of a figure wait where both cannot be true; one item for the two of them."""
    item = ":".join(("contradiction", held["figure"], *sorted((new["claimant"], held["claimant"]))))
    if not apart(held["quantity"], new["quantity"]) or linked(rows, new["claim"], held["claim"]):
        rows.close(review, item)
        return
    why = f"“{new['quantity']['wording']}” and “{held['quantity']['wording']}” cannot both be true"
    row = item_of(recorded, "contradiction", new["claim"], why, other=held["claim"], item=item)
    waiting = rows.get(review, item)
    kept = {name: waiting[name] for name in ("position", "waiting_since")} if waiting else {}
    rows.put(review, **{**row, **kept})


def linked(rows: Rows, one: str, other: str) -> bool:
    return bool(rows.find(links, claim=one, other=other) or rows.find(links, claim=other, other=one))
