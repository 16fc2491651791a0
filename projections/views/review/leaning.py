"""What leans on claims: bulletins that cite them, adopted figures that rest on them, and why they are to be mended.

Law: what waits for a claim that is no longer what it was waits once for each reason, and only what undoes a reason ends
its item: reinstatement takes no correction back.
"""

from typing import Literal, assert_never

from sqlalchemy import Column, MetaData

from domain import incident_events as e
from domain.events import Recorded
from projections.rows import Rows
from projections.temporal import Text, found_by, temporal
from projections.views.review.queue import Waiting, review, wait

metadata = MetaData()
citations = temporal(
    "review_citations",
    metadata,
    Column("bulletin", Text, nullable=False),
    Column("claim", Text, nullable=False),
    key=("bulletin", "claim"),
)
resting = temporal(
    "review_resting",
    metadata,
    Column("figure", Text, nullable=False),
    Column("claim", Text, nullable=False),
    key=("figure", "claim"),
)
found_by(citations, "claim")
found_by(resting, "claim")
OfBulletin = e.BulletinPublished | e.BulletinCorrected | e.BulletinWithdrawn
Reason = Literal["corrected", "retracted", "assessed", "superseded"]
"""Why a claim is no longer what it was."""
REASONS: tuple[Reason, ...] = ("corrected", "retracted", "assessed", "superseded")


def of_bulletin(rows: Rows, event: OfBulletin) -> None:
    bulletin = str(event.bulletin)
    match event:
        case e.BulletinPublished():
            for claim in {str(cite.claim) for cite in event.cites}:
                rows.put(citations, bulletin=bulletin, claim=claim)
        case e.BulletinCorrected():
            if event.cause is not None:
                mended(rows, "bulletin_to_correct", bulletin, str(event.cause))
        case e.BulletinWithdrawn():
            for row in rows.find(citations, bulletin=bulletin):
                rows.close(citations, bulletin, row["claim"])
                mended(rows, "bulletin_to_correct", bulletin, row["claim"])
        case _:
            assert_never(event)


def adopted(rows: Rows, event: e.FigureAdopted) -> None:
    """Let a figure rest on these claims alone, and wait no more for what it rested on before."""
    figure = str(event.figure)
    for row in rows.find(resting, figure=figure):
        rows.close(resting, figure, row["claim"])
        mended(rows, "figure_to_adopt", figure, row["claim"])
    for claim in event.rests_on:
        rows.put(resting, figure=figure, claim=str(claim))


def to_correct(rows: Rows, recorded: Recorded, claim: str, reason: Reason, became: str) -> None:
    """Let each bulletin and each adopted figure wait that leans on a claim which is no longer what it was."""
    for row in rows.find(citations, claim=claim):
        item, why = f"bulletin_to_correct:{row['bulletin']}:{claim}:{reason}", f"it cites a claim that {became}"
        wait(rows, recorded, "bulletin_to_correct", row["bulletin"], why, other=claim, item=item)
    for row in rows.find(resting, claim=claim):
        item, why = f"figure_to_adopt:{row['figure']}:{claim}:{reason}", f"it rests on a claim that {became}"
        wait(rows, recorded, "figure_to_adopt", row["figure"], why, other=claim, item=item)


def as_cited(rows: Rows, claim: str, reason: Reason) -> None:
    """Let nothing wait any more for this reason: in this respect the claim is again what was cited."""
    for row in rows.find(review, other=claim):
        if row["kind"] in ("bulletin_to_correct", "figure_to_adopt") and row["item"].endswith(f":{reason}"):
            rows.close(review, row["item"])


def mended(rows: Rows, kind: Waiting, subject: str, claim: str) -> None:
    """Let what leans on a claim wait for no reason any more."""
    for reason in REASONS:
        rows.close(review, f"{kind}:{subject}:{claim}:{reason}")
