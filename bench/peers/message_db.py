"""message-db: its SQL in a database, `write_message` called by threads, each with its own connection and stream."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import uuid4

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bench.callers import Append, Claim, Threads
from bench.peers.claims import as_json
from bench.peers.node import packages

WRITE = "SELECT message_store.write_message(%s, %s, 'ClaimMade', %s, NULL, %s)"
SEARCH = "-c search_path=message_store,public"


def install(address: str) -> None:
    """Install it into a database, as its README says."""
    given = conninfo_to_dict(address)
    env = {"PGHOST": given["host"], "PGPORT": given["port"], "PGUSER": given["user"], "PGPASSWORD": given["password"]}
    env |= {"DATABASE_NAME": given["dbname"], "CREATE_DATABASE": "off"}
    script = packages() / "@eventide" / "message-db" / "database" / "install.sh"
    asked = {**os.environ, **{name: str(value) for name, value in env.items()}}
    subprocess.run(["bash", str(script)], env=asked, stdout=subprocess.DEVNULL, check=True)


class MessageDb(Threads):
    """Each caller writes to a stream of its own. Where these are of one category, writes wait for one another."""

    def __init__(self, address: str, stack: ExitStack, *, own_category: bool) -> None:
        super().__init__()
        self._address, self._stack, self._own_category = address, stack, own_category

    def _caller(self) -> Append:
        connection = self._stack.enter_context(psycopg.connect(self._address, autocommit=True, options=SEARCH))
        incident, version = str(uuid4()), -1
        stream = f"incident{incident.replace('-', '')}-1" if self._own_category else f"incident-{incident}"

        def write(claim: Claim) -> None:
            nonlocal version
            values = (str(uuid4()), stream, as_json(*claim, incident), version)
            row = connection.execute(WRITE, values).fetchone()
            assert row == (version + 1,)
            version += 1

        return write


@contextmanager
def on_server(address: str, *, own_category: bool = False) -> Iterator[MessageDb]:
    """Open a client; with an `own_category` for each stream, writes to several do not wait for one another."""
    with ExitStack() as stack:
        yield MessageDb(address, stack, own_category=own_category)
