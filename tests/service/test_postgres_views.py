"""Views on a server, where only a server can harm them."""

from contextlib import closing

import psycopg
from pydantic import SecretStr

from projections.postgres import PostgresViews
from projections.runner import Runner
from service.store.postgres.connections import connecting
from service.store.recorder import Server

CUT = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name LIKE 'onrecord%'"


def test_connections_that_a_restart_has_cut_are_replaced_and_nobody_sees_it(database: str) -> None:
    views = Runner(PostgresViews(connecting(Server(SecretStr(database)))))
    with closing(views), psycopg.connect(database, autocommit=True) as connection:
        views.catch_up(lambda after, limit: [])
        assert connection.execute(CUT).fetchall()
        assert views.catch_up(lambda after, limit: []) == 0
