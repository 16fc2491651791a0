"""The rounds of a contest of appending, and its tables."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from random import Random
from uuid import uuid4

from eventsourcing.persistence import StoredEvent

from bench.callers import Claim, Client
from bench.desk import SEED, Desk, asked, sentence
from bench.tables import PERCENTILE_COLUMNS, Table, medians, percentiles, rate, spread, times
from service.store.log import RecordLog, rfc3339

CALLERS = (1, 8, 64)
"""Callers at once; of the logs alone, events that share a commit."""
TEXTS = 500
Latencies = dict[str, list[float]]
Round = Callable[[], float]


class Contestants:
    """The contestants of one table by name, each with its round, and the seconds that each of its appends took."""

    def __init__(self, events: int) -> None:
        self.rounds: dict[str, Round] = {}
        self.latencies: Latencies = {}
        self._events, self._numbers, chance = events, count(), Random(SEED)
        self._texts = [sentence(chance) for _ in range(TEXTS)]

    def claims(self, many: int) -> list[Claim]:
        """Return the next claims: their numbers go on for ever, their wordings come again."""
        return [(n, self._texts[n % TEXTS]) for n in (next(self._numbers) for _ in range(many))]

    def add(self, name: str, client: Client, callers: int, *, processes: int = 1) -> None:
        """Let a client take part, with so many callers in each process. Its first round is not counted."""
        together = callers * processes
        share = max(1, self._events // together)
        taken = self.latencies.setdefault(name, [])
        client.append(callers, self.claims(2 * together))

        def one_round() -> float:
            seen = client.append(callers, self.claims(share * together))
            taken.extend(seen.latencies)
            return share * together / seen.seconds

        self.rounds[name] = one_round

    def add_alone(self, name: str, store: Callable[[int], object], size: int) -> None:
        """Let what stores so many events in one commit take part, for what it costs without queue and rules."""
        commits = max(1, self._events // size)

        def one_round() -> float:
            begun = time.perf_counter()
            for _ in range(commits):
                store(size)
            return commits * size / (time.perf_counter() - begun)

        self.rounds[name] = one_round


def ready_events(store: RecordLog, desk: Desk, claim: Claim) -> Callable[[int], object]:
    """Return what stores so many events, decided before, in our log alone."""
    made = desk.ledger.execute_now(asked(desk.claim(*claim), f"key-{claim[0]}"))
    data = desk.ledger.read_raw(made.position - 1, 1)[0][2]
    now = rfc3339(datetime.now(UTC))

    def save(size: int) -> None:
        store.append([StoredEvent(uuid4(), 1, "claim.made.v1", data) for _ in range(size)], [now] * size)

    return save


def rates(title: str, figures: dict[str, list[float]], notes: list[str]) -> Table:
    """Return the table of what each has reached, beside ours with as many callers and the library at its best."""
    middle = medians(figures)
    best = max(figure for name, figure in middle.items() if name.startswith("eventsourcing"))
    rows = []
    for name, figure in middle.items():
        ours = middle.get(f"ours, {name.partition(', ')[2]}")
        rows.append(
            [name, rate(figure), spread(figures[name]), times(figure / best), times(ours / figure) if ours else ""]
        )
    columns = ("who", "events/s", "rounds", "of the best Application.save", "ours, as many callers, to it")
    return Table(title, columns, rows, notes)


def latencies(title: str, taken: Latencies) -> Table:
    """Return the table of how long each append took."""
    rows = [[name, *percentiles(seconds)] for name, seconds in taken.items()]
    return Table(f"{title}: from command to receipt, ms", ("who", *PERCENTILE_COLUMNS), rows)
