"""Posting over HTTP: claims, flushed before the answer, beside routes of the same server that do nothing."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import orjson

from bench.client import Job, Seen
from bench.desk import ACTOR, SEED, Desk, desk_of, do, open_ledger, sentence
from bench.tables import PERCENTILE_COLUMNS, Table, in_turns, medians, percentiles, rate, spread, times
from domain.account_commands import GrantRole, IssueKey, OpenAccount
from domain.values import Role
from service.keys import make_key
from service.ledger import Ledger, Request

CONNECTIONS = (1, 16, 64)
INCIDENTS = 8
Latencies = dict[str, list[float]]
WITHIN = 120.0
"""Seconds within which a server answers."""


def run(folder: Path, quick: bool) -> list[Table]:
    """Measure posting, and return its tables."""
    rounds, requests = (2, 64) if quick else (5, 1_500)
    taken: Latencies = {}
    with TemporaryDirectory(dir=folder) as temporary:
        place = Path(temporary)
        with open_ledger(place) as ledger:
            desk, key = desk_of(ledger, INCIDENTS), key_of(ledger, "reporter")
        with serving(place) as port:
            targets = _targets(desk)
            contest = {
                (name := f"{target}, {connections} connections"): _round(
                    port, connections, paths, name, requests, key, desk, taken
                )
                for connections in CONNECTIONS
                for target, paths in targets.items()
            }
            figures = in_turns(contest, rounds)
    return [_rates(figures, requests, rounds), _latencies(taken)]


def _targets(desk: Desk) -> dict[str, list[str]]:
    incidents = [incident for incident, _ in desk.incidents]
    return {
        "claim": [f"/api/v1/incidents/{incident}/claims" for incident in incidents],
        "no-op": ["/bench/nothing"],
        "checked no-op": [f"/bench/{incident}/nothing" for incident in incidents],
    }


def key_of(ledger: Ledger, role: Role) -> str:
    """Open an account with a role, and return the secret of its key."""
    account, made = do(ledger, OpenAccount(name=role)).aggregate, make_key()
    do(ledger, GrantRole(account=account, role=role))
    ledger.execute_now(Request(IssueKey(account=account, key=made.id), ACTOR, secret=made.hash))
    return made.secret


@contextmanager
def serving(folder: Path, database: str | None = None) -> Iterator[int]:
    """Serve a record, in a folder or a database, in a process of its own; give the port once it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    env = {**os.environ, **({"ONRECORD_DATABASE": database} if database else {})}
    with subprocess.Popen([sys.executable, "-m", "bench.server", str(folder), str(port)], env=env) as server:
        try:
            _await_ready(port)
            yield port
        finally:
            server.terminate()


def _await_ready(port: int) -> None:
    until = time.monotonic() + WITHIN
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=WITHIN):
                return
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _round(
    port: int, connections: int, paths: list[str], name: str, requests: int, key: str, desk: Desk, taken: Latencies
) -> Callable[[], float]:
    """Return a round: a client process posts so many claims over so many connections, and each is answered 201."""
    chance, played = Random(SEED), count()

    def one_round() -> float:
        bodies = [body_of(chance, desk, n) for n in range(requests)]
        seen = ask(Job(port, connections, paths, bodies, key, f"{connections}-{next(played)}"))
        assert seen.failed == 0, f"{seen.failed} of {requests} requests were not answered with success"
        taken.setdefault(name, []).extend(seen.latencies)
        return requests / seen.seconds

    return one_round


def body_of(chance: Random, desk: Desk, n: int) -> str:
    """Return the body of the claim that is sent to the n-th path."""
    claim = desk.claim(n, sentence(chance))
    return claim.model_dump_json(exclude={"incident"}, exclude_defaults=True)


def ask(job: Job) -> Seen:
    """Run a job in a process of its own."""
    asked = orjson.dumps(asdict(job))
    done = subprocess.run([sys.executable, "-m", "bench.client"], input=asked, stdout=subprocess.PIPE, check=True)
    return Seen(**orjson.loads(done.stdout))


def _rates(figures: dict[str, list[float]], requests: int, rounds: int) -> Table:
    middle = medians(figures)
    rows = []
    for name in figures:
        connections = name.partition(", ")[2]
        idle = [f"no-op, {connections}", f"checked no-op, {connections}"]
        shares = [times(middle[name] / middle[one]) for one in idle]
        rows.append([name, rate(middle[name]), spread(figures[name]), *shares])
    notes = [
        f"{requests:,} requests a round, median of {rounds} rounds, in turns against one server process"
        " (uvicorn, uvloop, no access log), from a client process on the same machine.",
        "claim: POST /api/v1/incidents/{id}/claims with an API key and an Idempotency-Key, answered 201 after"
        " the commit (WAL, synchronous FULL), while the views follow in a process beside it.",
        "no-op: the same request to a route of the same application behind the same guards, which answers a constant"
        " and looks at neither key nor body. It lies outside /api/: nothing counts it, while a claim is counted.",
        "checked no-op: the same with the dependencies of the claim route, key, path and body model, but"
        " without the ledger.",
    ]
    columns = ("what", "requests/s", "rounds", "of no-op", "of checked no-op")
    return Table("POST over HTTP", columns, rows, notes)


def _latencies(taken: Latencies) -> Table:
    rows = [[name, *percentiles(seconds)] for name, seconds in taken.items()]
    return Table("POST over HTTP: from request to answer, ms", ("what", *PERCENTILE_COLUMNS), rows)
