"""What the desk holds of a claim, as schema.org's ClaimReview in JSON-LD: for those who read fact-checks by machine.

Law: only what the desk has assessed, of a claim that stands, is a review: what was retracted or withdrawn is none any
more. A rating has a number only where the assessment says how true.
"""

from typing import Any

import orjson
from fastapi import Request
from sqlalchemy import Connection

from domain import values as v
from projections.catalogue import LISTS
from projections.lists import Listed, one
from projections.views.claims import ClaimView
from service.api.media import CLAIM_REVIEW
from service.api.problems import Fault

RATING: dict[v.Assessment, int] = {"confirmed": 5, "likely": 4, "contested": 3, "discounted": 2, "false": 1}
"""How true the desk holds it to be, 5 true to 1 false; the other assessments say that nobody knows."""
ORGANISATIONS = frozenset({"official", "armed_force", "agency", "outlet", "monitor", "ngo", "desk"})


def review_of(request: Request, connection: Connection, position: int, claim: ClaimView) -> bytes:
    """Return the review of a claim; raise 404 where the desk has not assessed it, or it was retracted."""
    if claim.retraction is not None:
        state = claim.record_state.replace("_", " ")
        raise Fault(404, "NotAssessed", f"{claim.short_id} is {state}: there is no review of it any more")
    if claim.assessed is None or claim.assessment == "unassessed":
        raise Fault(404, "NotAssessed", f"the desk has not assessed {claim.short_id}: there is no review of it")
    address = str(request.url.replace(query="")).removesuffix(f".{CLAIM_REVIEW.suffix}")
    return orjson.dumps(
        {
            "@context": "https://schema.org",
            "@type": "ClaimReview",
            "url": address,
            "claimReviewed": claim.wording["text"],
            "inLanguage": claim.wording.get("language"),
            "datePublished": claim.assessed["recorded_at"],
            "author": {"@type": "Organization", "name": request.app.state.settings.desk},
            "reviewBody": claim.assessed["reason"],
            "reviewRating": _rating(claim.assessment),
            "itemReviewed": _item(connection, position, claim),
        }
    )


def _rating(assessment: v.Assessment) -> dict[str, Any]:
    named = {"@type": "Rating", "alternateName": assessment.replace("_", " ")}
    if assessment not in RATING:
        return named
    return {**named, "ratingValue": RATING[assessment], "bestRating": 5, "worstRating": 1}


def _item(connection: Connection, position: int, claim: ClaimView) -> dict[str, Any]:
    report = _row(connection, position, "report", claim.report)
    claimant = _row(connection, position, "source", claim.attribution.get("claimant"))
    item: dict[str, Any] = {"@type": "Claim", "text": claim.wording["text"]}
    if claimant:
        kind = "Organization" if claimant["kind"] in ORGANISATIONS else "Person"
        item["author"] = {"@type": kind, "name": claimant["name"]}
    if report:
        work = {"@type": "CreativeWork", "headline": report["title"], "datePublished": report["published"]}
        item["datePublished"] = report["published"]
        item["appearance"] = [{**work, "url": report["content"].get("url")}]
    return item


def _row(connection: Connection, position: int, noun: str, key: str | None) -> dict[str, Any]:
    found = one(connection, _listed(noun), position, key) if key is not None else None
    return {} if found is None else found.model_dump(mode="json")


def _listed(noun: str) -> Listed:
    return next(listed for listed in LISTS if listed.noun == noun)
