"""Connections to PostgreSQL: a pool for reading, and one connection, kept, for writing.

Law: nothing is asked twice by itself, and nothing waits without an end. While the database is away, who asks is told so
at once; it is tried again a little later each time, at most `LATEST` seconds later, and all goes on once it answers.
"""

import select
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, LiteralString, cast

import psycopg
from eventsourcing import persistence as p
from eventsourcing.postgres import ConnectionPool, PostgresDatastore
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row, tuple_row

from service.store.postgres.bounded import PATIENCE, Bounded
from service.store.postgres.columns import register
from service.store.postgres.schema import SCHEMA
from service.store.recorder import End, KeptAnswer, Server, Turn

SOONEST, LATEST = 0.1, 2.0
"""Seconds until a database that did not answer is asked again: at first, and at most."""
KEEPALIVE: dict[str, int] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A host that has gone without a word is noticed within about ten seconds, unless the address says otherwise."""
END = "position, recorded_at, encode(sha256('\\x00'::bytea || state), 'hex')"
"""What tells the last event from any other that might stand at its position."""
ANSWERS = f"""
    SELECT kept.* FROM unnest({{callers}}, {{keys}}) AS asked (caller, key), LATERAL (
        SELECT caller, key, fingerprint, receipt, recorded_at FROM {SCHEMA}.idempotency AS one
        WHERE one.caller = asked.caller AND one.key = asked.key AND recorded_at >= {{since}} LIMIT 1
    ) AS kept
"""  # noqa: S608
"""One by one: a join is planned while the table is small, by reading all of it, and stays so while it grows."""
BEGIN = f"""
    BEGIN ISOLATION LEVEL READ COMMITTED;
    LOCK TABLE {SCHEMA}.turns IN EXCLUSIVE MODE;
    SELECT {END} FROM {SCHEMA}.stored_events ORDER BY position DESC LIMIT 1
"""  # noqa: S608
"""Whatever the database's default, each statement sees what was committed before it: the turn comes first."""
ASK = "; EXECUTE answers ({}, {}, {})"
PREPARE = f"""
    BEGIN;
    DEALLOCATE ALL;
    SET plan_cache_mode = force_generic_plan;
    PREPARE answers (text[], text[], text) AS {ANSWERS.format(callers="$1", keys="$2", since="$3")};
    COMMIT;
"""
"""What the writer asks goes by an index, whatever is asked for: to plan it anew takes longer than to answer it."""


