"""The pages of events and rules say what the classes say, and no rule is without its story."""

import ast
from functools import cache
from pathlib import Path

import pytest

from domain.catalogue import events_page, leaves, rules_page
from domain.refusals import Refused

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_events_is_true() -> None:
    assert (DOCS / "events.md").read_text() == events_page() + "\n", "run `make docs`"


def test_the_page_of_rules_is_true() -> None:
    assert (DOCS / "rules.md").read_text() == rules_page() + "\n", "run `make docs`"


@pytest.mark.parametrize("refusal", sorted(leaves(Refused), key=lambda kind: kind.__name__))
def test_every_refusal_is_shown_by_a_story(refusal: type[Refused]) -> None:
    assert refusal.__name__ in shown()


@cache
def shown() -> set[str]:
    """Return the refusals that the stories of this folder end with."""
    return {name for story in Path(__file__).parent.glob("test_*.py") for name in refused_in(story.read_text())}


def refused_in(text: str) -> set[str]:
    """Return the refusals that stories in this text end with: those given to `then_refused` as `r.Name`."""
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    ends = [
        call.args[0]
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "then_refused" and call.args
    ]
    return {end.attr for end in ends if isinstance(end, ast.Attribute)}
