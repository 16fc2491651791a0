"""A PostgreSQL server for tests: started on loopback as an unprivileged user, with nothing left behind.

Law: it writes to the disk as a server in use does. It ends with the process that started it, however that ends.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
USER, PASSWORD = "onrecord", "not-to-be-told"
UNPRIVILEGED = "postgres"
"""The user that Debian's package makes; PostgreSQL refuses to run as root."""
ATTEMPTS = 5
"""Starts that are tried: a port that was free may be taken a moment later."""
_NUMBERS = count(1)


class Server:
    """A server with a folder of its own; `start` and `stop` it as often as need be."""

    def __init__(self, folder: Path, settings: Mapping[str, object], backup_of: str = "") -> None:
        """Make a new server, or one that goes on from a backup of the server at this address."""
        self.folder, self._settings = folder, settings
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        if backup_of:
            _as_client("pg_basebackup", f"--dbname={backup_of}", f"--pgdata={folder / 'data'}", "--checkpoint=fast")
            _give_away(folder, *folder.rglob("*"))
        else:
            self._make(folder)

    def _make(self, folder: Path) -> None:
        secret = folder / "password"
        secret.write_text(PASSWORD)
        _give_away(folder, secret)
        _run(
            "initdb",
            "-D",
            folder / "data",
            "-U",
            USER,
            "-A",
            "scram-sha-256",
            "--pwfile",
            secret,
            "-E",
            "UTF8",
            "--no-locale",
            "--no-sync",
        )

    def start(self) -> None:
        """Start the server, on the port that it had before where it had one, and wait until it answers."""
        for _ in range(ATTEMPTS):
            self.port = self.port or _free_port()
            options = {
                **self._settings,
                "port": self.port,
                "listen_addresses": "127.0.0.1",
                "unix_socket_directories": "",
            }
            given = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
            with (self.folder / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    _unprivileged("postgres", "-D", self.folder / "data", *given), stdout=log, stderr=log
                )
            if self._answers():
                return
            self.port = 0
        raise AssertionError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def _answers(self) -> bool:
        """Wait until the server answers, or has ended."""
        assert self._process is not None
        while self._process.poll() is None:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                continue
            return True
        return False

    @property
    def runs(self) -> bool:
        """Tell whether it was started and not stopped since."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """Return the id of its first process, while it runs."""
        assert self._process is not None
        return self._process.pid

    def become_standby(self) -> None:
        """Let it start next as a standby, which takes no writes until it is promoted."""
        file = self.folder / "data" / "standby.signal"
        file.touch()
        _give_away(file)

    def stop(self) -> None:
        """Stop the server as a crash does: at once, its clients cut off, what was committed on the disk."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def url(self, database: str) -> str:
        """Return the address of a database."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database, return its address, and drop it in the end, whoever still uses it."""
        name = f"record_{next(_NUMBERS)}"
        self.run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield self.url(name)
        finally:
            self.run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def run(self, statement: sql.Composed) -> None:
        """Run a statement as the server's administrator."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def server(backup_of: str = "", **settings: object) -> Iterator[Server]:
    """Start a server with these settings, from a backup where one is asked for, and leave nothing of it."""
    if not PROGRAMS.exists():
        raise AssertionError(f"no PostgreSQL in {PROGRAMS}: `make apt`, as root, installs it")
    folder = Path(tempfile.mkdtemp(prefix="onrecord-postgres-"))
    try:
        started = Server(folder, settings, backup_of)
        started.start()
        try:
            yield started
        finally:
            started.stop()
    finally:
        shutil.rmtree(folder)


def dump(address: str, file: Path, *options: str) -> None:
    """Dump a database into a file, by the tool that comes with it."""
    _as_client("pg_dump", "--format=custom", f"--file={file}", *options, address)


def restore(address: str, file: Path) -> None:
    """Put a database back to what a dump holds, beneath whoever uses it."""
    _as_client("pg_restore", "--clean", "--if-exists", "--single-transaction", f"--dbname={address}", file)


def _as_client(program: str, *arguments: object) -> None:
    done = subprocess.run([str(PROGRAMS / program), *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _run(program: str, *arguments: object) -> None:
    done = subprocess.run(_unprivileged(program, *arguments), capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, done.stderr


def _unprivileged(program: str, *arguments: object) -> list[str]:
    """Return the command that runs a program as a user who is not root, and ends it with this process."""
    user = [f"--reuid={UNPRIVILEGED}", f"--regid={UNPRIVILEGED}", "--clear-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *user, "--pdeathsig=QUIT", str(PROGRAMS / program), *map(str, arguments)]


def _give_away(*places: Path) -> None:
    if os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED)
        for place in places:
            os.chown(place, user.pw_uid, user.pw_gid)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
