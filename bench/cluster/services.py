"""The services before a cluster: `onrecord serve`, twice, on one database."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from bench.cluster.ground import free_port, started
from service.settings import PREFIX

SERVICES = 2
WITHIN = 60.0


class Services:
    """The processes, with one data folder."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self.ports = [free_port() for _ in range(SERVICES)]
        self._environment = {f"{PREFIX}DATABASE": url}
        for limited in ("READS", "WRITES"):
            self._environment[f"{PREFIX}{limited}_PER_MINUTE"] = "0"
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run all of them until the end of the block."""
        try:
            for number in range(SERVICES):
                self.begin(number)
            yield
        finally:
            for process in self._processes.values():
                process.kill()
                process.wait()

    def begin(self, number: int) -> None:
        """Start one, and wait until it says that it is ready."""
        name = f"serve{number + 1}"
        onrecord = Path(sys.executable).parent / "onrecord"
        command = (onrecord, "serve", "--port", self.ports[number], "--data", self._folder / "data")
        self._processes[number] = started(
            self._folder / f"{name}.log", "setpriv", "--pdeathsig=KILL", *command, **self._environment
        )
        self._await_ready(number)

    def kill(self, number: int) -> None:
        """Kill one."""
        self._processes[number].kill()
        self._processes[number].wait()

    def _await_ready(self, number: int) -> None:
        until = time.monotonic() + WITHIN
        while time.monotonic() < until:
            with (
                suppress(OSError, HTTPException),
                urlopen(f"http://127.0.0.1:{self.ports[number]}/healthz/ready", timeout=5),
            ):
                return
            time.sleep(0.2)
        raise TimeoutError(f"serve {number + 1} is not ready after {WITHIN:.0f} s")

    def are_ready(self) -> None:
        """Wait until all of them say that they are ready."""
        for number in self._processes:
            self._await_ready(number)