class LogDatastore(PostgresDatastore):
    """The library's datastore over our pool, with a connection for writing beside it."""

    def __init__(self, server: Server, *, read_only: bool = False) -> None:
        super().__init__("", "", "", "", "", schema=SCHEMA)
        self._parameters = _parameters(server)
        self._configure = _configuring(server, read_only=read_only)
        self.pool = ConnectionPool(
            connection_class=Bounded,
            kwargs={**self._parameters, "row_factory": dict_row},
            min_size=1,
            max_size=server.connections,
            open=False,
            configure=self._configure,
            check=_answering(server.wait) if server.pre_ping else None,
            timeout=server.wait,
            reconnect_timeout=LATEST,  # then whoever asks next tries
        )
        self._away, self._writer_away = _Away(), _Away()  # a pool that is used up keeps nobody from writing
        self._lock_timeout, self._commit_timeout = server.lock_timeout, server.commit_timeout
        self._writing = threading.Lock()
        self._writer: Bounded | None = None
        self._is_prepared = False
        """A new connection is not; nor is one on which something was rolled back: then the driver forgets all plans."""
        self._held = threading.local()

    def register_type_adapters(self) -> None:
        """Do nothing: no types of our own are stored."""

    @contextmanager
    def get_connection(self) -> Iterator[Bounded]:
        """Yield a connection of the pool; to the thread that has the turn, the one on which it has it."""
        with translating(), ExitStack() as stack:
            yield self.held() or self._taken(stack)

    def held(self) -> Bounded | None:
        """Return the connection on which this thread has the turn, None where it has not."""
        found: Bounded | None = getattr(self._held, "connection", None)
        return found

    @contextmanager
    def having_turn(self) -> Iterator[tuple[Bounded, End]]:
        """Yield the connection of the turn that this thread has, or takes now, to insert and commit at once.

        The turn is over then, also by a failure.
        """
        if (held := self.held()) is None:
            with self.turn(), self.having_turn() as taken:
                yield taken
            return
        try:
            with translating(), held.within(self._commit_timeout):
                yield held, self._held.end
        except BaseException:
            self._drop_writer()
            raise
        finally:
            self._held.connection = None

    def _taken(self, stack: ExitStack) -> Bounded:
        with self._away.told():
            self.pool.open()
            return cast(Bounded, stack.enter_context(self.pool.connection()))

    @contextmanager
    def turn(self, asked: Sequence[tuple[str, str]] = (), since: str = "") -> Iterator[Turn]:
        """Begin a transaction, take the turn to write, and yield what is told with it; then end what has not ended.

        A connection on which anything failed is closed, and all of its transaction is gone: the next one is new.
        """
        with self._writing:
            try:
                with translating():
                    begun = self._begun(asked, since)
                self._held.connection, self._held.end = self._writer, begun.end
                yield begun
            except BaseException:
                self._drop_writer()
                raise
            finally:
                self._give_up_turn()

    def _give_up_turn(self) -> None:
        """Roll back a turn in which nothing was inserted."""
        if (connection := self.held()) is not None:
            self._held.connection = None
            self._is_prepared = False
            try:
                connection.rollback()
            except psycopg.Error:  # it was cut: the server has rolled back by itself
                self._drop_writer()

    def _begun(self, asked: Sequence[tuple[str, str]], since: str) -> Turn:
        if self._writer is not None:
            try:
                return self._begun_on(self._writer, asked, since)
            except psycopg.OperationalError:
                if not self._writer.closed:
                    raise
                self._drop_writer()  # it was cut while it was idle, and nothing was asked on it: a new one is tried
        with self._writer_away.told():
            self._writer, self._is_prepared = self._connected(), False
        return self._begun_on(self._writer, asked, since)

    def _begun_on(self, connection: Bounded, asked: Sequence[tuple[str, str]], since: str) -> Turn:
        with connection.within(self._lock_timeout + PATIENCE):
            begun = _begin(connection, asked, since, first="" if self._is_prepared else PREPARE)
        self._is_prepared = True
        return begun

    def _connected(self) -> Bounded:
        connection = Bounded.connect(**self._parameters, row_factory=dict_row)
        self._configure(connection)
        return connection

    @contextmanager
    def alone(self) -> Iterator[Bounded]:
        """Yield a connection that is not the pool's, for what takes its time. Where there is none, it says why."""
        with translating(), self._connected() as connection, connection.within(None):
            yield connection

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def close(self) -> None:
        """Close all connections."""
        if hasattr(self, "_writer"):
            self._drop_writer()
        super().close()


class _Away:
    """What is remembered of a database that did not answer, by all threads that ask it in one way."""

    def __init__(self) -> None:
        self._delay, self._until = 0.0, 0.0

    @contextmanager
    def told(self) -> Iterator[None]:
        """Let a connection be sought, unless one was just sought in vain."""
        if time.monotonic() < self._until:
            raise psycopg.OperationalError("the database does not answer: it is tried again in a moment")
        try:
            yield
        except psycopg.OperationalError:
            self._delay = min(max(2 * self._delay, SOONEST), LATEST)
            self._until = time.monotonic() + self._delay
            raise
        self._delay = 0.0


def connecting(server: Server) -> Callable[..., Bounded]:
    """Return what opens connections for others than the log. While the server is away, it says so at once.

    Asked for `patiently`, what takes its time may take it on them.
    """
    parameters, configure, away = _parameters(server), _configuring(server, read_only=False), _Away()

    def connect(*, patiently: bool = False, **given: Any) -> Bounded:
        with away.told():
            connection = Bounded.connect(**{**parameters, **given})
        configure(connection)
        if patiently:
            connection.limit = None
        return connection

    return connect


