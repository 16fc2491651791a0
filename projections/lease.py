"""Who keeps the views, where many processes could: one, by a lease with a fencing token.

Law: a token is given once, and each is greater than those before it; where a database that came back has forgotten one,
the name of its holder tells the two apart. Who holds the lease proves it in every transaction
by the row of its token, and locks that row: nobody is elected before that transaction is over, and one that began with
an old token writes nothing (M. Kleppmann, "How to do distributed locking", 2016, on fencing). Times are the database's.
"""

import threading
import time
from contextlib import suppress

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from projections.database import NotLeading

log = structlog.get_logger()
TERM = 5.0
"""Seconds that the lease holds from when it was last renewed."""
RENEWED = 1.0
"""Seconds between two renewals, and between two tries to be elected."""

_TABLE = """
    CREATE TABLE lease (
        token bigint PRIMARY KEY,
        holder text NOT NULL,
        until timestamptz NOT NULL
    );
    INSERT INTO lease VALUES (0, '', '-infinity')
"""
_READ = text("SELECT token, holder, until < clock_timestamp() AS over FROM lease")
_CUT_OFF = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = :holder"
)
_TAKE = text(
    "UPDATE lease SET token = token + 1, holder = :holder, until = clock_timestamp() + make_interval(secs => :term)"
    " WHERE token = :token AND until < clock_timestamp() RETURNING token"
)
# Renewing changes no key, so that it passes a transaction that proves the token (FOR KEY SHARE); taking does not.
_RENEW = text(
    "UPDATE lease SET until = clock_timestamp() + make_interval(secs => :term)"
    " WHERE token = :token AND holder = :holder"
)
_PROVE = text("SELECT FROM lease WHERE token = :token AND holder = :holder FOR KEY SHARE")
_GIVE_BACK = text("UPDATE lease SET until = '-infinity' WHERE token = :token")


class Lease:
    """The lease as one process sees it. `holder` is the name of its connections: the next holder cuts them off."""

    def __init__(self, engine: Engine, holder: str) -> None:
        self._engine, self._holder = engine, holder
        self._token: int | None = None
        self._lost = False
        self._tried = -TERM
        self._ending = threading.Event()
        self._renewing: threading.Thread | None = None

    def make(self, connection: Connection) -> None:
        """Make the table of the lease where there is none, in a transaction that nobody else is in."""
        if connection.exec_driver_sql("SELECT to_regclass('lease')").scalar_one() is None:
            connection.exec_driver_sql(_TABLE)

    def hold(self) -> bool:
        """Tell whether this process holds the lease. Now and then, one that does not tries to."""
        if self._lost:
            self.give_back()
        if self._token is None and time.monotonic() - self._tried >= RENEWED:
            self._tried = time.monotonic()
            self._token = self._taken()
            if self._token is not None:
                log.info("keeping the views", token=self._token)
                self._ending.clear()
                self._renewing = threading.Thread(target=self._renew, args=(self._token,), name="lease", daemon=True)
                self._renewing.start()
        return self._token is not None

    def prove(self, connection: Connection) -> None:
        """Lock the token in a transaction, if this process has one. Raise `NotLeading` where it is not the last."""
        mine = {"token": self._token, "holder": self._holder}
        if self._token is not None and connection.execute(_PROVE, mine).first() is None:
            self._lost = True
            raise NotLeading("another process keeps the views now")

    def give_back(self) -> None:
        """Let go of the lease, if this process holds it."""
        token, self._token, self._lost = self._token, None, False
        self._ending.set()
        if self._renewing is not None:
            self._renewing.join()
            self._renewing = None
        if token is not None:
            with suppress(SQLAlchemyError), self._engine.begin() as connection:  # it ends by itself, a little later
                connection.execute(_GIVE_BACK, {"token": token})

    def _taken(self) -> int | None:
        """Take the lease, if it is over, and return its new token.

        Who held it may have been stopped in the middle of a transaction, and would hold the row until it is gone on:
        so its connections are cut off first.
        """
        with self._engine.begin() as connection:
            held = connection.execute(_READ).one()
            if not held.over:
                return None
            if held.holder not in ("", self._holder):
                connection.execute(_CUT_OFF, {"holder": held.holder})
            values = {"holder": self._holder, "token": held.token, "term": TERM}
            return connection.execute(_TAKE, values).scalar_one_or_none()

    def _renew(self, token: int) -> None:
        while not self._ending.wait(RENEWED):
            try:
                with self._engine.begin() as connection:
                    renewed = connection.execute(
                        _RENEW, {"token": token, "holder": self._holder, "term": TERM}
                    ).rowcount
            except SQLAlchemyError as problem:  # tried again: until somebody else has it, the lease is still ours
                log.warning("the lease on the views could not be renewed", error=str(problem).partition("\n")[0])
                continue
            if not renewed:
                log.warning("another process keeps the views now", token=token)
                self._lost = True
                return
