"""The queue itself: its rows, and how an item comes to wait and waits no more."""

from typing import Literal

from sqlalchemy import BigInteger, Column, MetaData

from domain.events import Recorded
from projections.lists import Listed
from projections.rows import Row, Rows
from projections.shapes import text_of
from projections.temporal import Text, found_by, listed_by, temporal

metadata = MetaData()
review = temporal(
    "review",
    metadata,
    Column("item", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("other", Text),
    Column("why", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("waiting_since", Text, nullable=False),
    key=("item",),
)
listed_by(review, "incident", "position")
found_by(review, "subject")
found_by(review, "other")
LIST = Listed(
    "review",
    "review_item",
    review,
    order=("position", "item"),
    filters=("kind", "subject"),
    summary="what waits for judgement, the longest waiting first",
)
Waiting = Literal[
    "unassessed",
    "disputed",
    "unsure_link",
    "contradiction",
    "unexamined",
    "bulletin_to_correct",
    "figure_to_adopt",
    "task",
]


def wait(
    rows: Rows,
    recorded: Recorded,
    kind: Waiting,
    subject: str,
    why: str,
    *,
    other: str | None = None,
    item: str | None = None,
) -> None:
    """Let something wait, from now on where it does not yet."""
    row = item_of(recorded, kind, subject, why, other=other, item=item)
    if rows.get(review, row["item"]) is None:
        rows.add(review, **row)


def close(rows: Rows, claim: str, *kinds: Waiting) -> None:
    """Let nothing of these kinds wait any more that is about a claim."""
    for row in (*rows.find(review, subject=claim), *rows.find(review, other=claim)):
        if row["kind"] in kinds:
            rows.close(review, row["item"])


def item_of(
    recorded: Recorded, kind: Waiting, subject: str, why: str, *, other: str | None = None, item: str | None = None
) -> Row:
    return {
        "item": item or f"{kind}:{subject}",
        "incident": str(recorded.aggregate),
        "kind": kind,
        "subject": subject,
        "other": other,
        "why": why,
        "position": recorded.position,
        "waiting_since": text_of(recorded.recorded_at),
    }
