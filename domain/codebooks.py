"""How the record's own values read in the code books of others: Airwars, Admiralty, UCDP GED, ACLED.

Each translation loses something: it is made when something is exported, and never stored.
"""

from datetime import timedelta
from typing import Literal

from domain.codes import Assessment, PlacePrecision
from domain.values import Occurred, Place

Airwars = Literal["weak", "contested", "fair", "confirmed", "discounted"]

AIRWARS_GRADING: dict[Assessment, Airwars] = {
    "unverified": "weak",
    "contested": "contested",
    "likely": "fair",
    "confirmed": "confirmed",
    "discounted": "discounted",
    "false": "discounted",
}
"""Airwars' grading of an assessment, where it has one."""

ADMIRALTY_CREDIBILITY: dict[Assessment, tuple[int, ...]] = {
    "unverified": (3, 4),
    "unverifiable": (6,),
    "contested": (3,),
    "likely": (2,),
    "confirmed": (1,),
    "discounted": (4, 5),
    "false": (5,),
}
"""The Admiralty credibilities that go with an assessment, where any do."""

_WHERE: dict[PlacePrecision, tuple[int, int]] = {
    "exact": (1, 1),
    "vicinity": (1, 1),
    "locality": (1, 1),
    "near": (2, 2),
    "district": (3, 2),
    "region": (4, 3),
    "feature": (5, 3),
    "country": (6, 3),
    "sea_or_air": (7, 3),
}


def ucdp_date_prec(occurred: Occurred) -> int:
    """Return the UCDP GED date_prec: 1 the day, 2 two to six days, 3 a week, 4 a month, 5 longer or unknown.

    A day that is only approximate or inferred is not known exactly: 2.
    """
    if occurred.earliest is None or occurred.latest is None:
        return 5
    length = occurred.latest - occurred.earliest
    for days, code in ((1, 1), (6, 2), (7, 3), (31, 4)):
        if length <= timedelta(days=days):
            return max(code, 2) if occurred.approximate or occurred.inferred else code
    return 5


def acled_time_precision(occurred: Occurred) -> int:
    """Return the ACLED time_precision: 1 the day, 2 a week or part of a month, 3 a month or longer, or unknown."""
    return {1: 1, 2: 2, 3: 2}.get(ucdp_date_prec(occurred), 3)


def ucdp_where_prec(place: Place) -> int:
    """Return the UCDP GED where_prec: 1 the place .. 4 the region, 5 a feature, 6 the country, 7 sea or air."""
    return _WHERE[place.precision][0]


def acled_geo_precision(place: Place) -> int:
    """Return the ACLED geo_precision: 1 the town, 2 near it or part of a region, 3 a region or more."""
    return _WHERE[place.precision][1]
