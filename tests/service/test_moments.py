"""Moments: which position a text names, and whether it does so for ever."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import Request

from service.api.moments import found_at
from service.ledger import Ledger
from service.moments import find
from service.settings import Settings
from tests.service.ledgers import begin, open_ledger

pytestmark = pytest.mark.usefixtures("store")


class CommittingLedger(Ledger):
    """A ledger in which an event, recorded in the last moment of the time asked for, commits as the time is resolved.

    It and one after it are in the log when the head is read again.
    """

    late = 0

    def head(self) -> int:
        """Return the last position, with those that came in between."""
        return super().head() + self.late

    def position_at(self, moment: datetime) -> int:
        """Resolve the time, then let two more commit."""
        found = super().position_at(moment)
        self.late = 2
        return found


def test_a_time_that_something_was_recorded_after_is_settled(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        begin(ledger)
        first, last = ledger.recorded_at(1), ledger.recorded_at(3)
        assert find(ledger, first.isoformat()).settled
        assert find(ledger, first.isoformat()).position == 1
        assert not find(ledger, last.isoformat()).settled
        assert find(ledger, "3").settled


def test_what_commits_while_a_time_is_resolved_settles_nothing(tmp_path: Path) -> None:
    with CommittingLedger.open(Settings(data=tmp_path)) as ledger:
        begin(ledger)
        time = ledger.recorded_at(3)
        found = find(ledger, time.isoformat())
        assert (found.position, found.settled) == (3, False)
        assert ledger.head() == 5


def test_a_difference_up_to_a_time_that_commits_meanwhile_is_not_for_ever(tmp_path: Path) -> None:
    with CommittingLedger.open(Settings(data=tmp_path)) as ledger:
        begin(ledger)
        app = SimpleNamespace(state=SimpleNamespace(ledger=ledger))
        request = Request({"type": "http", "app": app})
        time = (ledger.recorded_at(3) + timedelta(microseconds=1)).astimezone(UTC).isoformat()
        first, second = found_at(request, "1", "from"), found_at(request, time, "to")
        assert (first.position, second.position, first.settled, second.settled) == (1, 3, True, False)
