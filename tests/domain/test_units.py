"""Units as pint reads them, and what is kept out of pint."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.units import UnknownUnit, check_unit, is_count, same_dimension, to_si

LENGTHS = ("m", "km", "mile", "foot", "nautical_mile", "yard")


class TestReading:
    @pytest.mark.parametrize("text", ["1", "km", "mile", "km**2", "km/h", "m/s**2", "kg", "hectare", "µm"])
    def test_units_are_read(self, text: str) -> None:
        check_unit(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "0",
            "2",
            "parsnip",
            "6 km",
            "km ** 2",
            "km**99",
            "km**-1",
            "km(2)",
            "__import__",
            "m" * 41,
            "degC",
            "percent",
            "radian",
            "km/m",
        ],
    )
    def test_what_measures_nothing_or_is_not_known_is_refused(self, text: str) -> None:
        with pytest.raises(UnknownUnit):
            check_unit(text)

    def test_a_count_has_the_unit_1(self) -> None:
        assert is_count("1")
        assert not is_count("km")


class TestMeasuring:
    def test_what_can_be_compared(self) -> None:
        assert same_dimension("km", "mile")
        assert same_dimension("km**2", "hectare")
        assert not same_dimension("km", "km**2")
        assert not same_dimension("km", "1")

    @pytest.mark.parametrize(
        ("value", "unit", "expected"),
        [
            (6, "mile", (9656.064, "m")),
            (1000, "km**2", (1e9, "m**2")),
            (100, "1", (100, "1")),
            (7, "m", (7, "m")),
            (36, "km/h", (10.0, "m/s")),
        ],
    )
    def test_si_stands_beside_what_was_given(self, value: float, unit: str, expected: tuple[float, str]) -> None:
        assert to_si(value, unit) == expected

    def test_a_count_stays_a_whole_number(self) -> None:
        assert isinstance(to_si(100, "1")[0], int)


@given(st.text(max_size=45))
def test_no_text_is_more_than_refused(text: str) -> None:
    try:
        check_unit(text)
    except UnknownUnit:
        return
    assert is_count(text) or same_dimension(text, text)


@given(st.floats(-1e9, 1e9).filter(lambda x: x == 0 or abs(x) > 1e-6), st.sampled_from(LENGTHS))
def test_what_is_in_si_stays_as_it_is(value: float, unit: str) -> None:
    assert to_si(*to_si(value, unit)) == to_si(value, unit)
