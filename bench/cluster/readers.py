"""Who reads while a cluster breaks: some follow the log on the database, some the change log over HTTP.

Law: a reader asks from where it is, goes on after a failure, and believes no position that does not follow.
"""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bench.loss import Lost, Reading
from service.ledger import Ledger
from service.settings import Settings
from service.store.log import StoreError

PAUSE = 0.1
PATIENCE = 10.0
LIMIT = 200
FAILURES = (StoreError, OSError, HTTPException, KeyError)
"""What a reader goes on after: the database or the service is away. An answer of 503 has no items."""
Line = tuple[int, str, bytes]
Read = Callable[[int, int], Iterable[Line]]


class Reader:
    """One that follows from a position on, in a thread of its own."""

    def __init__(self, name: str, read: Read, after: int) -> None:
        self.name, self.reading, self.failures = name, Reading(after), 0
        self.lost: Lost | None = None
        self._read, self._over = read, threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while not self._over.is_set():
            try:
                if self.reading.poll(self._read):
                    continue
            except Lost as problem:
                self.lost = problem
                return
            except FAILURES:
                self.failures += 1
            self._over.wait(PAUSE)

    def stop(self) -> None:
        """End."""
        self._over.set()
        self._thread.join()


def on_the_log(url: str, folder: Path, stack: ExitStack) -> Read:
    """Return what reads the log on the database, as the views do."""
    settings = Settings.read(data=folder, database=url, log_level="error")
    return stack.enter_context(Ledger.open(settings, read_only=True)).read_raw


def over_http(port: int, secret: str) -> Read:
    """Return what reads the change log of a service."""

    def read(after: int, limit: int) -> list[Line]:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            asked = f"/api/v1/changes?first={after + 1}&limit={min(limit, LIMIT)}"
            connection.request("GET", asked, headers={"Authorization": f"Bearer {secret}"})
            answer = connection.getresponse()
            content = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != 200 and (answer.status != 503 or answer.getheader("Retry-After") is None):
            raise Lost(f"a read was answered {answer.status}, and nobody can act on that: {content}")
        fields = ("position", "name", "aggregate", "version", "recorded_at")
        return [line_of(*(one[name] for name in fields)) for one in content["items"]]

    return read


def line_of(position: int, name: str, aggregate: str, version: int, recorded_at: str) -> Line:
    """Return a line of the change log as readers of it are compared: no two events have one recorded time."""
    return position, name, f"{aggregate} {version} {recorded_at}".encode()


@contextmanager
def following(reads: dict[str, Read], after: int) -> Iterator[Sequence[Reader]]:
    """Let readers follow from a position on, until the end of the block."""
    readers = [Reader(name, read, after) for name, read in reads.items()]
    try:
        yield readers
    finally:
        for reader in readers:
            reader.stop()
