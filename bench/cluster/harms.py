"""What is done to a cluster, and to the services before it; each harm returns what heals it.

Law: a harm is done to whoever leads at that moment, and at once.
"""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bench.cluster.patroni import Cluster
from bench.cluster.services import Services

Heal = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Harm:
    """A harm: what it is called, how it is done, and how many seconds it lasts at the least."""

    name: str
    title: str
    do: Callable[[Cluster, Services], Heal]
    lasts: float
    stops_writes: bool = False
    """Writes need not work again before it is healed."""
    is_of_namespaces: bool = False
    """It needs a cable, or a disk, of the host's own."""


def _kill_database(cluster: Cluster, services: Services) -> Heal:
    cluster.leader().signal(signal.SIGKILL, database=True)
    return lambda: None


def _kill_host(cluster: Cluster, services: Services) -> Heal:
    host = cluster.leader()
    cluster.kill(host)
    return partial(cluster.repair, host)


def _kill_standby(cluster: Cluster, services: Services) -> Heal:
    host = cluster.standby()
    cluster.kill(host)
    return partial(cluster.repair, host)


def _pause_database(cluster: Cluster, services: Services) -> Heal:
    host = cluster.leader()
    host.signal(signal.SIGSTOP, database=True)
    return partial(host.signal, signal.SIGCONT, database=True)


def _pause_host(cluster: Cluster, services: Services) -> Heal:
    host = cluster.leader()
    host.signal(signal.SIGSTOP, "patroni", "etcd", database=True)
    return partial(host.signal, signal.SIGCONT, "etcd", "patroni", database=True)


def _cut(cluster: Cluster, services: Services) -> Heal:
    host = cluster.leader()
    host.plug(is_in=False)
    return partial(host.plug, is_in=True)


def _part(cluster: Cluster, services: Services) -> Heal:
    host = cluster.leader()
    others = [one for one in cluster.hosts if one is not host]
    host.deafen(others, is_deaf=True)
    return partial(host.deafen, others, is_deaf=False)


def _fill(cluster: Cluster, services: Services) -> Heal:
    host = cluster.leader()
    host.fill()
    return host.empty


def _stop_etcd(cluster: Cluster, services: Services) -> Heal:
    for host in cluster.hosts:
        host.signal(signal.SIGKILL, "etcd")

    def heal() -> None:
        for host in cluster.hosts:
            cluster.repair(host)

    return heal


def _kill_service(cluster: Cluster, services: Services) -> Heal:
    services.kill(0)
    return partial(services.begin, 0)


HARMS = (
    Harm("database", "the leader's PostgreSQL killed (`kill -9`)", _kill_database, 10),
    Harm("host", "the leader's PostgreSQL and Patroni killed", _kill_host, 10),
    Harm("standby", "the synchronous standby's PostgreSQL and Patroni killed", _kill_standby, 10),
    Harm("pause", "the leader's PostgreSQL paused (`SIGSTOP`), its Patroni not", _pause_database, 10),
    Harm("freeze", "the leader's host paused: PostgreSQL, Patroni and etcd", _pause_host, 10),
    Harm("cut", "the leader's network cut", _cut, 10, is_of_namespaces=True),
    Harm("part", "the leader cut off from the other hosts, not from HAProxy", _part, 45, is_of_namespaces=True),
    Harm("disk", "the leader's disk filled", _fill, 30, stops_writes=True, is_of_namespaces=True),
    Harm("etcd", "all of etcd killed, and started again after 30 s", _stop_etcd, 30, stops_writes=True),
    Harm("serve", "one `serve` of two killed in mid-request", _kill_service, 5),
)
