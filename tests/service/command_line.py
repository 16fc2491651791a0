"""The command line as a user meets it: a process of its own, with pipes or with a terminal."""

import fcntl
import json
import os
import pty
import re
import resource
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ONRECORD = str(Path(sys.executable).parent / "onrecord")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]")


def environment(data: Path | None = None, **more: str) -> dict[str, str]:
    """Return the environment of a command that works on a data folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONRECORD_")}
    named = {"ONRECORD_DATA": str(data)} if data else {}
    return {**kept, "NO_COLOR": "1", **named, **more}


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def objects(self) -> list[dict[str, Any]]:
        """Return what was printed, as JSON objects, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def onrecord(
    data: Path | None, *arguments: str | Path, given: bytes = b"", file_size: int | None = None, **more: str
) -> Done:
    """Run a command to its end; no file may grow beyond `file_size`. Whatever it was, the user sees no traceback."""
    done = subprocess.run(
        [ONRECORD, *map(str, arguments)],
        input=given,
        capture_output=True,
        env=environment(data, **more),
        timeout=120,
        preexec_fn=None if file_size is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (file_size,) * 2),
    )
    err = done.stderr.decode()
    assert "Traceback" not in err, err
    return Done(done.returncode, done.stdout.decode(), err)


@contextmanager
def running(data: Path | None, *arguments: str | Path, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command until the end of the block."""
    process = subprocess.Popen(
        [ONRECORD, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(data, **more),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@dataclass
class Terminal:
    """A command in a terminal: what it drew, and the keys that it is sent."""

    process: "subprocess.Popen[bytes]"
    master: int
    drawn: str = ""
    _from: int = field(default=0)

    def wait_for(self, text: str, seconds: float = 60) -> str:
        """Wait until this text is drawn after what was waited for before, and return all that came since then."""
        until = time.monotonic() + seconds
        while text not in ESCAPES.sub("", self.drawn[self._from :]):
            assert time.monotonic() < until, f"{text!r} was not drawn: {self.drawn[self._from :]!r}"
            assert self._read(), f"the command ended without {text!r}: {self.drawn[self._from :]!r}"
        seen = ESCAPES.sub("", self.drawn[self._from :])
        self._from = len(self.drawn)
        return seen

    def press(self, keys: str) -> None:
        """Send keys."""
        os.write(self.master, keys.encode())

    def end(self) -> int:
        """Read all that is still drawn, and return the exit code."""
        while self._read():
            pass
        return self.process.wait(timeout=30)

    def _read(self) -> bool:
        ready, _, _ = select.select([self.master], [], [], 60)
        assert ready, "nothing was drawn for a minute"
        try:
            read = os.read(self.master, 65_536)
        except OSError:  # Linux: the other end is closed
            return False
        self.drawn += read.decode(errors="replace")
        return bool(read)


@contextmanager
def terminal(
    data: Path, *arguments: str | Path, lines: int = 40, columns: int = 120, **more: str
) -> Iterator[Terminal]:
    """Run a command in a terminal of its own until the end of the block."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    variables = environment(data, TERM="xterm-256color")
    del variables["NO_COLOR"]
    variables |= more
    process = subprocess.Popen(
        [ONRECORD, *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave, env=variables, start_new_session=True
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def write_rows(file: Path, *rows: dict[str, Any] | str) -> Path:
    """Write a file of rows; a text is written as it is."""
    file.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return file


def source(name: str) -> dict[str, Any]:
    """Return the row that registers a source."""
    return {"command": "source.register", "source": name, "name": f"Source {name}", "kind": "outlet"}


def many_sources(file: Path, count: int) -> Path:
    """Write a file that registers so many sources, and return it."""
    return write_rows(file, {"import": "many"}, *(source(f"s{number}") for number in range(count)))
