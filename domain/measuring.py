"""Figures and what is said of them (rule 6): dimensions, bounds and counts."""

from domain import refusals as r
from domain import values as v
from domain.units import is_count, same_dimension

NEEDS: dict[v.Bound, tuple[str, ...]] = {
    "exact": ("best",),
    "about": ("best",),
    "at_least": ("low",),
    "more_than": ("low",),
    "at_most": ("high",),
    "up_to": ("high",),
    "fewer_than": ("high",),
    "between": ("low", "high"),
    "dozens": (),
    "hundreds": (),
}
"""The numbers that a bound speaks of. "at least two": low; "up to six miles": high; "about 100": best."""

FORBIDS: dict[v.Bound, tuple[str, ...]] = {
    "at_least": ("high",),
    "more_than": ("high",),
    "at_most": ("low",),
    "up_to": ("low",),
    "fewer_than": ("low",),
}
"""The numbers that a bound leaves open."""


AT_LEAST: dict[v.Bound, int] = {"dozens": 12, "hundreds": 100}
"""What a word for a number cannot be less than."""


def check_quantity(quantity: v.Quantity, figure: v.FigureContent) -> None:
    """Raise `WrongDimension`, `NotACount` or `BoundDisagrees` unless the quantity speaks of the figure."""
    check_estimate(quantity, figure)
    disagreement = _disagreement(quantity, quantity.bound)
    if disagreement is not None:
        raise r.BoundDisagrees(disagreement)


def _disagreement(quantity: v.Quantity, bound: v.Bound) -> str | None:
    missing = [name for name in NEEDS[bound] if getattr(quantity, name) is None]
    if missing:
        return f"the bound {bound} speaks of {' and '.join(NEEDS[bound])}: give {' and '.join(missing)}"
    left_open = [name for name in FORBIDS.get(bound, ()) if getattr(quantity, name) is not None]
    if left_open:
        return f"the bound {bound} leaves {' and '.join(left_open)} open: leave it out"
    if any(number < AT_LEAST.get(bound, number) for number in quantity.numbers()):
        return f"{bound} are at least {AT_LEAST[bound]}: leave the number out, or name another bound"
    if bound == "exact" and len(set(quantity.numbers())) > 1:
        return "an exact figure is one number: low and high are best, or left out"
    return None


def check_estimate(value: v.Estimate, figure: v.FigureContent) -> None:
    """Raise `WrongDimension` or `NotACount` unless the spread measures what the figure measures."""
    check_same_dimension(value.unit, figure.unit)
    if is_count(figure.unit):
        for number in value.numbers():
            if number < 0 or number != int(number):
                raise r.NotACount(f"{figure.label} is a count: {number} is not a whole number of at least 0")


def check_same_dimension(unit: str, other: str) -> None:
    """Raise `WrongDimension` unless both units measure the same."""
    if not same_dimension(unit, other):
        raise r.WrongDimension(f"{unit} does not measure what {other} measures: give a unit of the same dimension")
