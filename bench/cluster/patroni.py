"""The cluster: etcd and Patroni on each host, HAProxy before them, set as docs/operations.md recommends.

Law: what a record needs of a cluster is set here as there; what only makes it fit on one small machine is said to.
"""

import json
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg

from bench.cluster.ground import Host, free_port, given_away, started
from tests.postgres import PASSWORD, PROGRAMS, USER

WITHIN = 120.0
"""Seconds in which a cluster is whole, or does not become so."""
LEAD = {
    "ttl": 20,
    "loop_wait": 5,
    "retry_timeout": 5,
    "failsafe_mode": True,
    "maximum_lag_on_failover": 1_048_576,
}
SYNCHRONOUS = {"synchronous_mode": True, "synchronous_mode_strict": True, "synchronous_node_count": 1}
RETURN = {"use_pg_rewind": True, "remove_data_directory_on_rewind_failure": True}
"""An old leader comes back by itself: rewound, or, where what it needs for that is gone, copied anew."""
PARAMETERS = {
    "synchronous_commit": "on",
    "wal_log_hints": "on",
    "wal_sender_timeout": "10s",
    "wal_receiver_timeout": "10s",
    "tcp_keepalives_idle": 5,
    "tcp_keepalives_interval": 2,
    "tcp_keepalives_count": 3,
}
SMALL = {
    "max_connections": 60,
    "shared_buffers": "32MB",
    "min_wal_size": "32MB",
    "max_wal_size": "128MB",
    "wal_keep_size": "128MB",
}
"""To fit on one machine, on small disks."""
HAPROXY = """
global
    maxconn 500
defaults
    mode tcp
    timeout connect 3s
    timeout client 30m
    timeout server 30m
    timeout check 3s
listen record
    bind 127.0.0.1:{port}
    option httpchk OPTIONS /primary
    http-check expect status 200
    default-server inter 2s fall 2 rise 1 on-marked-down shutdown-sessions
"""


@dataclass(frozen=True, slots=True)
class Member:
    """A host as the cluster sees it."""

    name: str
    role: str
    state: str


class NotWhole(Exception):
    """The cluster did not become what it should be."""


