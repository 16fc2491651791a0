"""The tree: what it costs an append, how quickly a bundle is verified, and what a proof takes among 10^6 events."""

import statistics
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from pydantic import SecretStr

from bench.append.ours import Ours, empty_log, server_ledger
from bench.append.rounds import Contestants, ready_events
from bench.callers import Claim, Client, Seen
from bench.desk import SEED, Desk, desk_of, open_ledger
from bench.tables import PERCENTILE_COLUMNS, Table, in_turns, medians, percentiles, rate, spread, times
from proofs.bundle import Bundle
from proofs.tiles import Tree
from proofs.tree import Edge, consistency_proof, inclusion_proof, leaf_hash
from proofs.verifying import verify
from service.ledger.places import FILE
from service.notary import notary_of
from service.notary.bundles import Wanted, bundle_of
from service.settings import Settings
from service.store.log import RecordLog, rfc3339
from service.store.postgres import recorder as on_postgres
from service.store.recorder import Server
from service.store.sqlite import recorder as on_sqlite
from service.store.tiles import StoredHashes, filled_by
from tests import postgres

INCIDENTS, CALLERS, COMMIT = 8, 64, 64


def run(folder: Path, quick: bool) -> list[Table]:
    """Measure the tree, and return its tables."""
    rounds, events, verified, large = (2, 64, 200, 1_000) if quick else (7, 4_000, 100_000, 1_000_000)
    with TemporaryDirectory(dir=folder) as temporary:
        place = Path(temporary)
        return [_append(place, events, rounds), _verify(place, verified, rounds), _prove(place, large, quick)]


# Appending, with the tree and without.


