"""The record checked again and again while it is served, by a process of its own that stands back for all others.

Law: what it finds is told in health and logs, and from then on nothing is signed. A check that could not be made is
told as such: it is no good news.
"""

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

from service.notary.notary import Notary
from service.settings import PREFIX, Settings

log = structlog.get_logger()
FIRST = 30.0
"""Seconds after the start until the first check."""
NICE = 10
VERIFY = "from service.cli import main; main()"


class Watch:
    """Checks a record at an interval."""

    def __init__(self, settings: Settings, notary: Notary) -> None:
        self._settings, self._notary = settings, notary
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self.checked_at: datetime | None = None
        self.size = 0
        """How many events were right when it was last checked."""
        self.problem: str | None = None
        """What was wrong then, or why it could not be checked."""
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)

    def start(self) -> None:
        """Begin, unless there is no interval."""
        if self._settings.check_every:
            self._thread.start()

    def stop(self) -> None:
        """Stop, also in the middle of a check."""
        self._stopping.set()
        if (process := self._process) is not None:
            process.terminate()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        wait = min(FIRST, self._settings.check_every)
        while not self._stopping.wait(wait):
            self.check()
            wait = self._settings.check_every

    def check(self) -> None:
        """Check the record now, and note what was found."""
        found = self._found()
        if self._stopping.is_set():
            return
        self.checked_at = datetime.now(UTC)
        if found.get("verified"):
            self.size, self.problem = found["size"], None
            return
        self.problem = str(found.get("problem") or _told(found))
        log.error("the record was checked", problem=self.problem)
        if found.get("verified") is False:
            self._notary.broken = self._notary.broken or self.problem

    def _found(self) -> dict[str, Any]:
        data = str(self._settings.data)
        command = [sys.executable, "-P", "-c", VERIFY, "verify", "--json", "--quiet", "--data", data]
        database = self._settings.database.get_secret_value() if self._settings.database is not None else ""
        environment = {**os.environ, f"{PREFIX}DATABASE": database}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            preexec_fn=_stand_back,  # only a system call
        )
        out, err = self._process.communicate()
        try:
            found: dict[str, Any] = orjson.loads(out)
        except orjson.JSONDecodeError:
            said = err.decode(errors="replace").strip().splitlines()
            return {"problem": f"it could not be checked: {said[-1] if said else self._process.returncode}"}
        return found


def _stand_back() -> None:
    os.nice(NICE)


def _told(found: dict[str, Any]) -> str:
    where = f"position {found['position']}: " if found["position"] is not None else ""
    return f"{where}{found['what']}: expected {found['expected']}, found {found['found']}"