class Cluster:
    """Three hosts under Patroni, and a proxy that leads to the one that takes writes."""

    def __init__(self, hosts: list[Host], folder: Path, *, synchronous: bool) -> None:
        self.hosts, self._folder, self.synchronous = hosts, folder, synchronous
        self._port = free_port()

    @property
    def url(self) -> str:
        """Return the address of the record's database, through the proxy."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self._port}/{USER}"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start all of it, with an empty database for the record. The hosts' own programs end with the hosts."""
        for host in self.hosts:
            self.begin_etcd(host)
        for host in self.hosts:
            self.begin_patroni(host)
        self.await_whole()
        with psycopg.connect(self._direct(self.leader()), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
            connection.execute(f"CREATE DATABASE {USER} OWNER {USER} ENCODING 'UTF8' TEMPLATE template0")
        proxy = started(self._folder / "haproxy.log", program("haproxy"), "-db", "-f", self._proxy())
        try:
            self.await_answer()
            yield
        finally:
            proxy.kill()
            proxy.wait()

    def begin_etcd(self, host: Host) -> None:
        """Start etcd on a host, with what it has kept."""
        peer, client = f"http://{host.address}:2380", f"http://{host.address}:2379"
        all_of_them = ",".join(f"{one.name}=http://{one.address}:2380" for one in self.hosts)
        options = {
            "name": host.name,
            "data-dir": host.folder / "etcd",
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "initial-cluster": all_of_them,
            "heartbeat-interval": 250,
            "election-timeout": 2500,
            "log-level": "error",
        }
        host.begin("etcd", program("etcd"), *(f"--{name}={value}" for name, value in options.items()))

    def begin_patroni(self, host: Host) -> None:
        """Start Patroni on a host; it starts the database."""
        settings = host.folder / "patroni.yml"
        settings.write_text(json.dumps(self._settings(host), indent=2))  # which is YAML
        given_away(settings)
        host.begin("patroni", sys.executable, "-m", "patroni", settings, HOME=str(host.folder))

    def _settings(self, host: Host) -> dict[str, Any]:
        user = {"password": PASSWORD}
        lead = {**LEAD, **(SYNCHRONOUS if self.synchronous else {"synchronous_mode": False})}
        return {
            "scope": USER,
            "name": host.name,
            "restapi": {"listen": f"{host.address}:8008", "connect_address": f"{host.address}:8008"},
            "etcd3": {"hosts": [f"{one.address}:2379" for one in self.hosts]},
            "bootstrap": {
                "dcs": {
                    **lead,
                    "postgresql": {**RETURN, "parameters": PARAMETERS | SMALL},
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"],
            },
            "postgresql": {
                "listen": f"{host.address}:5432",
                "connect_address": f"{host.address}:5432",
                "data_dir": str(host.data),
                "bin_dir": str(PROGRAMS),
                "pgpass": str(host.folder / "pgpass"),
                "authentication": {
                    "superuser": {"username": "postgres", **user},
                    "replication": {"username": "replicator", **user},
                    "rewind": {"username": "rewinder", **user},
                },
                "parameters": {"unix_socket_directories": str(host.folder)},
                "pg_hba": [
                    "local all all scram-sha-256",
                    "host all all 0.0.0.0/0 scram-sha-256",
                    "host replication replicator 0.0.0.0/0 scram-sha-256",
                ],
            },
        }

    def _proxy(self) -> Path:
        lines = [f"    server {one.name} {one.address}:5432 check port 8008" for one in self.hosts]
        file = self._folder / "haproxy.cfg"
        file.write_text(HAPROXY.format(port=self._port) + "\n".join(lines) + "\n")
        return file

    @staticmethod
    def _direct(host: Host) -> str:
        return f"postgresql://postgres:{PASSWORD}@{host.address}:5432/postgres"

    def await_answer(self) -> None:
        """Wait until the proxy leads to the host that takes writes, and to no other: at first it takes all for well."""
        until, well = time.monotonic() + WITHIN, 0
        while well < 2 * len(self.hosts):
            try:
                psycopg.connect(self.url, connect_timeout=3, target_session_attrs="primary").close()
                well += 1
            except psycopg.OperationalError:
                well = 0
                time.sleep(0.2)
            if time.monotonic() > until:
                raise NotWhole(f"no host takes writes: {self.seen()}")

    def seen(self) -> list[list[Member]]:
        """Return how each host that answers sees the cluster: one that was cut off may see the past."""
        found = []
        for host in self.hosts:
            with (
                suppress(OSError, HTTPException, ValueError),
                urlopen(f"http://{host.address}:8008/cluster", timeout=2) as answer,
            ):
                found.append([Member(one["name"], one["role"], one["state"]) for one in json.load(answer)["members"]])
        return found

    def leader(self) -> Host:
        """Return the host that leads, of a cluster that is whole."""
        return self._host_that("leader")

    def standby(self) -> Host:
        """Return the host that must have each commit, or one that follows where none must."""
        return self._host_that("sync_standby", "replica")

    def _host_that(self, *roles: str) -> Host:
        members = next(iter(self.seen()), [])
        for role in roles:
            for host in self.hosts:
                if any((one.name, one.role) == (host.name, role) for one in members):
                    return host
        raise NotWhole(f"no host is {roles[0]}: {members}")

    def await_whole(self, within: float = WITHIN) -> None:
        """Wait until all hosts see that one leads and all others stream from it, one synchronously where one must."""
        until = time.monotonic() + within
        while not self._is_whole(seen := self.seen()):
            if time.monotonic() > until:
                raise NotWhole(f"the cluster is not whole after {within:.0f} s: {seen}")
            time.sleep(0.5)

    def _is_whole(self, seen: list[list[Member]]) -> bool:
        if len(seen) < len(self.hosts) or any(one != seen[0] for one in seen):
            return False
        states, roles = sorted(one.state for one in seen[0]), [one.role for one in seen[0]]
        return (
            states == ["running", *["streaming"] * (len(self.hosts) - 1)]
            and roles.count("leader") == 1
            and (not self.synchronous or "sync_standby" in roles)
        )

    def repair(self, host: Host) -> None:
        """Start on a host what has ended there."""
        begin = {"etcd": self.begin_etcd, "patroni": self.begin_patroni}
        for name, process in host.began.items():
            if process.poll() is not None:
                begin[name](host)

    def kill(self, host: Host) -> None:
        """Kill a host's database and its Patroni: all at once, so that neither can do anything about the other."""
        host.signal(signal.SIGKILL, "patroni", database=True)


def program(name: str) -> str | None:
    """Return where a program lies, which may be where only root looks; None where it is missing."""
    return shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin")


def missing() -> str | None:
    """Return what this machine lacks, and how to have it; None where it has all."""
    if find_spec("patroni") is None:
        return "no patroni: `make bench ARGS=failure` installs it"
    if not PROGRAMS.exists() or None in map(program, ("etcd", "haproxy")):
        return "as root: apt-get install --no-install-recommends postgresql-15 etcd-server haproxy"
    return None
