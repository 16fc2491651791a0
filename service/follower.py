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
from service.settings import PREFIX, Settings
from service.views import open_views

log = structlog.get_logger()
BYTE = b"."
RETRY = 1.0
"""Seconds until a follower that ended is started again."""
GRACE = 2.0
"""Seconds that a follower has to finish its batch: what it does not finish is done at the next start."""
MANY = 65_536


class Follower:
    """The server's side of the process that keeps the views."""

    def __init__(self, settings: Settings, views: Runner) -> None:
        self._command = [sys.executable, "-P", "-m", "service.follower", str(settings.data), settings.log_level]
        # Not in the command, which anybody on the machine can read: the address may hold a password.
        database = settings.database.get_secret_value() if settings.database is not None else ""
        self._environment = {**os.environ, f"{PREFIX}DATABASE": database}
        self._views = views
        self._ending = threading.Event()
        self._pipe = threading.Lock()
        """Held to write to the pipe, to close it and to replace it: its number may be another file's afterwards."""
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
        with self._pipe, suppress(BlockingIOError, BrokenPipeError, ValueError):
            os.write(_input(self._process), BYTE)

    def stop(self) -> None:
        """Let the follower finish its batch, and wait for its end."""
        self._ending.set()
        with self._pipe:
            process = self._process
            _close(process)
        _await_end(process)
        self._thread.join()

    def _started(self) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=self._environment
        )
        os.set_blocking(_input(process), False)
        return process

    def _listen(self) -> None:
        """Read how far the views are whenever the follower has moved; start it again where it ended."""
        while True:
            self._hear(self._process)
            self.follows = False
            if self._ending.is_set():
                return
            with self._pipe:
                _close(self._process)
            _await_end(self._process)
            log.error("the process that keeps the views ended", status=self._process.returncode)
            if not self._started_again():
                return

    def _hear(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        with process.stdout as told:
            while told.read(MANY):
                self._reread()
                self.follows = True

    def _reread(self) -> None:
        try:
            self._views.reread()
        except Exception as problem:  # the database is away for a moment: the next step tells as much
            log.error("how far the views are could not be read", exc_info=problem)

    def _started_again(self) -> bool:
        """Put a new process in the place of the one that ended, however often it takes; tell whether there is one."""
        while not self._ending.wait(RETRY):
            try:
                process = self._started()
            except OSError as problem:
                log.error("the process that keeps the views could not be started", exc_info=problem)
                continue
            with self._pipe:
                if not self._ending.is_set():
                    self._process = process
                    return True
            _close(process)  # `stop` knows the one before only
            _await_end(process)
        return False


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


def _close(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    process.stdin.close()


def _await_end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def follow(data: Path) -> None:
    """Keep the views of a record until standard input ends."""
    settings = Settings(data=data)
    with Ledger.open(settings, read_only=True) as ledger, open_views(settings) as views:
        memory.settle()
        views.on_move(_tell)
        views.start(ledger.read_raw)
        while os.read(sys.stdin.fileno(), MANY):
            views.wake(0)


def _tell() -> None:
    with suppress(BrokenPipeError):  # the server is gone: standard input tells it too
        os.write(sys.stdout.fileno(), BYTE)


if __name__ == "__main__":
    for told in (signal.SIGINT, signal.SIGTERM):  # both reach a whole group: the server lets this process end
        signal.signal(told, signal.SIG_IGN)
    logs.configure(sys.argv[2])
    follow(Path(sys.argv[1]))
