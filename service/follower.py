"""The views, kept by a process of their own beside the server: on another core, and behind another interpreter's lock.

Law: the follower keeps the views, the server reads them. A byte wakes the follower after each commit; a byte comes back
after each step, and the server then reads how far the views are. A follower that ends is started again; one whose
server is gone ends by itself, since its standard input ends. Either may be killed at any time: the views are where
their last transaction left them.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from projections.runner import Runner
from service import logs, memory
from service.ledger import Ledger
from service.settings import Settings

log = structlog.get_logger()
BYTE = b"."
RETRY = 1.0
"""Seconds until a follower that ended is started again."""
GRACE = 10.0
"""Seconds that a follower has to finish its batch."""
MANY = 65_536


class Follower:
    """The server's side of the process that keeps the views."""

    def __init__(self, settings: Settings, views: Runner) -> None:
        self._command = [sys.executable, "-m", "service.follower", str(settings.data), settings.log_level]
        self._views = views
        self._ending = threading.Event()
        self.follows = False
        """It has begun to follow: from then on a commit is shown within moments."""
        self._process = self._started()
        self._thread = threading.Thread(target=self._listen, name="views-follower", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Return the id of the process."""
        return self._process.pid

    def wake(self, head: int) -> None:
        """Tell that the log has grown to this position."""
        self._views.wake(head)
        # A pipe that is full wakes all the same; a follower that is being started again looks by itself.
        with suppress(BlockingIOError, BrokenPipeError, ValueError):
            os.write(_input(self._process), BYTE)

    def stop(self) -> None:
        """Let the follower finish its batch, and wait for its end."""
        self._ending.set()
        _end(self._process)
        self._thread.join()

    def _started(self) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        os.set_blocking(_input(process), False)
        return process

    def _listen(self) -> None:
        """Read how far the views are whenever the follower has moved; start it again where it ended."""
        while True:
            assert self._process.stdout is not None
            with self._process.stdout as told:
                while told.read(MANY):
                    self._views.reread()
                    self.follows = True
            self.follows = False
            if self._ending.is_set():
                return
            log.error("the process that keeps the views ended", status=self._process.wait())
            _end(self._process)
            if self._ending.wait(RETRY):
                return
            self._process = self._started()


@contextmanager
def following(settings: Settings, ledger: Ledger, views: Runner) -> Iterator[Follower]:
    """Let the views follow the ledger. Raise `NotOfThisLog` where they show another."""
    views.check(ledger.read_raw)
    follower = Follower(settings, views)
    ledger.on_commit(follower.wake)
    try:
        yield follower
    finally:
        follower.stop()


def _input(process: "subprocess.Popen[bytes]") -> int:
    assert process.stdin is not None
    return process.stdin.fileno()


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def follow(data: Path) -> None:
    """Keep the views of a record until standard input ends."""
    settings = Settings(data=data)
    with Ledger.open(settings, read_only=True) as ledger, Runner.open(data / "views.sqlite") as views:
        memory.settle()
        views.on_move(_tell)
        views.start(ledger.read_raw)
        while os.read(sys.stdin.fileno(), MANY):
            views.wake(0)


def _tell() -> None:
    with suppress(BrokenPipeError):  # the server is gone: standard input tells it too
        os.write(sys.stdout.fileno(), BYTE)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then lets this process end
    logs.configure(sys.argv[2])
    follow(Path(sys.argv[1]))
