"""A record on a server that has standbys, or is one, or does not answer: nobody is told what may be taken back."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from service.ledger import Ledger, Receipt, Unavailable
from service.settings import Settings
from service.store.log import RecordLog, StoreError
from service.store.recorder import Server
from tests import postgres
from tests.service.ledgers import ask, begin, claim, fresh_server
from tests.service.test_postgres_store import sooner_or_later, stored

HASTY = {"database_commit_timeout": 0.3, "database_lock_timeout": 0.3}
"""Seconds that a test can wait for."""


@pytest.fixture(scope="module")
def one_server() -> Iterator[postgres.Server]:
    """Return a server that is of this module: its settings are changed."""
    with postgres.server() as started:
        yield started


@pytest.fixture
def address(one_server: postgres.Server) -> Iterator[str]:
    with one_server.database() as address:
        yield address


@contextmanager
def without_its_standby(server: postgres.Server) -> Iterator[None]:
    """Let each commit wait for a standby that does not come, until the end of the block."""
    _set(server, sql.SQL("SET synchronous_standby_names = 'nobody'"))
    try:
        yield
    finally:
        _set(server, sql.SQL("RESET synchronous_standby_names"))


def _set(server: postgres.Server, what: sql.SQL) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("SET synchronous_commit = local")
        connection.execute(sql.SQL("ALTER SYSTEM {}").format(what))
        connection.execute("SELECT pg_reload_conf()")
        name = "SHOW synchronous_standby_names"
        wanted = ("nobody" if "nobody" in what.as_string() else "",)
    while True:  # it is read a moment later, by each session for itself
        with psycopg.connect(server.url("postgres")) as connection:
            if connection.execute(name).fetchone() == wanted:
                return


def waiting_for_a_standby(server: postgres.Server) -> int:
    """Wait until a session waits for a standby, and return its process."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        while True:
            found = connection.execute("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'").fetchone()
            if found is not None:
                return int(found[0])


def open_hastily(address: str, folder: Path, **more: float) -> Ledger:
    return Ledger.open(Settings.read(data=folder, database=address, **{**HASTY, **more}))


def texts(ledger: Ledger) -> list[str]:
    return [one.event.wording.text for one in ledger.read(0, 100) if one.event.NAME == "claim.made.v1"]  # type: ignore[union-attr]


def given_again(ledger: Ledger, request: object) -> Receipt:
    """Give a request until it is answered."""
    pause = threading.Event()
    while True:
        try:
            return ledger.execute_now(request)  # type: ignore[arg-type]
        except Unavailable:
            pause.wait(0.05)


# A commit that waits for a standby.


def test_a_write_that_no_standby_confirms_is_answered_all_the_same_and_recorded_once(
    one_server: postgres.Server, address: str, tmp_path: Path
) -> None:
    with open_hastily(address, tmp_path) as ledger:
        incident, report = begin(ledger)
        request = ask(claim(incident, report), "k")
        with without_its_standby(one_server):
            for _ in range(2):
                with pytest.raises(Unavailable):
                    ledger.execute_now(request)
        assert given_again(ledger, request).replayed
        assert texts(ledger) == ["six miles"]


def test_what_the_server_alone_has_kept_is_not_acknowledged_before_a_standby_has_it(
    one_server: postgres.Server, address: str, tmp_path: Path
) -> None:
    with open_hastily(address, tmp_path / "one") as one, open_hastily(address, tmp_path / "other") as other:
        incident, report = begin(one)
        request = ask(claim(incident, report), "k")
        with without_its_standby(one_server), ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(one.execute_now, request)
            # As a restart of the server does: the transaction is committed there, and everybody sees it.
            one_server.run(sql.SQL("SELECT pg_terminate_backend({})").format(waiting_for_a_standby(one_server)))
            with pytest.raises(Unavailable):
                waiting.result()
            assert texts(other) == ["six miles"]
            for ledger in (one, other):
                with pytest.raises(Unavailable):
                    ledger.execute_now(request)
        assert given_again(other, request).replayed
        assert texts(other) == ["six miles"]


def test_a_write_of_which_nothing_is_known_for_long_is_answered_and_recorded_once(address: str, tmp_path: Path) -> None:
    with Ledger.open(Settings.read(data=tmp_path, database=address, write_wait=0.1)) as ledger:
        request = ask(claim(*begin(ledger)), "k")
        with psycopg.connect(address) as other:
            other.execute("LOCK TABLE onrecord.turns IN EXCLUSIVE MODE")
            with pytest.raises(Unavailable, match="the same key"):
                asyncio.run(ledger.execute(request))
        assert ledger.execute_now(request).replayed
        assert texts(ledger) == ["six miles"]


# A server that is a standby, and one that does not answer.


def test_a_standby_is_not_taken_for_the_record_which_goes_on_when_it_leads(
    one_server: postgres.Server, address: str
) -> None:
    with closing(RecordLog(fresh_server(address))) as log:
        one_server.stop()
        one_server.become_standby()
        one_server.start()
        for _ in range(2):
            with pytest.raises(StoreError):
                log.log_recorder.last_position()
            with pytest.raises(StoreError):
                log.log_recorder.insert_events([stored()])
        one_server.run(sql.SQL("SELECT pg_promote()"))
        assert sooner_or_later(lambda: log.log_recorder.insert_events([stored()])) == [1]
        assert sooner_or_later(lambda: log.log_recorder.last_position()) == 1


def test_a_server_that_is_paused_is_told_and_found_again_when_it_goes_on(
    one_server: postgres.Server, address: str
) -> None:
    fresh_server(address)
    hasty = Server(fresh_server(address).address, wait=0.2, statement_timeout=0.2, lock_timeout=0.2)
    with closing(RecordLog(hasty)) as log:
        assert log.log_recorder.insert_events([stored()]) == [1]
        assert log.log_recorder.last_position() == 1
        with paused(one_server):
            with pytest.raises(StoreError):
                log.log_recorder.last_position()
            with pytest.raises(StoreError):
                log.log_recorder.insert_events([stored()])
        assert sooner_or_later(lambda: log.log_recorder.insert_events([stored()])) == [2]
        assert sooner_or_later(lambda: log.log_recorder.last_position()) == 2


@contextmanager
def paused(server: postgres.Server) -> Iterator[None]:
    """Stop all processes of a server until the end of the block."""
    first = server.pid
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    processes = [first, *map(int, children)]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)
