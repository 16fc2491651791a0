"""What a cluster stands on: three hosts, each in a network namespace of its own, or on a loopback address of its own.

Law: all of it lies in one folder, and in namespaces that end with the process that `apart` started in them.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.postgres import UNPRIVILEGED

HOSTS = 3
DISK = 768 * 2**20
"""Bytes of the disk that holds a host's database: small, so that it is soon full."""
UNSHARED = (
    "setpriv",
    "--pdeathsig=KILL",
    "unshare",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
)
NOWHERE = "02:00:00:00:00:01"
"""An address on the cable that nobody has."""
CAPABILITIES = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
"""An interpreter may lie in a folder that only root enters."""


@dataclass
class Host:
    """A host: its address, its folder, what begins a command on it, and whether cable and disk are its own."""

    name: str
    address: str
    folder: Path
    entered: Sequence[str] = ()
    has_cable: bool = False
    has_disk: bool = False
    began: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """Return the folder of the database."""
        return self.folder / "disk" / "data"

    def begin(self, name: str, *command: object, **environment: str) -> None:
        """Begin a program on the host, as a user who is not root; its words go to a file of its name."""
        self.began[name] = started(self.folder / f"{name}.log", *self.entered, *unprivileged(), *command, **environment)

    def signal(self, told: signal.Signals, *names: str, database: bool = False) -> None:
        """Send a signal to programs of the host, and to all processes of its database."""
        for name in names:
            self.began[name].send_signal(told)
            if told == signal.SIGKILL:
                self.began[name].wait()
        for pid in self.processes() if database else ():
            with suppress(ProcessLookupError):  # the one before it took it along
                os.kill(pid, told)

    def processes(self) -> list[int]:
        """Return the processes of the database, the first one first: they all work in its folder."""
        found = []
        for place in Path("/proc").iterdir():
            with suppress(OSError):  # it ended, or is not ours to see
                if place.name.isdecimal() and (place / "cwd").readlink() == self.data:
                    found.append(int(place.name))
        return sorted(found)

    def plug(self, *, is_in: bool) -> None:
        """Pull the host's cable, or put it back."""
        done("ip", "link", "set", self.name, "up" if is_in else "down")

    def deafen(self, others: "Sequence[Host]", *, is_deaf: bool) -> None:
        """Let what the host sends to others go nowhere, or arrive again. Who is at the bridge still reaches it."""
        for other in others:
            change = ("replace", other.address, "lladdr", NOWHERE, "nud", "permanent")
            done(*self.entered, "ip", "neigh", *(change if is_deaf else ("del", other.address)), "dev", "eth0")

    def fill(self) -> None:
        """Fill the disk of the database, to the last byte."""
        with self._ballast.open("wb", buffering=0) as file, suppress(OSError):
            for part in (2**20, 4096):
                with suppress(OSError):
                    while file.write(b"\1" * part) == part:
                        pass

    def empty(self) -> None:
        """Make room on the disk again."""
        self._ballast.unlink()

    @property
    def _ballast(self) -> Path:
        return self.folder / "disk" / "ballast"


def unprivileged() -> list[str]:
    """Return what begins a command that is not to run as root, and ends it with this process."""
    user = [f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups", *CAPABILITIES]
    return ["setpriv", *(user if os.geteuid() == 0 else ()), "--pdeathsig=KILL"]


def started(log: Path, *command: object, **environment: str) -> "subprocess.Popen[bytes]":
    """Start a program that tells what it has to tell in a file."""
    with log.open("ab") as told:
        return subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
            env={**os.environ, **environment},
        )


def free_port() -> int:
    """Return a port of loopback that nobody has at this moment."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def done(*command: object) -> None:
    """Run a command to its end. Raise where it fails."""
    subprocess.run(list(map(str, command)), check=True, capture_output=True)


def are_allowed() -> bool:
    """Tell whether this process may make namespaces."""
    if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("unshare"):
        return False
    return subprocess.run([*UNSHARED, "ip", "link", "add", "type", "bridge"], capture_output=True).returncode == 0


def apart(*arguments: str) -> int:
    """Run `python -m` with these arguments in namespaces of its own, and return its exit code; nothing outlives it.

    A shell is the first process there: it buries those whose parents have died.
    """
    command = [*UNSHARED, "sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-m", *arguments]
    with subprocess.Popen(command) as process:
        try:
            return process.wait()
        finally:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            with suppress(OSError):
                for first in children.read_text().split():
                    os.kill(int(first), signal.SIGKILL)  # and all others with it, before it is gone


@contextmanager
def hosts(folder: Path, *, separate: bool) -> Iterator[list[Host]]:
    """Give hosts, in network namespaces where this process is `apart`, else on loopback. They end with the block."""
    with ExitStack() as stack:
        if separate:
            done("ip", "link", "set", "lo", "up")
            done("ip", "link", "add", "bridge", "type", "bridge")
            done("ip", "address", "add", "10.77.0.254/24", "dev", "bridge")
            done("ip", "link", "set", "bridge", "up")
        made = [_host(folder, number, stack, separate=separate) for number in range(1, HOSTS + 1)]
        stack.callback(_end, made)
        yield made


def _host(folder: Path, number: int, stack: ExitStack, *, separate: bool) -> Host:
    place = folder / f"host{number}"
    (place / "disk").mkdir(parents=True)
    if not separate:
        host = Host(place.name, f"127.77.0.{number}", place)
    else:
        host = _cabled(Host(place.name, f"10.77.0.{number}", place), stack)
        _put_on_a_disk(host)
    given_away(place, place / "disk")
    return host


def _cabled(host: Host, stack: ExitStack) -> Host:
    """Put a host into a network namespace, at a cable to the bridge."""
    keeper = stack.enter_context(subprocess.Popen(["unshare", "--net", "sleep", "infinity"]))
    stack.callback(keeper.kill)
    while Path(f"/proc/{keeper.pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
        time.sleep(0.01)
    host.entered = ("nsenter", f"--net=/proc/{keeper.pid}/ns/net", "--")
    done("ip", "link", "add", host.name, "type", "veth", "peer", "name", "eth0", "netns", keeper.pid)
    done("ip", "link", "set", host.name, "master", "bridge", "up")
    done(*host.entered, "ip", "link", "set", "lo", "up")
    done(*host.entered, "ip", "address", "add", f"{host.address}/24", "dev", "eth0")
    done(*host.entered, "ip", "link", "set", "eth0", "up")
    host.has_cable = True
    return host


def _put_on_a_disk(host: Host) -> None:
    """Mount a small file system for the database: a file on this machine's disk, so that a flush is one."""
    image = host.folder / "disk.image"
    with image.open("wb") as file:
        file.truncate(DISK)
    done("mkfs.ext4", "-q", "-m", "0", image)
    done("mount", "-o", "loop", image, host.folder / "disk")
    host.has_disk = True


def given_away(*places: Path) -> None:
    """Give files to the user as whom the hosts' programs run."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED)
        for place in places:
            os.chown(place, user.pw_uid, user.pw_gid)


def _end(made: list[Host]) -> None:
    for host in made:
        for process in host.began.values():
            process.kill()
            process.wait()
    for host in made:  # when nobody starts them again
        host.signal(signal.SIGKILL, database=True)
        if host.has_disk:
            subprocess.run(["umount", "--lazy", str(host.folder / "disk")], check=True)
