"""The record's values in the code books of others."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from domain import values as v
from domain.codebooks import (
    ADMIRALTY_CREDIBILITY,
    AIRWARS_GRADING,
    acled_geo_precision,
    acled_time_precision,
    ucdp_date_prec,
    ucdp_where_prec,
)


@pytest.mark.parametrize(
    ("edtf", "ucdp", "acled"),
    [
        ("2024-08-06T14:30Z", 1, 1),
        ("2024-08-06", 1, 1),
        ("2024-08-06~", 2, 2),
        ("2024-08-06?", 2, 2),
        ("2024-08-06/2024-08-07", 2, 2),
        ("2024-08-06/2024-08-11", 2, 2),
        ("2024-08-06/2024-08-12", 3, 2),
        ("2024-08-06/2024-08-13", 4, 3),
        ("2024-08", 4, 3),
        ("2024-08~", 4, 3),
        ("2024-07-01/2024-08-01", 5, 3),
        ("2024", 5, 3),
        ("2024-08-06/..", 5, 3),
        ("../2024-08-06", 5, 3),
    ],
)
def test_times_in_the_code_books_of_ucdp_and_acled(edtf: str, ucdp: int, acled: int) -> None:
    occurred = v.Occurred(edtf=edtf)
    assert (ucdp_date_prec(occurred), acled_time_precision(occurred)) == (ucdp, acled)


def test_a_day_and_a_night_are_a_day() -> None:
    start = datetime(2024, 8, 6, 12, tzinfo=UTC)
    assert ucdp_date_prec(v.Occurred(earliest=start, latest=start + timedelta(days=1))) == 1
    assert ucdp_date_prec(v.Occurred(earliest=start, latest=start + timedelta(days=1, microseconds=1))) == 2


@pytest.mark.parametrize(
    ("precision", "ucdp", "acled"),
    [
        ("exact", 1, 1),
        ("vicinity", 1, 1),
        ("locality", 1, 1),
        ("near", 2, 2),
        ("district", 3, 2),
        ("region", 4, 3),
        ("feature", 5, 3),
        ("country", 6, 3),
        ("sea_or_air", 7, 3),
    ],
)
def test_places_in_the_code_books_of_ucdp_and_acled(precision: v.PlacePrecision, ucdp: int, acled: int) -> None:
    place = v.Place(name="Kursk", precision=precision)
    assert (ucdp_where_prec(place), acled_geo_precision(place)) == (ucdp, acled)


def test_assessments_in_the_code_books_of_airwars_and_the_admiralty() -> None:
    assert AIRWARS_GRADING["likely"] == "fair"
    assert AIRWARS_GRADING["false"] == "discounted"
    assert ADMIRALTY_CREDIBILITY["confirmed"] == (1,)
    assert ADMIRALTY_CREDIBILITY["discounted"] == (4, 5)
    without = set(get_args(v.Assessment)) - AIRWARS_GRADING.keys()
    assert without == {"unassessed", "unverifiable", "not_applicable"}


def test_every_assessment_has_a_group() -> None:
    assert v.GROUP_OF.keys() == set(get_args(v.Assessment))
    assert set(v.GROUP_OF.values()) == set(get_args(v.AssessmentGroup))
