"""Views on a server, where only a server can harm them."""

from contextlib import closing

import psycopg
from pydantic import SecretStr
from sqlalchemy import text

from projections.postgres import PostgresViews
from projections.rows import Rows
from projections.runner import Runner
from projections.views.review.queue import review
from service.store.postgres.connections import connecting, is_cut
from service.store.recorder import Server

READ = text("SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'review'")
CUT = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name LIKE 'onrecord%'"


def test_connections_that_a_restart_has_cut_are_replaced_and_nobody_sees_it(database: str) -> None:
    views = Runner(PostgresViews(connecting(Server(SecretStr(database))), is_cut=is_cut))
    with closing(views), psycopg.connect(database, autocommit=True) as connection:
        views.catch_up(lambda after, limit: [])
        assert connection.execute(CUT).fetchall()
        assert views.catch_up(lambda after, limit: []) == 0


def test_what_was_looked_for_while_a_table_was_empty_is_found_by_its_index_when_it_is_not(database: str) -> None:
    views = PostgresViews(connecting(Server(SecretStr(database))))
    with closing(Runner(views)), views.building() as connection:
        rows = Rows((review,))
        rows.at(connection)
        for n in range(20):
            rows.find(review, other=f"nobody {n}")
            rows.find(review, subject=f"nobody {n}")
        said = {"incident": "i", "kind": "contradiction", "why": "w", "position": 1, "waiting_since": "now"}
        for n in range(2_000):
            rows.add(review, item=f"item {n}", subject=f"claim {n}", other=f"claim {n + 1}", **said)
        rows.flush()
        before = connection.execute(READ).scalar_one()
        assert [row["item"] for row in rows.find(review, other="claim 2000")] == ["item 1999"]
        assert [row["item"] for row in rows.find(review, subject="claim 7")] == ["item 7"]
        assert connection.execute(READ).scalar_one() - before < 10
