"""Who keeps the views on a server: one, who may be stopped anywhere, and writes nothing once another was elected."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from projections.checkpoints import checkpoints
from projections.database import NotLeading
from projections.postgres import PostgresViews
from projections.runner import Runner
from projections.views import claims
from service.store.postgres.connections import connecting
from service.store.recorder import Server
from tests.projections.histories import recorded_from
from tests.projections.test_histories import reader

HISTORY = recorded_from([])
MARKED = text("UPDATE checkpoints SET error = 'written by the one that was stopped'")


@pytest.fixture
def open_database(database: str) -> Iterator[Callable[[], PostgresViews]]:
    """Return what opens the views of one database as another process would."""
    opened: list[PostgresViews] = []

    def open_() -> PostgresViews:
        opened.append(PostgresViews(connecting(Server(SecretStr(database))), connections=2))
        return opened[-1]

    made = open_()
    with made.writing() as connection:
        made.make(connection)
        checkpoints.create(connection)
    yield open_
    for one in opened:
        one.close()


def end_term(connection: Connection) -> None:
    """Let the lease be over, as if whoever holds it had not renewed it in time."""
    connection.execute(text("UPDATE lease SET until = '-infinity'"))


def test_one_of_all_is_elected_and_the_next_when_it_resigns(open_database: Callable[[], PostgresViews]) -> None:
    one, two = open_database(), open_database()
    assert (one.lead(), two.lead(), one.lead()) == (True, False, True)
    one.resign()
    assert open_database().lead()


def test_who_is_stopped_in_the_middle_of_a_transaction_is_cut_off_and_leaves_nothing(
    open_database: Callable[[], PostgresViews],
) -> None:
    stopped, next_ = open_database(), open_database()
    assert stopped.lead()
    transaction = stopped.writing()
    transaction.__enter__().execute(MARKED)
    with next_.building() as beside:
        end_term(beside)
    assert next_.lead()
    with next_.writing() as beside:  # and waits for nobody
        assert beside.execute(text("SELECT token FROM lease")).scalar_one() == 2
    with pytest.raises(OperationalError):
        transaction.__exit__(None, None, None)
    with next_.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM checkpoints WHERE error IS NOT NULL")).scalar_one() == 0


def test_who_was_stopped_before_its_transaction_is_refused_in_it(open_database: Callable[[], PostgresViews]) -> None:
    stopped, next_ = open_database(), open_database()
    assert stopped.lead()
    with next_.building() as beside:
        end_term(beside)
    assert next_.lead()
    with pytest.raises((NotLeading, OperationalError)), stopped.writing():  # its connections were cut off, too
        pass
    with suppress(NotLeading), stopped.writing():
        raise AssertionError("it wrote")
    assert not stopped.lead()
    assert next_.lead()


def test_a_lease_is_renewed_while_a_transaction_proves_it(open_database: Callable[[], PostgresViews]) -> None:
    one, two = open_database(), open_database()
    assert one.lead()
    with one.writing() as connection:
        seen = text("SELECT until FROM lease")
        with two.reading() as beside:
            first = beside.execute(seen).scalar_one()
            while beside.execute(seen).scalar_one() == first:
                pass
        connection.execute(MARKED)


def test_runners_that_were_not_elected_show_what_the_elected_one_wrote(
    open_database: Callable[[], PostgresViews],
) -> None:
    with (
        Runner(open_database(), (claims.VIEW,)) as elected,
        Runner(open_database(), (claims.VIEW,)) as standing_by,
    ):
        elected.start(reader(HISTORY))
        standing_by.start(reader([]))  # which would write nothing
        assert standing_by.wait_for(len(HISTORY), 60, "claims")
        assert elected.wait_for(len(HISTORY), 60, "claims")
