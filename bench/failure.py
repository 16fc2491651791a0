"""`python -m bench failure`: what becomes of a record while its cluster breaks, one failure after the other.

Law: what a client was told is compared with the log itself. Anything lost, doubled, out of its place, not read, or not
answered in a way that a client can act on, ends the run with exit code 1.
"""

import argparse
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from bench.cluster import ground
from bench.cluster.found import Found, compared, table
from bench.cluster.harms import HARMS, Harm
from bench.cluster.patroni import Cluster, NotWhole, missing
from bench.cluster.readers import Read, following, on_the_log, over_http
from bench.cluster.services import Services
from bench.cluster.writers import Told, Writers
from bench.desk import Desk, desk_of
from bench.http import key_of
from bench.machine import described
from bench.tables import Table
from service.ledger import Ledger
from service.settings import Settings

INCIDENTS = 4
BEFORE, AFTER = 4.0, 4.0
"""Seconds of writing before a failure, and after all is whole again."""
STEADY = 1.0
"""Seconds in which something was acknowledged, where writes work."""
AGAIN = 120.0
"""Seconds within which writes work again, or they do not."""
INSIDE = "--inside"


def main(arguments: Sequence[str]) -> int:
    """Do it in namespaces, where this machine allows them, else on loopback. Return the exit code."""
    options = _options(arguments)
    if options.inside is not None:
        return _broken(options, options.inside, separate=True)
    if (lacking := missing()) is not None:
        print(lacking, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # then what was started is ended
    try:
        with TemporaryDirectory(dir=options.folder, prefix="onrecord-failure-") as place:
            Path(place).chmod(0o755)  # the hosts' programs are another user's
            print(_shown(described(options.folder), options), flush=True)
            if options.loopback or not ground.are_allowed():
                return _broken(options, Path(place), separate=False)
            return ground.apart("bench", "failure", *arguments, INSIDE, place)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench failure", description=__doc__.partition("\n")[0])
    names = [harm.name for harm in HARMS]
    parser.add_argument("harms", nargs="*", choices=[*names, []], metavar="failure", help=", ".join(names))
    parser.add_argument(
        "--asynchronous", action="store_true", help="without synchronous replication: what is lost then"
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--folder", type=Path, default=Path(gettempdir()), help="on the disk to use")
    parser.add_argument("--loopback", action="store_true", help="without namespaces, also where they are allowed")
    parser.add_argument("--logs", type=Path, help="keep the logs of all programs in this folder")
    parser.add_argument(INSIDE, type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _broken(options: argparse.Namespace, place: Path, *, separate: bool) -> int:
    wanted = [harm for harm in HARMS if not options.harms or harm.name in options.harms]
    done = [harm for harm in wanted if separate or not harm.is_of_namespaces]
    with ExitStack() as stack:
        if options.logs is not None:
            stack.callback(_keep_logs, place, options.logs)
        scene = _Scene(place, stack, separate=separate, synchronous=not options.asynchronous)
        found, is_whole = _found(scene, done)
    told = table(found, [harm for harm in wanted if harm not in done], scene.described())
    print(_shown(told, options), flush=True)
    return 0 if is_whole and all(one.is_well for one in found) else 1


def _found(scene: "_Scene", harms: Sequence[Harm]) -> tuple[list[Found], bool]:
    """Return what was found after each harm, and whether the cluster got over each."""
    found: list[Found] = []
    try:
        for harm in harms:
            found.append(scene.after(harm))
            print(found[-1].line(), file=sys.stderr, flush=True)
    except NotWhole as problem:
        print(problem, file=sys.stderr)
        return found, False
    return found, True


def _shown(told: Table, options: argparse.Namespace) -> str:
    return told.as_markdown() if options.markdown else told.as_text()


def _keep_logs(place: Path, kept: Path) -> None:
    for log in place.rglob("*.log"):
        target = kept / log.relative_to(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log, target)


class _Scene:
    """A cluster with its services and a desk to write to."""

    def __init__(self, place: Path, stack: ExitStack, *, separate: bool, synchronous: bool) -> None:
        self._separate, self._synchronous = separate, synchronous
        hosts = stack.enter_context(ground.hosts(place, separate=separate))
        self._cluster = Cluster(hosts, place, synchronous=synchronous)
        stack.enter_context(self._cluster.running())
        self._settings = Settings.read(data=place / "desk", database=self._cluster.url, log_level="error")
        with Ledger.open(self._settings) as ledger:
            desk, self._secret = desk_of(ledger, INCIDENTS), key_of(ledger, "reporter")
            reader = key_of(ledger, "auditor")
        self._desk = Desk(ledger, desk.source, desk.incidents)
        self._services = Services(place, self._cluster.url)
        stack.enter_context(self._services.running())
        self._reads: dict[str, Read] = {
            "the log": on_the_log(self._cluster.url, place / "desk", stack),
            "the log, again": on_the_log(self._cluster.url, place / "desk", stack),
            **{f"serve {n}": over_http(port, reader) for n, port in enumerate(self._services.ports, start=1)},
        }

    def after(self, harm: Harm) -> Found:
        """Do a harm while all write and read, heal it, and return what was found then."""
        self._cluster.await_whole()
        with Ledger.open(self._settings, read_only=True) as ledger:
            first = ledger.head()
        leader = self._cluster.leader()
        writers = Writers(harm.name, self._services.ports, self._secret, self._desk)
        with following(self._reads, first) as readers:
            writers.start()
            time.sleep(BEFORE)
            begun = time.monotonic()
            heal = harm.do(self._cluster, self._services)
            works = _work_again(writers.told, begun, harm)
            healed = time.monotonic()
            heal()
            self._cluster.await_whole()
            self._services.are_ready()
            time.sleep(AFTER)
            told = writers.stop()
            with Ledger.open(self._settings, read_only=True) as ledger:
                found = compared(ledger.read_raw, first, told, readers)
        found.harm, found.is_another_leader = harm, self._cluster.leader() is not leader
        found.stood_still, found.works = told.gap(begun), works
        found.healed = healed - begun
        return found

    def described(self) -> list[str]:
        """Return how it was set up."""
        hosts = (
            "network namespaces, their databases on disks of 768 MB" if self._separate else "one network, on loopback"
        )
        kind = "synchronous, strict" if self._synchronous else "asynchronous"
        return [f"three hosts in {hosts}; replication: {kind}"]


def _work_again(told: Told, begun: float, harm: Harm) -> bool:
    """Wait until a harm has lasted, and writes work again; tell whether they do."""
    while (now := time.monotonic()) < begun + AGAIN:
        works = any(one.at > max(begun + STEADY, now - STEADY) for one in told.acknowledged[-20:])
        if now > begun + harm.lasts and (works or harm.stops_writes):
            return works
        time.sleep(0.1)
    return False