class Without:
    """A client whose appends keep no tiles."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def append(self, callers: int, claims: Sequence[Claim]) -> Seen:
        """Append claims, by so many callers at once."""
        with _no_tiles():
            return self._client.append(callers, claims)


@contextmanager
def _no_tiles() -> Iterator[None]:
    """Let nothing that is appended keep tiles, until the end of the block."""
    modules: tuple[Any, ...] = (on_sqlite, on_postgres)
    for module in modules:
        module.filled_by = lambda *_: []
    try:
        yield
    finally:
        for module in modules:
            module.filled_by = filled_by


def _append(place: Path, events: int, rounds: int) -> Table:
    contest, rows = Contestants(events), []
    with ExitStack() as open_:
        server = open_.enter_context(postgres.server(max_connections=100))
        for database in ("SQLite", "PostgreSQL"):
            for name, wrap in (("with", lambda client: client), ("without", Without)):
                folder = place / f"{database}-{name}"
                desk, client, log = _opened(server if database == "PostgreSQL" else None, folder, open_)
                contest.add(f"{database}, {CALLERS} callers, {name}", wrap(client), CALLERS)
                save = ready_events(log, desk, contest.claims(1)[0])
                alone = save if name == "with" else partial(_bare, save)
                contest.add_alone(f"{database}, the log alone, {name}", alone, COMMIT)
        figures = in_turns(contest.rounds, rounds)
    middle = medians(figures)
    for name, figure in middle.items():
        without = middle[name.removesuffix("with").removesuffix("without").rstrip() + " without"]
        rows.append([name, rate(figure), spread(figures[name]), times(figure / without)])
    notes = [
        f"{events:,} events a round, median of {rounds} rounds, in turns. Callers: MakeClaim by the rules, with keys."
        f" The log alone: {COMMIT} ready events a commit, without queue and rules."
    ]
    return Table("Append with the tree and without", ("who", "events/s", "rounds", "of without"), rows, notes)


def _bare(save: Callable[[int], object], size: int) -> object:
    with _no_tiles():
        return save(size)


def _opened(server: postgres.Server | None, folder: Path, open_: ExitStack) -> tuple[Desk, Client, RecordLog]:
    """Return a desk, a client of it, and an empty log beside it."""
    if server is None:
        desk = desk_of(open_.enter_context(open_ledger(folder)), INCIDENTS)
        empty_log(folder / "log")
        log = RecordLog(folder / "log" / FILE)
        open_.callback(log.close)
        return desk, Ours(desk), log
    address = open_.enter_context(server.database())
    desk = desk_of(open_.enter_context(server_ledger(address, folder)), INCIDENTS)
    alone = Server(SecretStr(open_.enter_context(server.database())))
    on_postgres.prepare(alone, [])
    log = RecordLog(alone)
    open_.callback(log.close)
    return desk, Ours(desk), log


# Verifying.


def _verify(place: Path, events: int, rounds: int) -> Table:
    settings = Settings.read(data=place / "verified", origin="bench.example/log", log_level="error")
    with open_ledger(settings.data) as ledger:
        desk = desk_of(ledger, INCIDENTS)
        Ours(desk).append(CALLERS, Contestants(events).claims(events))
        notary = notary_of(settings, ledger, making=True)
        signed = notary.sign()
        assert signed is not None
        data = b"".join(bundle_of(ledger.recorder, notary.keys, signed, Wanted()))
        size = ledger.head()
    key = notary.keys.signer.key
    figures = in_turns({"hash only": lambda: size / _hashed(data), "all": lambda: size / _verified(data, key)}, rounds)
    rows = [[name, rate(figure), spread(figures[name])] for name, figure in medians(figures).items()]
    notes = [
        f"A bundle of all of a log of {size:,} events, {len(data) / size:.0f} bytes each, on one core, in memory."
        " Hash only: lines, leaves and root. All: `onrecord verify`, which reads chains and times from the bytes too."
    ]
    return Table("Verifying a bundle", ("what", "events/s", "rounds"), rows, notes)


def _hashed(data: bytes) -> float:
    begun, edge = time.perf_counter(), Edge()
    for entry in Bundle(BytesIO(data)).entries():
        edge.append(leaf_hash(entry.data))  # type: ignore[union-attr]  # nothing is left out of it
    edge.root()
    return time.perf_counter() - begun


def _verified(data: bytes, key: Any) -> float:
    begun = time.perf_counter()
    verify(Bundle(BytesIO(data)), [key])
    return time.perf_counter() - begun


# Proving.


def _prove(place: Path, events: int, quick: bool) -> Table:
    empty_log(place / "large")
    log, chance = RecordLog(place / "large" / FILE), Random(SEED)
    now = rfc3339(datetime.now(UTC))
    for first in range(0, events, 10_000):
        batch = [
            StoredEvent(UUID(int=n + 1), 1, "claim.made.v1", b'{"n":%d,"of":"%s"}' % (n, b"x" * 600))
            for n in range(first, min(first + 10_000, events))
        ]
        log.append(batch, [now] * len(batch))
    hashes, asked = StoredHashes(log.log_recorder), 50 if quick else 1_000
    proofs: list[list[bytes]] = []

    def one(make: Callable[[int, int, Any], list[bytes]]) -> float:
        begun = time.perf_counter()
        tree = Tree(hashes, events)  # with no tile at hand
        proofs.append(make(chance.randrange(1, events), events, tree.subtree))
        return time.perf_counter() - begun

    kinds = {"inclusion of one event": inclusion_proof, "consistency with an earlier size": consistency_proof}
    rows = []
    for name, make in kinds.items():
        proofs.clear()
        taken = [one(make) for _ in range(asked)]
        size = statistics.median(sum(len(b64encode(hash_)) + 1 for hash_ in proof) for proof in proofs)
        rows.append([name, *percentiles(taken), f"{statistics.median(map(len, proofs)):.0f}", f"{size:.0f}"])
    log.close()
    notes = [
        f"A log of {events:,} events on SQLite, {asked} proofs of each kind at random, each from stored tiles alone."
    ]
    return Table("A proof, ms", ("what", *PERCENTILE_COLUMNS, "hashes", "bytes in base64"), rows, notes)
