"""Incidents and claims as GeoJSON (RFC 7946): what has a place, with how exactly it is known.

Law: a place without a point is a feature without a geometry: nothing is put on the map that nobody put there.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from geojson_pydantic import Feature, Point
from geojson_pydantic.types import Position2D
from pydantic import BaseModel

from domain.codebooks import acled_geo_precision, acled_time_precision, ucdp_date_prec, ucdp_where_prec
from domain.values import Occurred, Place
from projections.views.claims import ClaimView
from projections.views.incidents import IncidentView


def feature_lines(things: Iterable[BaseModel]) -> Iterator[bytes]:
    """Yield a feature collection, a feature on each line."""
    yield b'{"type":"FeatureCollection","features":[\n'
    glue = b""
    for thing in things:
        feature = feature_of(thing)
        if feature is not None:
            yield glue + feature.model_dump_json(exclude_unset=True).encode()
            glue = b",\n"
    yield b"\n]}\n"


def feature_of(thing: BaseModel) -> Feature[Point, dict[str, Any]] | None:
    """Return the feature of an incident or a claim, None where it has no place."""
    assert isinstance(thing, IncidentView | ClaimView)
    if thing.place is None:
        return None
    place = Place.model_validate(thing.place)
    point = Point(type="Point", coordinates=Position2D(*place.point)) if place.point else None
    where = {
        "place": place.name,
        "country": place.country,
        "radius_m": place.uncertainty_m(),
        "precision": place.precision,
        "ucdp_where_prec": ucdp_where_prec(place),
        "acled_geo_precision": acled_geo_precision(place),
        **_when(thing),
    }
    about = _incident(thing) if isinstance(thing, IncidentView) else _claim(thing)
    return Feature[Point, dict[str, Any]](
        type="Feature", id=str(about["id"]), geometry=point, properties={**about, **where}
    )


def _when(thing: IncidentView | ClaimView) -> dict[str, Any]:
    """Return when it is said to have happened, as EDTF and in the codes of UCDP and ACLED."""
    if thing.occurred is None:
        return {}
    occurred = Occurred.model_validate(thing.occurred)
    return {
        "occurred": occurred.text(),
        "ucdp_date_prec": ucdp_date_prec(occurred),
        "acled_time_precision": acled_time_precision(occurred),
    }


def _incident(incident: IncidentView) -> dict[str, Any]:
    return {
        "kind": "incident",
        "id": incident.incident,
        "short_id": incident.short_id,
        "title": incident.title,
        "state": incident.state,
        "position": incident.changed,
    }


def _claim(claim: ClaimView) -> dict[str, Any]:
    return {
        "kind": "claim",
        "id": claim.claim,
        "short_id": claim.short_id,
        "title": claim.wording["text"],
        "incident": claim.incident,
        "record_state": claim.record_state,
        "assessment": claim.assessment,
        "position": claim.since,
    }
