"""Two servers on one PostgreSQL beside one: claims posted and briefs read, over HTTP.

Law: as many clients with as many connections ask in either case, and both servers run all the time.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from bench.append.ours import server_ledger
from bench.client import Job
from bench.desk import SEED, Desk, desk_of
from bench.http import ask, body_of, key_of, serving
from bench.tables import PERCENTILE_COLUMNS, Table, in_turns, medians, percentiles, rate, spread, times
from tests import postgres

CLIENTS = 2
CONNECTIONS = (16, 64)
"""Of all clients together."""
SERVERS = {1: "1 server", 2: "2 servers"}
INCIDENTS = 8
CLAIMS, BRIEFS = "claims", "briefs"


class Contest:
    """What is asked of one server or of two."""

    def __init__(self, ports: list[int], desk: Desk, keys: dict[str, str], requests: int) -> None:
        self.taken: dict[str, list[float]] = {}
        self._ports, self._desk, self._keys, self._requests = ports, desk, keys, requests
        self._chance, self._played = Random(SEED), count()

    def rounds(self) -> dict[str, Callable[[], float]]:
        """Return the rounds by what is asked, over how many connections, and of how many servers."""
        made = {}
        for what in (CLAIMS, BRIEFS):
            for connections in CONNECTIONS:
                for servers in SERVERS:
                    name = f"{what}, {connections} connections, {SERVERS[servers]}"
                    made[name] = self._round(what, connections, servers, self.taken.setdefault(name, []))
        return made

    def _round(self, what: str, connections: int, servers: int, taken: list[float]) -> Callable[[], float]:
        def one_round() -> float:
            jobs = [self._job(what, self._ports[n % servers], connections // CLIENTS) for n in range(CLIENTS)]
            with ThreadPoolExecutor(CLIENTS) as pool:
                seen = list(pool.map(ask, jobs))
            assert not any(one.failed for one in seen), "each request is answered with success"
            for one in seen:
                taken.extend(one.latencies)
            return CLIENTS * self._requests / max(one.seconds for one in seen)

        return one_round

    def _job(self, what: str, port: int, connections: int) -> Job:
        paths = [f"/api/v1/incidents/{incident}" for incident, _ in self._desk.incidents]
        if what == BRIEFS:
            return Job(port, connections, paths, [""] * self._requests, self._keys[BRIEFS], "", "GET")
        bodies = [body_of(self._chance, self._desk, n) for n in range(self._requests)]
        claims = [f"{path}/claims" for path in paths]
        return Job(port, connections, claims, bodies, self._keys[CLAIMS], f"{next(self._played)}")


def run(folder: Path, quick: bool) -> list[Table]:
    """Measure one server and two, and return the tables."""
    rounds, requests = (2, 32) if quick else (5, 1_000)
    with ExitStack() as open_:
        place = Path(open_.enter_context(TemporaryDirectory(dir=folder)))
        address = open_.enter_context(open_.enter_context(postgres.server()).database())
        with server_ledger(address, place / "desk") as ledger:
            desk = desk_of(ledger, INCIDENTS)
            keys = {CLAIMS: key_of(ledger, "reporter"), BRIEFS: key_of(ledger, "auditor")}
        ports = [open_.enter_context(serving(place / str(n), address)) for n in range(2)]
        contest = Contest(ports, desk, keys, requests)
        figures = in_turns(contest.rounds(), rounds)
    return [_rates(figures, requests, rounds), _latencies(contest.taken)]


def _rates(figures: dict[str, list[float]], requests: int, rounds: int) -> Table:
    middle = medians(figures)
    rows = []
    for name, figure in middle.items():
        alone = middle[f"{name.rpartition(', ')[0]}, {SERVERS[1]}"]
        rows.append([name, rate(figure), spread(figures[name]), times(figure / alone)])
    notes = [
        f"{CLIENTS} client processes, {requests:,} requests a round each; median of {rounds} rounds, in turns. Servers,"
        " their followers, clients and PostgreSQL share the machine.",
        "claims: POST with an API key and an Idempotency-Key, answered 201 after the commit, while one of the followers"
        " keeps the views. briefs: GET of an incident.",
    ]
    columns = ("what", "requests/s", "rounds", "of one server")
    return Table("Two servers on one PostgreSQL", columns, rows, notes)


def _latencies(taken: dict[str, list[float]]) -> Table:
    rows = [[name, *percentiles(seconds)] for name, seconds in taken.items()]
    return Table("Two servers on one PostgreSQL: from request to answer, ms", ("what", *PERCENTILE_COLUMNS), rows)
