"""Workers on one database: one keeps the views; another takes over from it, and loses nothing when it comes back."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select

from projections.checkpoints import checkpoints
from service.ledger import Ledger
from service.settings import Settings
from service.views import open_views
from tests.service.ledgers import ask, begin, claim

PATIENCE = 60.0


@contextmanager
def worker(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a worker."""
    command = [str(Path(sys.executable).parent / "onrecord"), "worker", "--data", str(folder)]
    process = subprocess.Popen(command, env={**os.environ, "ONRECORD_LOG_LEVEL": "error"})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        assert process.wait(timeout=PATIENCE) == 0


class Desk:
    """A ledger to write to, and what is shown of it."""

    def __init__(self, ledger: Ledger, database: str) -> None:
        self._ledger, self._database = ledger, database
        self._incident, self._report = begin(ledger)

    def write(self, text: str) -> UUID:
        """Make a claim."""
        asked = ask(claim(self._incident, self._report, text))
        return UUID(self._ledger.execute_now(asked).ids["claim"])

    def await_shown(self) -> None:
        """Wait until the views show all that was written."""
        self._await("SELECT min(position) FROM onrecord_views.checkpoints", self._ledger.head())

    def await_elected(self, token: int) -> None:
        """Wait until so many processes were elected, one after the other."""
        self._await("SELECT token FROM onrecord_views.lease", token)

    def _await(self, query: str, wanted: int) -> None:
        until = time.monotonic() + PATIENCE
        with psycopg.connect(self._database, autocommit=True) as connection:
            while True:
                try:
                    found = connection.execute(query.encode()).fetchone()
                except psycopg.errors.UndefinedTable:  # nobody has made it yet
                    found = None
                if found == (wanted,):
                    return
                assert time.monotonic() < until, found
                time.sleep(0.05)


@pytest.fixture
def desk(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("ONRECORD_DATABASE", database)
    with Ledger.open(Settings(data=tmp_path)) as ledger:
        yield Desk(ledger, database)


def test_a_worker_that_is_stopped_is_replaced_and_stands_by_when_it_goes_on(desk: Desk, tmp_path: Path) -> None:
    with worker(tmp_path) as first:
        desk.await_elected(1)
        desk.write("six miles")
        desk.await_shown()
        with worker(tmp_path) as second:
            first.send_signal(signal.SIGSTOP)
            desk.write("nine miles")
            desk.await_elected(2)
            desk.await_shown()
            first.send_signal(signal.SIGCONT)
            for kilometres in range(20):
                desk.write(f"{kilometres} kilometres")
            desk.await_shown()
            assert second.poll() is None
        desk.await_elected(3)  # the first one stood by
        desk.write("thirty-five kilometres")
        desk.await_shown()
        assert first.poll() is None
    with open_views(Settings(data=tmp_path)) as views, views.connect() as connection:
        assert set(connection.execute(select(checkpoints.c.generation)).scalars()) == {1}
        assert views.failures() == {}


def test_a_worker_that_is_killed_is_replaced(desk: Desk, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "onrecord"), "worker", "--data", str(tmp_path)]
    first = subprocess.Popen(command)
    try:
        desk.await_elected(1)
    finally:
        first.kill()
        first.wait()
    with worker(tmp_path):
        desk.write("six miles")
        desk.await_elected(2)
        desk.await_shown()


def test_a_folder_needs_no_worker(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "onrecord"), "worker", "--data", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "a worker is for a record on PostgreSQL" in ended.stderr
