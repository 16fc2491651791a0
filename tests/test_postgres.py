"""The server that the tests start is one that a record could be kept on."""

import psycopg

from tests.postgres import PROGRAMS, Server


def test_a_server_of_the_tests_keeps_what_it_has_committed_when_it_is_cut_off(
    postgres_server: Server, database: str
) -> None:
    with psycopg.connect(database) as connection:
        assert [connection.execute(f"SHOW {name}").fetchone() for name in ("fsync", "synchronous_commit")] == [
            ("on",),
            ("on",),
        ]
        assert connection.info.server_version // 10_000 == int(PROGRAMS.parent.name)
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    postgres_server.stop()
    postgres_server.start()
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)


def test_each_test_has_a_database_of_its_own(postgres_server: Server, database: str) -> None:
    with postgres_server.database() as another:
        assert database != another
