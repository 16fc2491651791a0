"""The pages of events and rules say what the classes say."""

from pathlib import Path

from domain.catalogue import events_page, leaves, rules_page
from domain.refusals import Refused

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_events_is_true() -> None:
    assert (DOCS / "events.md").read_text() == events_page() + "\n", "run `make docs`"


def test_the_page_of_rules_is_true() -> None:
    assert (DOCS / "rules.md").read_text() == rules_page() + "\n", "run `make docs`"


def test_every_refusal_is_raised_somewhere() -> None:
    sources = "".join(file.read_text() for file in (Path(__file__).parents[2] / "domain").glob("*.py"))
    assert [kind.__name__ for kind in leaves(Refused) if f"r.{kind.__name__}(" not in sources] == ["ReasonOwed"]
