"""UmaDB: its own server on the disk that is measured, and threads of one client, each with a tag of its own."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from umadb import AppendCondition, Client, Event, Query, QueryItem

from bench.callers import Append, Claim, Threads
from bench.peers.claims import as_json

PROGRAM = Path(sys.executable).parent / "umadb"
WITHIN = 30.0
"""Seconds within which the server answers."""


class Uma(Threads):
    """Each caller appends unless another event with its tag came after the last."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._client = Client(url)

    def _caller(self) -> Append:
        incident, last = str(uuid4()), self._client.head()
        others = Query(items=[QueryItem(tags=[incident])])

        def append(claim: Claim) -> None:
            nonlocal last
            event = Event("ClaimMade", as_json(*claim, incident).encode(), [incident], uuid4())
            last = self._client.append([event], AppendCondition(others, last))

        return append


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Start a server as it comes; give its address once it answers."""
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(PROGRAM), "--listen", f"127.0.0.1:{port}", "--db-path", str(folder / "uma.db")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _await_ready(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


@contextmanager
def at(url: str) -> Iterator[Uma]:
    """Open a client."""
    yield Uma(url)


def _await_ready(port: int) -> None:
    until = time.monotonic() + WITHIN
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=WITHIN).close()
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
