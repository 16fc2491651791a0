"""The process that keeps the views: it follows, it may be killed, it ends with its server."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from projections.checkpoints import read
from projections.runner import NotOfThisLog, Runner
from service.follower import Follower, following
from service.ledger import Ledger
from service.settings import Settings
from tests.service.ledgers import ask, begin, claim, open_ledger

PATIENCE = 60.0


@contextmanager
def followed(folder: Path) -> Iterator[tuple[Ledger, Runner, Follower]]:
    """Give a ledger whose views are followed."""
    with (
        open_ledger(folder, recalling=True) as ledger,
        Runner.open(folder / "views.sqlite") as views,
        following(Settings(data=folder), ledger, views) as follower,
    ):
        yield ledger, views, follower


def test_each_commit_is_followed(tmp_path: Path) -> None:
    with followed(tmp_path) as (ledger, views, _):
        incident, report = begin(ledger)
        for n in range(3):
            receipt = ledger.execute_now(ask(claim(incident, report, f"claim {n}")))
            assert views.wait_for(receipt.position, PATIENCE)
        assert {one.state for one in views.status()} == {"live"}


def test_a_follower_that_is_killed_is_started_again(tmp_path: Path) -> None:
    with followed(tmp_path) as (ledger, views, follower):
        incident, report = begin(ledger)
        for n in range(2):
            first = follower.pid
            os.kill(first, signal.SIGKILL)
            receipt = ledger.execute_now(ask(claim(incident, report, f"claim {n}")))
            assert views.wait_for(receipt.position, PATIENCE)
            assert follower.pid != first


def test_a_follower_ends_with_its_server_and_leaves_the_views_whole(tmp_path: Path) -> None:
    with followed(tmp_path) as (ledger, views, follower):
        begin(ledger)
        pid, head = follower.pid, ledger.head()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with open_ledger(tmp_path, read_only=True) as ledger, Runner.open(tmp_path / "views.sqlite") as views:
        assert views.catch_up(ledger.read_raw) == head
        with views.connect() as connection:
            assert {one.generation for one in read(connection).values()} == {1}


def test_views_of_another_log_are_not_followed(tmp_path: Path) -> None:
    with followed(tmp_path) as (ledger, views, _):
        begin(ledger)
        assert views.wait_for(ledger.head(), PATIENCE)
    for file in tmp_path.glob("ledger.sqlite*"):
        file.unlink()
    with pytest.raises(NotOfThisLog), followed(tmp_path):
        pass


def test_what_was_worked_on_last_is_recalled_last(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        one, report = begin(ledger)
        other, _ = begin(ledger)
        ledger.execute_now(ask(claim(one, report)))
        recorder = ledger._log.log_recorder
        assert recorder.recent(100)[-1] == one
        assert other in recorder.recent(100)
        assert recorder.recent(1) == [one]
    with open_ledger(tmp_path, recalling=True) as ledger:
        assert ledger.execute_now(ask(claim(one, report, "nine miles"))).version == 4
