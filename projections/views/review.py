"""The review queue: what waits for somebody's judgement, and why, the longest waiting first.

Law: an item begins and ends with an event, so the queue of any moment is the queue that the desk had. What has come
up since somebody looked is the difference of the queue between then and now.

What waits: a claim that nobody assessed; one that a source disputes; two claims that may be linked; two values of
different claimants that cannot both be true, and no link between their claims; evidence that nobody examined; a
bulletin that cites a claim which is no longer what it was; an adopted figure that rests on such a claim; a task.

A claim whose claimant nobody named is one of a claimant of its own. What waits for a claim that is no longer what it
was waits once for each reason, and only what undoes a reason ends its item: reinstatement takes no correction back.
"""

from typing import Literal, assert_never

from sqlalchemy import BigInteger, Boolean, Column, MetaData, String

from domain import incident_events as e
from domain import values as v
from domain.events import Recorded
from projections.lists import Listed
from projections.rows import Row, Rows
from projections.shapes import apart, id_of, quantity_of, text_of
from projections.temporal import Json, found_by, listed_by, temporal
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
    Column("position", BigInteger, nullable=False),
    key=("figure", "claimant"),
)
stated = temporal(
    "review_stated",
    metadata,
    Column("claim", String, nullable=False),
    Column("figure", String, nullable=False),
    Column("claimant", String, nullable=False),
    Column("quantity", Json, nullable=False),
    Column("position", BigInteger, nullable=False),
    key=("claim",),
)
claims = temporal(
    "review_claims",
    metadata,
    Column("claim", String, nullable=False),
    Column("claimant", String, nullable=False),
    Column("retracted", Boolean, nullable=False),
    key=("claim",),
)
links = temporal(
    "review_links",
    metadata,
    Column("claim", String, nullable=False),
    Column("other", String, nullable=False),
    Column("relation", String, nullable=False),
    key=("claim", "other", "relation"),
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
found_by(review, "subject")
found_by(review, "other")
found_by(values, "figure")
found_by(stated, "figure", "claimant")
found_by(links, "other")
found_by(citations, "claim")
found_by(resting, "claim")
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
Reason = Literal["corrected", "retracted", "assessed", "superseded"]
"""Why a claim is no longer what it was."""
REASONS: tuple[Reason, ...] = ("corrected", "retracted", "assessed", "superseded")
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


TABLES = (review, values, stated, claims, links, citations, resting)
VIEW = View("review", 2, TABLES, frozenset(c.NAME for c in Seen.__args__), project)


def _of_claim(rows: Rows, recorded: Recorded, event: OfClaim) -> None:
    claim = str(event.claim)
    match event:
        case e.ClaimMade():
            rows.add(review, **_item(recorded, "unassessed", claim, "nobody has assessed it"))
            claimant = _claimant(claim, event.attribution)
            rows.add(claims, claim=claim, claimant=claimant, retracted=False)
            _state_value(rows, recorded, claim, claimant, quantity_of(event.quantity), recorded.position)
        case e.ClaimCorrected():
            _corrected(rows, recorded, event)
            _to_correct(rows, recorded, claim, "corrected", "was corrected")
        case e.ClaimRetracted():
            _close(rows, claim, "unassessed", "disputed")
            rows.change(claims, (claim,), retracted=True)
            _take_value_back(rows, recorded, claim)
            _to_correct(rows, recorded, claim, "retracted", "was retracted")
            _supersede_updated(rows, recorded, claim)
        case e.ClaimReinstated():
            _wait(rows, recorded, "unassessed", claim, "it stands again, on a new basis")
            rows.change(claims, (claim,), retracted=False)
            _compare_again(rows, recorded, claim)
            _as_cited(rows, claim, "retracted")
            _supersede_updated(rows, recorded, claim)
        case e.ClaimAssessed():
            _close(rows, claim, "unassessed", "disputed")
            _assessed(rows, recorded, event)
        case e.StanceTaken():
            if event.kind in ("disputes", "denies"):
                _wait(rows, recorded, "disputed", claim, f"a source {event.kind} it")
        case _:
            assert_never(event)


def _assessed(rows: Rows, recorded: Recorded, event: e.ClaimAssessed) -> None:
    """Let what leans on a claim wait once it is found untrue, not again when it is found untrue in another way."""
    claim = str(event.claim)
    if event.assessment not in UNTRUE:
        _as_cited(rows, claim, "assessed")
    elif event.previous not in UNTRUE:
        _to_correct(rows, recorded, claim, "assessed", f"was assessed as {event.assessment}")


def _of_link(rows: Rows, recorded: Recorded, event: OfLink) -> None:
    claim, other = str(event.claim), str(event.other)
    may_be = f"unsure_link:{claim}:{other}:{event.relation}"
    if isinstance(event, e.ClaimsLinked) and event.judgement == "unsure":
        why = f"it may be that the one {event.relation} the other"
        _wait(rows, recorded, "unsure_link", claim, why, other=other, item=may_be)
    else:
        rows.close(review, may_be)
    if isinstance(event, e.ClaimsLinked) and event.judgement == "positive":
        rows.put(links, claim=claim, other=other, relation=event.relation)
        for subject, against in ((claim, other), (other, claim)):
            for row in rows.find(review, kind="contradiction", subject=subject, other=against):
                rows.close(review, row["item"])
    else:
        rows.close(links, claim, other, event.relation)
    if event.relation == "updates":
        _supersede(rows, recorded, other)


def _supersede_updated(rows: Rows, recorded: Recorded, claim: str) -> None:
    """Look again at the claims that a claim updates, which fell or stands again."""
    for link in rows.find(links, claim=claim, relation="updates"):
        _supersede(rows, recorded, link["other"])


def _supersede(rows: Rows, recorded: Recorded, older: str) -> None:
    """Let what leans on a claim wait while a claim that stands updates it."""
    newer = (rows.get(claims, link["claim"]) for link in rows.find(links, other=older, relation="updates"))
    if all(one is None or one["retracted"] for one in newer):
        _as_cited(rows, older, "superseded")
    else:
        _to_correct(rows, recorded, older, "superseded", "was superseded")


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
                _mended(rows, "bulletin_to_correct", bulletin, str(event.cause))
        case e.BulletinWithdrawn():
            for row in rows.find(citations, bulletin=bulletin):
                rows.close(citations, bulletin, row["claim"])
                _mended(rows, "bulletin_to_correct", bulletin, row["claim"])
        case _:
            assert_never(event)


def _of_task(rows: Rows, recorded: Recorded, event: OfTask) -> None:
    if isinstance(event, e.TaskDone):
        rows.close(review, f"task:{event.task}")
        return
    due = f", due {text_of(event.due)}" if event.due else ""
    about = str(event.on.id)
    rows.add(review, **_item(recorded, "task", str(event.task), f"{event.text or 'a task'}{due}", other=about))


def _to_correct(rows: Rows, recorded: Recorded, claim: str, reason: Reason, became: str) -> None:
    """Let each bulletin and each adopted figure wait that leans on a claim which is no longer what it was."""
    for row in rows.find(citations, claim=claim):
        item, why = f"bulletin_to_correct:{row['bulletin']}:{claim}:{reason}", f"it cites a claim that {became}"
        _wait(rows, recorded, "bulletin_to_correct", row["bulletin"], why, other=claim, item=item)
    for row in rows.find(resting, claim=claim):
        item, why = f"figure_to_adopt:{row['figure']}:{claim}:{reason}", f"it rests on a claim that {became}"
        _wait(rows, recorded, "figure_to_adopt", row["figure"], why, other=claim, item=item)


def _as_cited(rows: Rows, claim: str, reason: Reason) -> None:
    """Let nothing wait any more for this reason: in this respect the claim is again what was cited."""
    for row in rows.find(review, other=claim):
        if row["kind"] in ("bulletin_to_correct", "figure_to_adopt") and row["item"].endswith(f":{reason}"):
            rows.close(review, row["item"])


def _mended(rows: Rows, kind: Waiting, subject: str, claim: str) -> None:
    """Let what leans on a claim wait for no reason any more."""
    for reason in REASONS:
        rows.close(review, f"{kind}:{subject}:{claim}:{reason}")


def _adopted(rows: Rows, event: e.FigureAdopted) -> None:
    """Let a figure rest on these claims alone, and wait no more for what it rested on before."""
    figure = str(event.figure)
    for row in rows.find(resting, figure=figure):
        rows.close(resting, figure, row["claim"])
        _mended(rows, "figure_to_adopt", figure, row["claim"])
    for claim in event.rests_on:
        rows.put(resting, figure=figure, claim=str(claim))


def _corrected(rows: Rows, recorded: Recorded, event: e.ClaimCorrected) -> None:
    claim, after = str(event.claim), event.after
    if after.attribution is None and "quantity" not in after.fields:
        return
    if after.attribution is not None:
        rows.change(claims, (claim,), claimant=_claimant(claim, after.attribution))
    held = rows.get(stated, claim)
    rows.close(stated, claim)
    _count_no_more(rows, recorded, held)
    _close(rows, claim, "contradiction")
    made = rows.get(claims, claim)
    assert made is not None
    if "quantity" in after.fields:
        _state_value(rows, recorded, claim, made["claimant"], quantity_of(after.quantity), recorded.position)
    elif held is not None:
        _state_value(rows, recorded, claim, made["claimant"], held["quantity"], held["position"])


def _claimant(claim: str, attribution: v.Attribution) -> str:
    """Return who made a claim; whom nobody named is nobody else."""
    return id_of(attribution.claimant) or f"of {claim}"


def _state_value(
    rows: Rows, recorded: Recorded, claim: str, claimant: str, quantity: Row | None, position: int
) -> None:
    if quantity is None:
        return
    value = {"claim": claim, "figure": quantity["figure"], "claimant": claimant, "quantity": quantity}
    rows.put(stated, **value, position=position)
    newest = rows.get(values, quantity["figure"], claimant)
    if newest is None or newest["position"] <= position:
        _count(rows, recorded, {**value, "position": position})


def _take_value_back(rows: Rows, recorded: Recorded, claim: str) -> None:
    """Let the value of a claim that fell count no more; the claimant's newest of those that stand counts instead."""
    _close(rows, claim, "contradiction")
    _count_no_more(rows, recorded, rows.get(stated, claim))


def _compare_again(rows: Rows, recorded: Recorded, claim: str) -> None:
    """Let the value of a claim that stands again count, where its claimant stated none since."""
    held = rows.get(stated, claim)
    if held is None:
        return
    counted = rows.get(values, held["figure"], held["claimant"])
    if counted is None or counted["position"] <= held["position"]:
        _count(rows, recorded, held)


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
    if not apart(held["quantity"], new["quantity"]) or _linked(rows, new["claim"], held["claim"]):
        rows.close(review, item)
        return
    why = f"“{new['quantity']['wording']}” and “{held['quantity']['wording']}” cannot both be true"
    row = _item(recorded, "contradiction", new["claim"], why, other=held["claim"], item=item)
    waiting = rows.get(review, item)
    kept = {name: waiting[name] for name in ("position", "waiting_since")} if waiting else {}
    rows.put(review, **{**row, **kept})


def _linked(rows: Rows, one: str, other: str) -> bool:
    return bool(rows.find(links, claim=one, other=other) or rows.find(links, claim=other, other=one))


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
