"""The database of the views as a server: PostgreSQL, beside the log, in a schema of their own.

Law: each statement sees what was committed before it. What is read at a position is one unchanging picture all the
same: a row that held there goes on to have held there. Who writes has the turn, an advisory lock that ends with its
transaction; a process that was elected to follow the log proves in each turn that it still is.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol
from uuid import uuid4

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import QueuePool

from projections.database import ENGINE, SCHEMA
from projections.lease import Lease

TURN = 0x6F6E2D7669657773
"""The advisory lock of who writes: "on-views"."""
WATCHING = 0.05
"""Seconds between two looks at the log, or at how far the views are, for what other processes did."""
WRITERS = 3
"""Connections for writing: the one who follows, one who builds a view anew, and one to be elected on."""
PREPARING = "60s"
"""For the rows of a batch, which are made within its transaction: many events of many views, on a machine that is busy.

Whoever is elected after a process that was stopped there ends its connections without waiting for this.
"""
MEMORY = "64MB"
"""For comparing and indexing what was built anew."""


class Connect(Protocol):
    """Opens connections to the server."""

    def __call__(self, *, patiently: bool = False, **given: Any) -> "psycopg.Connection[Any]":
        """Return a new connection, with these parameters of libpq beside the usual ones.

        `patiently`, it waits for whatever the server lets take its time.
        """


IsCut = Callable[["psycopg.Connection[Any]"], bool]
"""Tells whether a connection was cut while nobody used it."""


class PostgresViews:
    """The views in a server's database, in a schema that is made where there is none."""

    watching = WATCHING

    def __init__(
        self,
        connect: Connect,
        *,
        connections: int = 10,
        is_cut: IsCut | None = None,
        wait: float = 5.0,
        schema: str = SCHEMA,
    ) -> None:
        self.readers = connections
        name = f"onrecord views {uuid4().hex[:12]}"
        pool = {"pool_timeout": wait, "max_overflow": 0}
        self._schema, options = schema, f"-c search_path={schema} -c jit=off"

        def connect_to_write() -> "psycopg.Connection[Any]":
            connection = connect(patiently=True, options=options, application_name=name)
            connection.execute("SET synchronous_commit = off")  # what a crash loses is projected again from the log
            connection.execute(f"SET idle_in_transaction_session_timeout = '{PREPARING}'")
            # A plan that is kept was made while the table was empty, by whichever index: later on all of it is read.
            connection.execute("SET plan_cache_mode = force_custom_plan")
            connection.autocommit = False
            return connection

        self._reading = _engine(lambda: connect(options=options), "AUTOCOMMIT", is_cut, pool_size=connections, **pool)
        self._writing = _engine(connect_to_write, "READ COMMITTED", is_cut, pool_size=WRITERS, **pool)
        self._lease = Lease(self._writing, name)

    def make(self, connection: Connection) -> None:
        """Make the schema and the lease."""
        if connection.exec_driver_sql(f"SELECT to_regnamespace('{self._schema}')").scalar_one() is None:
            connection.exec_driver_sql(f"CREATE SCHEMA {self._schema}")
        self._lease.make(connection)

    @contextmanager
    def reading(self, *, patiently: bool = False) -> Iterator[Connection]:
        """Give a connection for reading."""
        with self.building() if patiently else self._reading.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a transaction that has the turn. Raise `NotLeading` where this process was elected and is no more."""
        with self._writing.begin() as connection:
            connection.execute(_TAKE_TURN)
            self._lease.prove(connection)
            yield connection

    @contextmanager
    def building(self) -> Iterator[Connection]:
        """Give a transaction for rows that nobody reads yet: whoever follows the log goes on meanwhile."""
        with self._writing.begin() as connection:
            # To index and to compare takes as long as it takes.
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = 0; SET LOCAL maintenance_work_mem = '{MEMORY}'")
            yield connection

    def lead(self) -> bool:
        """Tell whether this process holds the lease, taking it where nobody does."""
        return self._lease.hold()

    def resign(self) -> None:
        """Give the lease back: the next who asks for it gets it at once."""
        self._lease.give_back()

    def close(self) -> None:
        """Close all connections."""
        self.resign()
        self._reading.dispose()
        self._writing.dispose()


_TAKE_TURN = text("SELECT pg_advisory_xact_lock(:turn)").bindparams(turn=TURN)


def _engine(
    connect: Callable[[], "psycopg.Connection[Any]"], isolation: Any, is_cut: IsCut | None, **pool: Any
) -> Engine:
    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        poolclass=QueuePool,
        isolation_level=isolation,
        paramstyle="format",
        **ENGINE,
        **pool,
    )
    if is_cut is not None:
        event.listen(engine, "checkout", partial(_check, is_cut))
    return engine


def _check(is_cut: IsCut, connection: "psycopg.Connection[Any]", _record: object, _proxy: object) -> None:
    """Drop a connection that was cut, and all that were opened before it, and open another."""
    if is_cut(connection):
        raise InvalidatePoolError
