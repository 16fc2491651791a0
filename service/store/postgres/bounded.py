"""A connection to PostgreSQL that waits for no answer without an end.

Law: the server ends by itself what takes too long, as long as it can. One that cannot, since it is paused, or since a
commit waits for a standby that does not come, is left after a time; what became of what was asked is then unknown.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg import Connection
from psycopg.abc import PQGen

Answer = TypeVar("Answer")
PATIENCE = 2.0
"""Seconds that a server has to say that it has ended something, beyond those after which it does."""
LOOK = 0.1
"""Seconds after which the driver looks whether something else is to be done."""


class Bounded(Connection[Any]):
    """A connection that is closed where an answer takes longer than `limit` seconds; None is for ever."""

    limit: float | None = None

    @contextmanager
    def within(self, seconds: float | None) -> Iterator[None]:
        """Let each answer take so many seconds, until the end of the block."""
        before, self.limit = self.limit, seconds
        try:
            yield
        finally:
            self.limit = before

    def wait(self, gen: PQGen[Answer], interval: float = LOOK, timeout: float | None = None) -> Answer:
        """Wait for an answer. Raise `OperationalError` where it takes too long; the connection is closed then."""
        limit = self.limit if timeout is None else timeout
        begun = time.monotonic()
        try:
            return super().wait(gen, interval, limit)
        except psycopg.OperationalError:
            if limit is None or timeout is not None or time.monotonic() - begun < limit:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError(f"the database has not answered in {limit:g} s") from None
