"""The log on PostgreSQL: what only this database can be asked, and what happens when it is away."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from psycopg import sql
from pydantic import SecretStr

from service.store.log import RecordLog, StoreError
from service.store.postgres.recorder import is_there, prepare
from service.store.postgres.schema import STEPS, migrate
from service.store.recorder import KeptAnswer, NewerSchema, Server
from tests import postgres
from tests.service.ledgers import fresh_server


@pytest.fixture
def server(database: str) -> Server:
    return fresh_server(database)


@pytest.fixture
def log(server: Server) -> Iterator[RecordLog]:
    with closing(RecordLog(server)) as log:
        yield log


def stored() -> StoredEvent:
    return StoredEvent(uuid4(), 1, "a.name.v1", b"{}")


def cut_off(address: str) -> None:
    """End all other connections to a database, as a restart of the server does, and wait until they have ended."""
    ended = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'onrecord'"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(ended)


# Tables.


def test_many_that_start_at_once_make_one_record(database: str) -> None:
    server = Server(SecretStr(database))
    assert not is_there(server)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: prepare(server, [("ledger", f"{n}")]), range(8)))
    assert is_there(server)
    with psycopg.connect(database) as connection:
        assert migrate(connection) == len(STEPS)
        assert connection.execute("SELECT COUNT(*) FROM onrecord.meta").fetchone() == (1,)


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(database: str, server: Server) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE onrecord.schema SET version = 99")
        with pytest.raises(NewerSchema, match="schema 99"):
            prepare(server, [])
        assert connection.execute("SELECT version FROM onrecord.schema").fetchone() == (99,)


def test_a_database_that_cannot_hold_all_scripts_is_refused(postgres_server: postgres.Server, database: str) -> None:
    name = sql.Identifier(database.rpartition("/")[2] + "_latin")
    postgres_server.run(sql.SQL("CREATE DATABASE {} ENCODING 'LATIN1' TEMPLATE template0").format(name))
    with pytest.raises(StoreError, match="LATIN1"):
        fresh_server(database + "_latin")
    postgres_server.run(sql.SQL("DROP DATABASE {}").format(name))


# Turns.


def test_who_has_the_turn_sees_all_that_was_committed_and_nobody_else_writes(server: Server, log: RecordLog) -> None:
    with closing(RecordLog(server)) as other, ThreadPoolExecutor(1) as pool:
        other.log_recorder.insert_events([stored()], recorded_at=["2026-01-01T00:00:00.000001Z"])
        with log.log_recorder.turn() as turn:
            assert turn.end is not None
            assert (turn.end.position, turn.end.recorded_at) == (1, "2026-01-01T00:00:00.000001Z")
            waiting = pool.submit(other.log_recorder.insert_events, [stored()])
            while not _waits(server):
                assert not waiting.done()
            assert other.log_recorder.last_position() == 1  # reading waits for nobody
            assert log.log_recorder.insert_events([stored()], after=1) == [2]
        assert waiting.result() == [3]


def _waits(server: Server) -> bool:
    with psycopg.connect(server.address.get_secret_value()) as connection:
        query = "SELECT COUNT(*) FROM pg_locks WHERE relation = 'onrecord.turns'::regclass AND NOT granted"
        return connection.execute(query).fetchone() == (1,)


def test_a_turn_in_which_nothing_was_inserted_is_given_up(server: Server, log: RecordLog) -> None:
    with log.log_recorder.turn():
        pass
    with pytest.raises(ZeroDivisionError), log.log_recorder.turn():
        raise ZeroDivisionError
    with closing(RecordLog(server)) as other:
        assert other.log_recorder.insert_events([stored()]) == [1]


def test_a_turn_after_one_that_was_given_up_tells_answers_too(log: RecordLog) -> None:
    """With a rollback the driver lets the server forget all that was prepared, once it has prepared anything itself."""
    for n in range(10):
        answer = KeptAnswer("me", f"k{n}", "f", b"{}", "2026")
        log.log_recorder.insert_events([stored()], answers=[answer])
    for _ in range(2):
        with log.log_recorder.turn([("me", "k9")]) as turn:
            assert [one.key for one in turn.answers] == ["k9"]
    assert log.log_recorder.insert_events([stored()]) == [11]
    with log.log_recorder.turn([("me", "k9")]) as turn:
        assert [one.key for one in turn.answers] == ["k9"]


def test_a_turn_that_is_waited_for_too_long_is_an_error(server: Server, log: RecordLog) -> None:
    hasty = Server(server.address, lock_timeout=0.05)
    with (
        log.log_recorder.turn(),
        closing(RecordLog(hasty)) as other,
        pytest.raises(StoreError, match="lock timeout"),
    ):
        other.log_recorder.insert_events([stored()])


def test_who_does_nothing_with_the_turn_loses_it(server: Server) -> None:
    with closing(RecordLog(Server(server.address, idle_timeout=0.05))) as slow, closing(RecordLog(server)) as other:
        with slow.log_recorder.turn():
            assert other.log_recorder.insert_events([stored()]) == [1]
            with pytest.raises(StoreError):
                slow.log_recorder.insert_events([stored()])
        assert other.log_recorder.last_position() == 1
        assert sooner_or_later(lambda: slow.log_recorder.insert_events([stored()])) == [2]


def test_who_reads_only_cannot_write(server: Server) -> None:
    with closing(RecordLog(server, read_only=True)) as log:
        assert log.log_recorder.last_position() == 0
        with pytest.raises(StoreError, match="read-only"):
            log.log_recorder.insert_events([stored()])


# Away, and back.


def test_connections_that_a_restart_has_cut_are_replaced_and_nobody_sees_it(server: Server, log: RecordLog) -> None:
    log.log_recorder.insert_events([stored()])
    assert log.log_recorder.last_position() == 1
    cut_off(server.address.get_secret_value())
    assert log.log_recorder.last_position() == 1
    assert log.log_recorder.insert_events([stored()]) == [2]


def test_an_insert_whose_answer_is_lost_is_not_tried_again(
    server: Server, log: RecordLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute = psycopg.Connection.execute
    asked: list[str] = []

    def lost(connection: "psycopg.Connection[object]", query: str, *given: object) -> object:
        asked.append(query)
        if query == "COMMIT":
            connection.pgconn.finish()
        return execute(connection, query, *given)

    monkeypatch.setattr(psycopg.Connection, "execute", lost)
    with pytest.raises(StoreError):
        log.log_recorder.insert_events([stored()])
    assert asked.count("COMMIT") == 1
    monkeypatch.undo()
    assert log.log_recorder.insert_events([stored()]) == [1]


def test_a_server_that_is_away_is_told_at_once_and_found_again_when_it_is_back(
    postgres_server: postgres.Server, server: Server
) -> None:
    with closing(RecordLog(Server(server.address, wait=2.0))) as log:
        log.log_recorder.insert_events([stored()])
        assert log.log_recorder.last_position() == 1
        postgres_server.stop()
        try:
            for _ in range(3):
                with pytest.raises(StoreError):
                    log.log_recorder.last_position()
                with pytest.raises(StoreError):
                    log.log_recorder.insert_events([stored()])
        finally:
            postgres_server.start()
        assert sooner_or_later(lambda: log.log_recorder.last_position()) == 1
        assert sooner_or_later(lambda: log.log_recorder.insert_events([stored()])) == [2]


def sooner_or_later(ask: object) -> object:
    """Ask until there is an answer."""
    assert callable(ask)
    pause = threading.Event()
    while True:
        try:
            return ask()
        except StoreError:
            pause.wait(0.05)


def test_a_server_that_acknowledges_what_is_not_on_its_disk_is_asked_to_wait_for_it(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET synchronous_commit = off")
    with closing(RecordLog(fresh_server(database))) as log, log.log_recorder.turn():
        held = log.factory.datastore.held()  # type: ignore[attr-defined]
        assert held.execute("SHOW synchronous_commit").fetchone() == {"synchronous_commit": "on"}


# Secrets.


@pytest.mark.parametrize("wrong", ["127.0.0.1:1/record", "nowhere.invalid/record"])
def test_no_error_tells_the_password(wrong: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    server = Server(SecretStr(f"postgresql://onrecord:very-secret@{wrong}"), wait=0.2)
    with closing(RecordLog(server)) as log:
        for ask in (lambda: log.log_recorder.last_position(), lambda: log.log_recorder.insert_events([stored()])):
            with pytest.raises(StoreError) as problem:
                ask()
            cause: BaseException | None = problem.value
            while cause is not None:
                assert "very-secret" not in f"{cause!r} {cause}"
                cause = cause.__cause__ or cause.__context__
    assert "very-secret" not in caplog.text
    assert "very-secret" not in repr(server)


def test_a_password_that_is_wrong_is_not_told_either(database: str) -> None:
    server = Server(SecretStr(database.replace(postgres.PASSWORD, "very-secret")), wait=0.2)
    with closing(RecordLog(server)) as log, pytest.raises(StoreError) as problem:
        log.log_recorder.insert_events([stored()])
    assert "very-secret" not in f"{problem.value!r} {problem.value.__cause__!r}"
