"""The review queue: what waits for somebody's judgement, and why, the longest waiting first.

Law: an item begins and ends with an event, so the queue of any moment is the queue that the desk had. What has come
up since somebody looked is the difference of the queue between then and now.

What waits: a claim that nobody assessed; one that a source disputes; two claims that may be linked; two values of
different claimants that cannot both be true, and no link between their claims; evidence that nobody examined; a
bulletin that cites a claim which is no longer what it was; an adopted figure that rests on such a claim; a task.
"""

from typing import Literal, assert_never

from sqlalchemy import BigInteger, Column, Index, MetaData, String

from domain import incident_events as e
from domain import values as v
from domain.events import Recorded
from projections.lists import Listed
from projections.rows import Row, Rows
from projections.shapes import apart, id_of, quantity_of, text_of
from projections.temporal import Json, listed_by, temporal
from projections.view import View

metadata = MetaData()
review = temporal(
    "review",
    metadata,
    Column("item", String, nullable=False),
    Column("incident", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("other", String),
    Column("why", String, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("waiting_since", String, nullable=False),
    key=("item",),
)
values = temporal(
    "review_values",
    metadata,
    Column("figure", String, nullable=False),
    Column("claimant", String, nullable=False),
    Column("claim", String, nullable=False),
    Column("quantity", Json, nullable=False),
    key=("figure", "claimant"),
)
claimants = temporal(
    "review_claimants",
    metadata,
    Column("claim", String, nullable=False),
    Column("claimant", String),
    key=("claim",),
)
citations = temporal(
    "review_citations",
    metadata,
    Column("bulletin", String, nullable=False),
    Column("claim", String, nullable=False),
    key=("bulletin", "claim"),
)
resting = temporal(
    "review_resting",
    metadata,
    Column("figure", String, nullable=False),
    Column("claim", String, nullable=False),
    key=("figure", "claim"),
)
listed_by(review, "incident", "position")
Index("ix_review_subject", review.c.subject, review.c.since)
Index("ix_review_other", review.c.other, review.c.since)
Index("ix_review_citations_claim", citations.c.claim, citations.c.since)
Index("ix_review_resting_claim", resting.c.claim, resting.c.since)
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
OfClaim = e.ClaimMade | e.ClaimCorrected | e.ClaimRetracted | e.ClaimReinstated | e.ClaimAssessed | e.StanceTaken
OfLink = e.ClaimsLinked | e.ClaimsUnlinked
OfEvidence = e.EvidenceAttached | e.EvidenceExamined | e.EvidenceWithdrawn
OfBulletin = e.BulletinPublished | e.BulletinCorrected | e.BulletinWithdrawn
OfTask = e.TaskAssigned | e.TaskDone
Seen = OfClaim | OfLink | OfEvidence | OfBulletin | OfTask | e.FigureAdopted
UNTRUE: tuple[v.Assessment, ...] = ("false", "discounted")


def project(rows: Rows, recorded: Recorded) -> None:
    """Keep the queue up to one event."""
    event = recorded.event
    if isinstance(event, OfClaim):
        _of_claim(rows, recorded, event)
    elif isinstance(event, OfLink):
        _of_link(rows, recorded, event)
    elif isinstance(event, OfEvidence):
        _of_evidence(rows, recorded, event)
    elif isinstance(event, OfBulletin):
        _of_bulletin(rows, event)
    elif isinstance(event, e.FigureAdopted):
        _adopted(rows, event)
    else:
        assert isinstance(event, OfTask)
        _of_task(rows, recorded, event)


VIEW = View(
    "review", 1, (review, values, claimants, citations, resting), frozenset(c.NAME for c in Seen.__args__), project
)


def _of_claim(rows: Rows, recorded: Recorded, event: OfClaim) -> None:
    claim = str(event.claim)
    match event:
        case e.ClaimMade():
            rows.add(review, **_item(recorded, "unassessed", claim, "nobody has assessed it"))
            rows.add(claimants, claim=claim, claimant=id_of(event.attribution.claimant))
            _state_value(rows, recorded, claim, event.quantity)
        case e.ClaimCorrected():
            _corrected(rows, recorded, event)
            _to_correct(rows, recorded, claim, "a claim that was corrected")
        case e.ClaimRetracted():
            _close(rows, claim, "unassessed", "disputed", "contradiction")
            _take_value_back(rows, claim)
            _to_correct(rows, recorded, claim, "a claim that was retracted")
        case e.ClaimReinstated():
            _wait(rows, recorded, "unassessed", claim, "it stands again, on a new basis")
            _close(rows, claim, "bulletin_to_correct", "figure_to_adopt")
        case e.ClaimAssessed():
            _close(rows, claim, "unassessed", "disputed")
            if event.assessment in UNTRUE:
                _to_correct(rows, recorded, claim, f"a claim that was assessed as {event.assessment}")
        case e.StanceTaken():
            if event.kind in ("disputes", "denies"):
                _wait(rows, recorded, "disputed", claim, f"a source {event.kind} it")
        case _:
            assert_never(event)


def _of_link(rows: Rows, recorded: Recorded, event: OfLink) -> None:
    claim, other = str(event.claim), str(event.other)
    may_be = f"unsure_link:{claim}:{other}:{event.relation}"
    if isinstance(event, e.ClaimsUnlinked):
        rows.close(review, may_be)
    elif event.judgement == "unsure":
        why = f"it may be that the one {event.relation} the other"
        _wait(rows, recorded, "unsure_link", claim, why, other=other, item=may_be)
    else:
        rows.close(review, may_be)
        for subject, against in ((claim, other), (other, claim)):
            for row in rows.find(review, kind="contradiction", subject=subject, other=against):
                rows.close(review, row["item"])


def _of_evidence(rows: Rows, recorded: Recorded, event: OfEvidence) -> None:
    if isinstance(event, e.EvidenceAttached):
        rows.add(review, **_item(recorded, "unexamined", str(event.evidence), "nobody has examined it"))
    else:
        rows.close(review, f"unexamined:{event.evidence}")


def _of_bulletin(rows: Rows, event: OfBulletin) -> None:
    bulletin = str(event.bulletin)
    match event:
        case e.BulletinPublished():
            for claim in {str(cite.claim) for cite in event.cites}:
                rows.put(citations, bulletin=bulletin, claim=claim)
        case e.BulletinCorrected():
            if event.cause is not None:
                rows.close(review, f"bulletin_to_correct:{bulletin}:{event.cause}")
        case e.BulletinWithdrawn():
            for row in rows.find(citations, bulletin=bulletin):
                rows.close(citations, bulletin, row["claim"])
                rows.close(review, f"bulletin_to_correct:{bulletin}:{row['claim']}")
        case _:
            assert_never(event)


def _of_task(rows: Rows, recorded: Recorded, event: OfTask) -> None:
    if isinstance(event, e.TaskDone):
        rows.close(review, f"task:{event.task}")
        return
    due = f", due {text_of(event.due)}" if event.due else ""
    about = str(event.on.id)
    rows.add(review, **_item(recorded, "task", str(event.task), f"{event.text or 'a task'}{due}", other=about))


def _to_correct(rows: Rows, recorded: Recorded, claim: str, why: str) -> None:
    """Let each bulletin and each adopted figure wait that leans on a claim which is no longer what it was."""
    for row in rows.find(citations, claim=claim):
        item = f"bulletin_to_correct:{row['bulletin']}:{claim}"
        _wait(rows, recorded, "bulletin_to_correct", row["bulletin"], f"it cites {why}", other=claim, item=item)
    for row in rows.find(resting, claim=claim):
        item = f"figure_to_adopt:{row['figure']}:{claim}"
        _wait(rows, recorded, "figure_to_adopt", row["figure"], f"it rests on {why}", other=claim, item=item)


def _adopted(rows: Rows, event: e.FigureAdopted) -> None:
    """Let a figure rest on these claims alone, and wait no more for what it rested on before."""
    figure = str(event.figure)
    for row in rows.find(resting, figure=figure):
        rows.close(resting, figure, row["claim"])
        rows.close(review, f"figure_to_adopt:{figure}:{row['claim']}")
    for claim in event.rests_on:
        rows.put(resting, figure=figure, claim=str(claim))


def _corrected(rows: Rows, recorded: Recorded, event: e.ClaimCorrected) -> None:
    claim, after = str(event.claim), event.after
    if after.attribution is None and "quantity" not in after.fields:
        return
    stated = _take_value_back(rows, claim)
    if after.attribution is not None:
        rows.change(claimants, (claim,), claimant=id_of(after.attribution.claimant))
    _close(rows, claim, "contradiction")
    quantity = quantity_of(after.quantity) if "quantity" in after.fields else stated
    _compare(rows, recorded, claim, quantity)


def _state_value(rows: Rows, recorded: Recorded, claim: str, quantity: v.Quantity | None) -> None:
    if quantity is not None:
        _compare(rows, recorded, claim, quantity_of(quantity))


def _compare(rows: Rows, recorded: Recorded, claim: str, quantity: Row | None) -> None:
    """Take the newest value of a claimant, and let it wait beside each that it cannot be true together with."""
    row = rows.get(claimants, claim)
    assert row is not None
    if quantity is None or row["claimant"] is None:
        return
    for held in rows.find(values, figure=quantity["figure"]):
        if held["claimant"] != row["claimant"]:
            _contradict(rows, recorded, {"claim": claim, "claimant": row["claimant"], "quantity": quantity}, held)
    rows.put(values, figure=quantity["figure"], claimant=row["claimant"], claim=claim, quantity=quantity)


def _contradict(rows: Rows, recorded: Recorded, new: Row, held: Row) -> None:
    """Let two claimants' newest values of a figure wait where both cannot be true; one item for the two of them."""
    item = ":".join(("contradiction", held["figure"], *sorted((new["claimant"], held["claimant"]))))
    waiting = rows.get(review, item)
    if not apart(held["quantity"], new["quantity"]):
        rows.close(review, item)
        return
    why = f"“{new['quantity']['wording']}” and “{held['quantity']['wording']}” cannot both be true"
    row = _item(recorded, "contradiction", new["claim"], why, other=held["claim"], item=item)
    kept = {name: waiting[name] for name in ("position", "waiting_since")} if waiting else {}
    rows.put(review, **{**row, **kept})


def _take_value_back(rows: Rows, claim: str) -> Row | None:
    """Let a claim's value, where it is its claimant's newest, count no more; return it."""
    for held in rows.find(values, claim=claim):
        rows.close(values, held["figure"], held["claimant"])
        quantity: Row = held["quantity"]
        return quantity
    return None


def _close(rows: Rows, claim: str, *kinds: Waiting) -> None:
    """Let nothing of these kinds wait any more that is about a claim."""
    for row in (*rows.find(review, subject=claim), *rows.find(review, other=claim)):
        if row["kind"] in kinds:
            rows.close(review, row["item"])


def _wait(
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
    row = _item(recorded, kind, subject, why, other=other, item=item)
    if rows.get(review, row["item"]) is None:
        rows.add(review, **row)


def _item(
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
