"""The process that keeps the views: it follows, it may be killed, it ends with its server."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from projections.checkpoints import read
from projections.projecting import NotOfThisLog
from projections.runner import Runner
from service.follower import Follower, following
from service.ledger import Ledger
from service.settings import Settings
from service.views import open_views
from tests.service.ledgers import ask, begin, claim, open_ledger

PATIENCE = 60.0


@contextmanager
def followed(folder: Path) -> Iterator[tuple[Ledger, Runner, Follower]]:
    """Give a ledger whose views are followed."""
    with (
        open_ledger(folder, recalling=True) as ledger,
        open_views(Settings(data=folder)) as views,
        following(Settings(data=folder), ledger, views) as follower,
    ):
        yield ledger, views, follower


class StumblingViews(Runner):
    """Views whose database is away the first time that it is asked how far they are."""

    stumbled = False

    def reread(self) -> None:
        """Fail once, then find out."""
        if not self.stumbled:
            self.stumbled = True
            raise OSError("the database is away")
        super().reread()


class StumblingFollower(Follower):
    """A follower that the system cannot start again at once."""

    starts = 0

    def _started(self) -> "subprocess.Popen[bytes]":
        self.starts += 1
        if self.starts == 2:
            raise OSError("no more processes")
        return super()._started()


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


def test_a_follower_that_cannot_be_started_again_at_once_is_started_later(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger, open_views(Settings(data=tmp_path)) as views:
        follower = StumblingFollower(Settings(data=tmp_path), views)
        ledger.on_commit(follower.wake)
        try:
            os.kill(follower.pid, signal.SIGKILL)
            begin(ledger)
            assert views.wait_for(ledger.head(), PATIENCE)
            assert follower.starts == 3
        finally:
            follower.stop()


def test_views_that_are_away_for_a_moment_are_followed_on(tmp_path: Path) -> None:
    with (
        open_ledger(tmp_path) as ledger,
        StumblingViews.open(tmp_path / "views.sqlite") as views,
        following(Settings(data=tmp_path), ledger, views),
    ):
        incident, report = begin(ledger)
        for n in range(2):
            receipt = ledger.execute_now(ask(claim(incident, report, f"claim {n}")))
            assert views.wait_for(receipt.position, PATIENCE)
        assert views.stumbled


def test_the_signals_that_stop_a_server_do_not_stop_its_follower(tmp_path: Path) -> None:
    with followed(tmp_path) as (ledger, views, follower):
        incident, report = begin(ledger)
        assert views.wait_for(ledger.head(), PATIENCE)
        pid = follower.pid
        for told in (signal.SIGTERM, signal.SIGINT):
            os.kill(pid, told)
            receipt = ledger.execute_now(ask(claim(incident, report, told.name)))
            assert views.wait_for(receipt.position, PATIENCE)
        assert follower.pid == pid


def test_what_lies_in_the_working_directory_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "structlog.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    with followed(tmp_path / "data") as (ledger, views, follower):
        pid = follower.pid
        begin(ledger)
        assert views.wait_for(ledger.head(), PATIENCE)
        assert follower.pid == pid


def test_a_follower_that_is_woken_after_its_end_writes_nowhere(tmp_path: Path) -> None:
    with followed(tmp_path) as (ledger, _, follower):
        begin(ledger)
    read_end, write_end = os.pipe()  # takes the numbers that the follower's pipes had
    os.set_blocking(read_end, False)
    try:
        follower.wake(0)
        with pytest.raises(BlockingIOError):
            os.read(read_end, 1)
    finally:
        os.close(read_end)
        os.close(write_end)


def test_a_follower_ends_with_its_server_and_leaves_the_views_whole(tmp_path: Path) -> None:
    with followed(tmp_path) as (ledger, views, follower):
        begin(ledger)
        pid, head = follower.pid, ledger.head()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with open_ledger(tmp_path, read_only=True) as ledger, open_views(Settings(data=tmp_path)) as views:
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
