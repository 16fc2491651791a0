"""What the views ask of their database, whichever it is.

Law: rows that are read and the checkpoints are written in a turn, and one process at a time has it. Who follows the log
for all others is elected: where the database is a server, its writes are refused as soon as another was.
"""

from contextlib import AbstractContextManager
from typing import Any, Protocol

import orjson
from sqlalchemy import Connection

SCHEMA = "onrecord_views"
"""The schema of the views, where their database is a server."""
ENGINE: dict[str, Any] = {
    "json_serializer": lambda value: orjson.dumps(value).decode(),
    "json_deserializer": orjson.loads,
    "hide_parameters": True,  # an error must not carry what people search for or say
}
"""How the engine of either database writes JSON, and what it tells of an error."""


class NotLeading(Exception):
    """Another process keeps the views now."""


class Database(Protocol):
    """The database of the views."""

    @property
    def watching(self) -> float:
        """Return after how many seconds to look for what others did, where nobody tells."""

    @property
    def readers(self) -> int:
        """Return how many connections for reading there are, at the most."""

    def make(self, connection: Connection) -> None:
        """Make what there is beside the tables of the views, in a turn."""

    def reading(self, *, patiently: bool = False) -> AbstractContextManager[Connection]:
        """Give a connection for reading: what takes long is let to, where it is meant to."""

    def writing(self) -> AbstractContextManager[Connection]:
        """Give a transaction in which rows that are read may be written: nobody else writes any meanwhile.

        Raise `NotLeading` where this process was elected, and another has been since.
        """

    def building(self) -> AbstractContextManager[Connection]:
        """Give a transaction for rows that nobody reads yet."""

    def lead(self) -> bool:
        """Tell whether this process is the one that follows the log, being elected where nobody is."""

    def resign(self) -> None:
        """Let another be elected."""

    def close(self) -> None:
        """Let go of all connections."""
