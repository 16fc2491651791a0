"""The database of the views as a server: PostgreSQL, beside the log, in a schema of their own.

Law: each statement sees what was committed before it. What is read at a position is one unchanging picture all the
same: a row that held there goes on to have held there. Who writes has the turn, an advisory lock that ends with its
transaction; a process that was elected to follow the log proves in each turn that it still is.
"""

import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from uuid import uuid4

import orjson
import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import QueuePool

from projections.lease import Lease

SCHEMA = "onrecord_views"
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


class PostgresViews:
    """The views in a server's database, in a schema that is made where there is none."""

    watching = WATCHING

    def __init__(
        self,
        connect: Connect,
        *,
        connections: int = 10,
        pre_ping: bool = True,
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
            connection.autocommit = False
            return connection

        self._reading = _engine(lambda: connect(options=options), "AUTOCOMMIT", pre_ping, pool_size=connections, **pool)
        self._writing = _engine(connect_to_write, "READ COMMITTED", pre_ping, pool_size=WRITERS, **pool)
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


def _engine(connect: Callable[[], "psycopg.Connection[Any]"], isolation: Any, pre_ping: bool, **pool: Any) -> Engine:
    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        poolclass=QueuePool,
        isolation_level=isolation,
        paramstyle="format",
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        hide_parameters=True,  # an error must not carry what people search for or say
        **pool,
    )
    if pre_ping:
        event.listen(engine, "checkout", _check)
    return engine


def _check(connection: "psycopg.Connection[Any]", _record: object, _proxy: object) -> None:
    """Drop a connection on which the server has said something unasked: its end, most likely."""
    said = select.poll()
    said.register(connection.fileno(), select.POLLIN)
    if said.poll(0):
        raise InvalidatePoolError
