"""Units of counted and measured figures, as pint reads them.

Law: a unit is one name, or a product or quotient of names with small whole powers; nothing else reaches pint, which
evaluates expressions.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pint

_NAME = r"[A-Za-zµ°]+(_[A-Za-z]+)*(\*\*[1-9])?"
_SHAPE = re.compile(rf"{_NAME}((\*|/){_NAME}){{0,5}}")
COUNT = "1"


class UnknownUnit(ValueError):
    """The text is not a unit that figures may have."""


@lru_cache(maxsize=1)
def _registry() -> "pint.UnitRegistry[float]":
    import pint  # a third of a second, which nobody waits for who measures nothing

    return pint.UnitRegistry(cache_folder=None)


@lru_cache(maxsize=4096)
def _parse(text: str) -> "pint.Unit":
    if text == COUNT:
        return _registry().Unit("dimensionless")
    if len(text) > 40 or not _SHAPE.fullmatch(text):
        raise UnknownUnit(f"{text[:40]!r} is not a unit: write km, mile, km**2, km/h, or 1 for a count")
    try:
        unit = _registry().Unit(text)
    except Exception as problem:  # pint raises a dozen kinds for a text that it cannot read
        raise UnknownUnit(f"{text!r} is not a known unit: write km, mile, km**2, km/h, or 1 for a count") from problem
    if unit.dimensionless:
        raise UnknownUnit(f"{text!r} measures nothing: a count has the unit 1")
    if not _registry().Quantity(1.0, unit)._is_multiplicative:
        raise UnknownUnit(f"{text!r} has no absolute zero: use kelvin")
    return unit


def check_unit(text: str) -> None:
    """Raise `UnknownUnit` unless the text is a unit."""
    _parse(text)


def is_count(unit: str) -> bool:
    """Tell whether figures of this unit are counts."""
    return unit == COUNT


@lru_cache(maxsize=4096)
def same_dimension(a: str, b: str) -> bool:
    """Tell whether both units measure the same."""
    return a == b or bool(_parse(a).dimensionality == _parse(b).dimensionality)


@lru_cache(maxsize=4096)
def _si(unit: str) -> tuple[float, str]:
    if is_count(unit):
        return 1.0, COUNT
    base = _registry().Quantity(1.0, _parse(unit)).to_base_units()
    return float(base.magnitude), f"{base.units:~C}"


def to_si(value: float, unit: str) -> tuple[float, str]:
    """Return the value in SI base units, to 12 significant digits, and the unit: 6 mile is 9656.064 m."""
    factor, base = _si(unit)
    return (value, base) if factor == 1.0 else (_rounded(value * factor), base)


def _rounded(value: float) -> float:
    return float(f"{value:.12g}")
