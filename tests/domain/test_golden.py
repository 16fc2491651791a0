"""The stored bytes of each event: once written, they are read for ever.

A changed shape is a new name and a new file; a file that is there is never changed. New ones are written by
`python -m tests.domain.test_golden`, which leaves those that are there alone.
"""

from pathlib import Path

import pytest

from domain.events import REGISTRY, Event, Recorded
from tests.examples import EXAMPLES
from tests.spec import recorded, uid

GOLDEN = Path(__file__).parent.parent / "golden"


def stored(event: Event) -> Recorded:
    """Return the event in a fixed envelope."""
    return recorded(event, uid(1), 1, 1)


def test_there_is_an_example_of_each_event() -> None:
    assert sorted(event.NAME for event in EXAMPLES) == sorted(REGISTRY)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.NAME)
def test_an_event_is_stored_as_it_always_was(event: Event) -> None:
    assert stored(event).to_bytes() == (GOLDEN / f"{event.NAME}.json").read_bytes()


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_what_was_ever_stored_can_be_read(file: Path) -> None:
    read = Recorded.from_bytes(file.read_bytes(), position=1)
    assert read in [stored(event) for event in EXAMPLES]


if __name__ == "__main__":
    for example in EXAMPLES:
        target = GOLDEN / f"{example.NAME}.json"
        if not target.exists():
            target.write_bytes(stored(example).to_bytes())
