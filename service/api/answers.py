"""The answers that are more than a list: a contested figure, the impact of a claim, what to correct, search."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response

from projections.views import bulletins, figures, search
from projections.views.bulletins import Impact
from projections.views.figures import FigureDetail
from projections.views.search import Hit
from service.api.callers import Reader
from service.api.moments import Moment, reading
from service.api.naming import IncidentName, id_or_none
from service.api.paging import Listing
from service.api.reading import ClaimId, FilterText, Name, Text, Views, check_incident, claim_of, incident_of
from service.api.reads import ReadRoute

router = APIRouter(prefix="/api/v1", route_class=ReadRoute)


def mount(app: FastAPI) -> None:
    """Add the routes of these answers."""
    app.include_router(router)


@router.get("/incidents/{incident}/figures/{figure}", operation_id="get_figure", tags=["figure"])
def get_figure(
    request: Request,
    response: Response,
    caller: Reader,
    at: Annotated[Moment, Depends(reading("incidents", "figures"))],
    connection: Views,
    incident: Name,
    figure: Annotated[UUID, Path(description="Id of the figure")],
) -> FigureDetail:
    """Read a figure with every value ever stated: by whom, since when, and which are apart."""
    held = incident_of(caller, connection, at, incident)
    found = figures.get_figure(connection, at.position, str(figure))
    if found is None or found.incident != held.incident:
        raise at.unknown(f"figure {figure} in {held.short_id}")
    at.describe(request, response)
    return found


@router.get("/incidents/{incident}/claims/{claim}/impact", operation_id="get_impact", tags=["claim"])
def get_impact(
    request: Request,
    response: Response,
    caller: Reader,
    at: Annotated[Moment, Depends(reading("incidents", "claims", "bulletins"))],
    connection: Views,
    incident: Name,
    claim: ClaimId,
) -> Impact:
    """Read what leaned on a claim, directly or through others, and what was published with it."""
    read = claim_of(connection, at, incident_of(caller, connection, at, incident), claim)
    found = bulletins.impact(connection, at.position, read.claim)
    if found is None:
        raise at.unknown(f"claim {claim}")
    at.describe(request, response)
    return found


@router.get("/search", operation_id="search", tags=["search"])
def find(
    request: Request,
    response: Response,
    caller: Reader,
    at: Annotated[Moment, Depends(reading("search"))],
    connection: Views,
    q: Annotated[FilterText, Query(min_length=1, max_length=200, description="Words", examples=["стрільба"])],
    incident: Annotated[IncidentName | None, Query(description="Only in this incident")] = None,
    kind: Text = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Hits at the most")] = 50,
) -> Listing[Hit]:
    """Find the things whose words hold all of `q`, the best first; the last word may be a beginning."""
    inside = id_or_none(connection, at, incident)
    check_incident(caller, inside)
    at.seen_by(caller).describe(request, response)
    one, within = str(inside) if inside else None, caller.within()
    hits = search.search(connection, at.position, q, incident=one, kind=kind, within=within, limit=limit)
    return Listing(items=hits)
