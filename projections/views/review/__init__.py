"""The review queue: what waits for somebody's judgement, and why, the longest waiting first.

Law: an item begins and ends with an event, so the queue of any moment is the queue that the desk had. What has come
up since somebody looked is the difference of the queue between then and now.

What waits: a claim that nobody assessed; one that a source disputes; two claims that may be linked; two values of
different claimants that cannot both be true, and no link between their claims; evidence that nobody examined; a
bulletin that cites a claim which is no longer what it was; an adopted figure that rests on such a claim; a task.

A claim whose claimant nobody named is one of a claimant of its own. What waits for a claim that is no longer what it
was waits once for each reason, and only what undoes a reason ends its item: reinstatement takes no correction back.
"""

from typing import assert_never

from domain import incident_events as e
from domain import values as v
from domain.events import Recorded
from projections.rows import Rows
from projections.shapes import quantity_of, text_of
from projections.view import View
from projections.views.review import contradictions, leaning, queue
from projections.views.review.contradictions import claims, links
from projections.views.review.leaning import as_cited, to_correct
from projections.views.review.queue import close, item_of, review, wait

LIST = queue.LIST
OfClaim = e.ClaimMade | e.ClaimCorrected | e.ClaimRetracted | e.ClaimReinstated | e.ClaimAssessed | e.StanceTaken
OfLink = e.ClaimsLinked | e.ClaimsUnlinked
OfEvidence = e.EvidenceAttached | e.EvidenceExamined | e.EvidenceWithdrawn
OfTask = e.TaskAssigned | e.TaskDone
Seen = OfClaim | OfLink | OfEvidence | leaning.OfBulletin | OfTask | e.FigureAdopted
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
    elif isinstance(event, leaning.OfBulletin):
        leaning.of_bulletin(rows, event)
    elif isinstance(event, e.FigureAdopted):
        leaning.adopted(rows, event)
    else:
        assert isinstance(event, OfTask)
        _of_task(rows, recorded, event)


TABLES = (
    review,
    contradictions.values,
    contradictions.stated,
    claims,
    links,
    leaning.citations,
    leaning.resting,
)
VIEW = View("review", 2, TABLES, frozenset(c.NAME for c in Seen.__args__), project)


def _of_claim(rows: Rows, recorded: Recorded, event: OfClaim) -> None:
    claim = str(event.claim)
    match event:
        case e.ClaimMade():
            rows.add(review, **item_of(recorded, "unassessed", claim, "nobody has assessed it"))
            claimant = contradictions.claimant(claim, event.attribution)
            rows.add(claims, claim=claim, claimant=claimant, retracted=False)
            contradictions.state_value(rows, recorded, claim, claimant, quantity_of(event.quantity), recorded.position)
        case e.ClaimCorrected():
            contradictions.corrected(rows, recorded, event)
            to_correct(rows, recorded, claim, "corrected", "was corrected")
        case e.ClaimRetracted():
            close(rows, claim, "unassessed", "disputed")
            rows.change(claims, (claim,), retracted=True)
            contradictions.take_value_back(rows, recorded, claim)
            to_correct(rows, recorded, claim, "retracted", "was retracted")
            _supersede_updated(rows, recorded, claim)
        case e.ClaimReinstated():
            wait(rows, recorded, "unassessed", claim, "it stands again, on a new basis")
            rows.change(claims, (claim,), retracted=False)
            contradictions.compare_again(rows, recorded, claim)
            as_cited(rows, claim, "retracted")
            _supersede_updated(rows, recorded, claim)
        case e.ClaimAssessed():
            close(rows, claim, "unassessed", "disputed")
            _assessed(rows, recorded, event)
        case e.StanceTaken():
            if event.kind in ("disputes", "denies"):
                wait(rows, recorded, "disputed", claim, f"a source {event.kind} it")
        case _:
            assert_never(event)


def _assessed(rows: Rows, recorded: Recorded, event: e.ClaimAssessed) -> None:
    """Let what leans on a claim wait once it is found untrue, not again when it is found untrue in another way."""
    claim = str(event.claim)
    if event.assessment not in UNTRUE:
        as_cited(rows, claim, "assessed")
    elif event.previous not in UNTRUE:
        to_correct(rows, recorded, claim, "assessed", f"was assessed as {event.assessment}")


def _of_link(rows: Rows, recorded: Recorded, event: OfLink) -> None:
    claim, other = str(event.claim), str(event.other)
    may_be = f"unsure_link:{claim}:{other}:{event.relation}"
    if isinstance(event, e.ClaimsLinked) and event.judgement == "unsure":
        why = f"it may be that the one {event.relation} the other"
        wait(rows, recorded, "unsure_link", claim, why, other=other, item=may_be)
    else:
        rows.close(review, may_be)
    if isinstance(event, e.ClaimsLinked) and event.judgement == "positive":
        contradictions.join(rows, claim, other, event.relation)
    else:
        contradictions.part(rows, recorded, claim, other, event.relation)
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
        as_cited(rows, older, "superseded")
    else:
        to_correct(rows, recorded, older, "superseded", "was superseded")


def _of_evidence(rows: Rows, recorded: Recorded, event: OfEvidence) -> None:
    if isinstance(event, e.EvidenceAttached):
        rows.add(review, **item_of(recorded, "unexamined", str(event.evidence), "nobody has examined it"))
    else:
        rows.close(review, f"unexamined:{event.evidence}")


def _of_task(rows: Rows, recorded: Recorded, event: OfTask) -> None:
    if isinstance(event, e.TaskDone):
        rows.close(review, f"task:{event.task}")
        return
    due = f", due {text_of(event.due)}" if event.due else ""
    about = str(event.on.id)
    rows.add(review, **item_of(recorded, "task", str(event.task), f"{event.text or 'a task'}{due}", other=about))