def _begin(connection: Bounded, asked: Sequence[tuple[str, str]], since: str, *, first: LiteralString) -> Turn:
    """Ask for all at once, in one message: one way there and back. What has to come `first` is part of it.

    Not as a pipeline: the driver ends one with a word after which PostgreSQL no longer watches that the transaction is
    idle, and a process that is stopped in its turn would hold up all others for ever.
    """
    message = sql.SQL(first).format() + sql.SQL(BEGIN).format()
    if asked:
        callers, keys = zip(*asked, strict=True)
        message += sql.SQL(ASK).format(list(callers), list(keys), since)
    with connection.cursor(row_factory=tuple_row) as cursor:
        told = [one.fetchall() for one in cursor.execute(message).results() if one.description]
    end, *answers = told
    return Turn(End(*end[0]) if end else End(), [KeptAnswer(*row) for rows in answers for row in rows])


def _parameters(server: Server) -> dict[str, Any]:
    try:
        given = conninfo_to_dict(server.address.get_secret_value())
    except psycopg.ProgrammingError:  # which says what it could not read
        raise p.ProgrammingError("the address of the database cannot be read: see docs/operations.md") from None
    return {
        "application_name": "onrecord",
        "connect_timeout": max(2, round(server.wait)),  # libpq takes no less
        "target_session_attrs": "primary",  # a proxy, or a name, may lead to a standby for a while: it is not the log
        **KEEPALIVE,
        **given,
        "autocommit": True,
    }


def _configuring(server: Server, *, read_only: bool) -> Any:
    """Return what sets up a new connection. It holds no reference to a datastore, which could then not be collected."""
    values = {
        "statement_timeout": _milliseconds(server.statement_timeout),
        "lock_timeout": _milliseconds(server.lock_timeout),
        "idle_in_transaction_session_timeout": _milliseconds(server.idle_timeout),
        **({"default_transaction_read_only": "on"} if read_only else {}),
    }
    sets = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in values.items())
    # A server that may forget what it has acknowledged is not believed; one that promises more keeps its promise.
    sets += (
        ", set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'"
        " ELSE current_setting('synchronous_commit') END, false)"
    )

    def configure(connection: Bounded) -> None:
        register(connection)
        connection.limit = server.statement_timeout + PATIENCE
        connection.execute(f"SELECT {sets}")

    return configure


def is_cut(connection: psycopg.Connection[Any]) -> bool:
    """Tell whether the server has said something unasked: its end, most likely. To try it would cost a way there."""
    said = select.poll()
    said.register(connection.fileno(), select.POLLIN)
    return bool(said.poll(0))


def _answering(wait: float) -> Any:
    """Return what tries a connection that seems to be cut."""

    def check(connection: Bounded) -> None:
        if is_cut(connection):
            with connection.within(wait):
                connection.execute("")

    return check


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


@contextmanager
def translating() -> Iterator[None]:
    """Raise the library's errors in place of the driver's. None of them holds the address with its password."""
    try:
        yield
    except psycopg.Error as problem:
        kind = next((translated for kind, translated in _KINDS if isinstance(problem, kind)), p.PersistenceError)
        raise kind(str(problem)) from problem


_KINDS: tuple[tuple[type[psycopg.Error], type[p.PersistenceError]], ...] = (
    (psycopg.InterfaceError, p.InterfaceError),
    (psycopg.OperationalError, p.OperationalError),
    (psycopg.DataError, p.DataError),
    (psycopg.IntegrityError, p.IntegrityError),
    (psycopg.InternalError, p.InternalError),
    (psycopg.ProgrammingError, p.ProgrammingError),
    (psycopg.NotSupportedError, p.NotSupportedError),
    (psycopg.DatabaseError, p.DatabaseError),
)
