"""Many processes write to one log on PostgreSQL while others follow it: is any position missed, doubled, out of order?

Law: a reader polls as the views do, from where it is, and believes nothing: what it has read is compared with the log.
Whatever is not as it should be ends the run with `Lost`.
"""

import hashlib
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event

from bench.desk import SEED, Desk, asked, desk_of, sentence
from bench.tables import Table, rate
from service.ledger import Ledger, Receipt
from service.settings import Settings
from tests import postgres

WRITERS, READERS = 8, 3
INCIDENTS = 4
"""Fewer than writers: they write to the same ones."""
TOGETHER = 8
"""Claims that a writer gives at once."""
PAGE = 500
PAUSE = 0.005
"""Seconds that a reader waits where there is nothing new."""

Read = Callable[[int, int], Iterable[tuple[int, str, bytes]]]
Told = tuple[str, int]
"""The key of a claim, and the position that its receipt told."""
Seen = tuple[int, int, str]
"""How far a reader came, in how many polls that found something, and the digest of what it read."""


class Lost(Exception):
    """The log, or what was read of it, is not what it should be."""


@dataclass
class Reading:
    """What a reader has seen: how far it is, a digest of all of it, and how often it found something new."""

    position: int = 0
    polls: int = 0
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def poll(self, read: Read) -> bool:
        """Read what is new, and tell whether anything was. Raise `Lost` where it does not follow."""
        before = self.position
        for position, name, data in read(self.position, PAGE):
            if position != self.position + 1:
                raise Lost(f"position {position} came after {self.position}")
            self.position = position
            self._digest.update(b"%d %s %s\n" % (position, name.encode(), data))
        self.polls += self.position > before
        return self.position > before

    def digest(self) -> str:
        """Return a digest of all that was read."""
        return self._digest.hexdigest()


def run(folder: Path, quick: bool) -> list[Table]:
    """Write and follow, and return what was done. A server of its own is started for it."""
    with postgres.server() as server, server.database() as database, TemporaryDirectory(dir=folder) as temporary:
        return [follow(database, Path(temporary), 10 if quick else 60)]


def follow(database: str, folder: Path, seconds: int) -> Table:
    """Let writers write for some seconds while readers follow, and compare what each has seen. Raise `Lost`."""
    with _open(database, folder) as ledger:
        incidents = desk_of(ledger, INCIDENTS).incidents
        source = ledger.read(0, 1)[0].aggregate
        # A server that forks loads everything once for all eleven.
        context = get_context("forkserver")
        context.set_forkserver_preload(["bench.loss"])
        with context.Manager() as manager, ProcessPoolExecutor(WRITERS + READERS, context) as pool:
            over = manager.Event()
            readers = [pool.submit(_read, database, folder, over) for _ in range(READERS)]
            given = (database, folder, (source, incidents), seconds)
            writers = [pool.submit(_write, *given, number) for number in range(WRITERS)]
            acknowledged = [one for writer in writers for one in _result(writer, readers)]
            over.set()
            seen = [reader.result() for reader in readers]
        return _compared(ledger, acknowledged, seen, seconds)


def _result(writer: "Future[list[Told]]", readers: "list[Future[tuple[int, int, str]]]") -> list[Told]:
    for reader in readers:
        if reader.done():
            reader.result()  # only a failure ends one before the writers
    return writer.result()


def _open(database: str, folder: Path, *, read_only: bool = False) -> Ledger:
    return Ledger.open(Settings.read(data=folder, database=database, log_level="error"), read_only=read_only)


def _write(database: str, folder: Path, made_of: tuple, seconds: int, number: int) -> list[Told]:  # type: ignore[type-arg]
    """Make claims for some seconds; return the key and the position of each that was acknowledged."""
    source, incidents = made_of
    chance, acknowledged, until = Random(SEED + number), [], time.monotonic() + seconds
    with _open(database, folder) as ledger:
        desk, count = Desk(ledger, source, incidents), 0
        while time.monotonic() < until:
            keys = [f"{number}-{count + n}" for n in range(TOGETHER)]
            count += TOGETHER
            claims = [asked(desk.claim(chance.randrange(INCIDENTS), f"{key} {sentence(chance)}"), key) for key in keys]
            for key, outcome in zip(keys, ledger.execute_many(claims), strict=True):
                if not isinstance(outcome, Receipt):
                    raise Lost(f"a claim was not recorded: {outcome!r}")
                acknowledged.append((key, outcome.position))
    return acknowledged


def _read(database: str, folder: Path, over: Event) -> Seen:
    """Follow the log until it is over; return how far, in how many polls that found something, and the digest."""
    reading = Reading()
    with _open(database, folder, read_only=True) as ledger:
        while True:
            last = over.is_set()  # before the poll: what was committed until then is in it
            if not reading.poll(ledger.read_raw):
                if last:
                    return reading.position, reading.polls, reading.digest()
                time.sleep(PAUSE)


def _compared(ledger: Ledger, acknowledged: list[Told], seen: list[Seen], seconds: int) -> Table:
    whole = Reading()
    while whole.poll(ledger.read_raw):
        pass
    check(whole, acknowledged, seen, [one.event.wording.text for one in _claims(ledger)])
    writes = len(acknowledged)
    rows = [
        ["positions in the log", f"{whole.position:,}"],
        ["claims acknowledged", f"{writes:,}"],
        ["claims acknowledged, a second", rate(writes / seconds)],
        *(["polls of a reader that found something", f"{polls:,}"] for _, polls, _ in seen),
        ["positions missed, doubled or out of order", "0"],
    ]
    notes = [
        f"{WRITERS} processes write for {seconds} s on {INCIDENTS} incidents, {TOGETHER} claims at once each;"
        f" {READERS} processes follow the log, in pages of {PAGE}.",
        "Each reader's bytes are those of the log; each acknowledged claim stands once, where its receipt said.",
    ]
    return Table("Loss, on PostgreSQL", ("what", "how many"), rows, notes)


def _claims(ledger: Ledger) -> Iterable:  # type: ignore[type-arg]
    after = 0
    while page := ledger.read(after, PAGE):
        yield from (one for one in page if one.event.NAME == "claim.made.v1")
        after = page[-1].position


def check(whole: Reading, acknowledged: list[Told], seen: list[Seen], texts: list[str]) -> None:
    """Raise `Lost` unless all readers have seen the whole log, and each acknowledged claim is in it, once."""
    for position, _, digest in seen:
        if (position, digest) != (whole.position, whole.digest()):
            raise Lost(f"a reader that came to position {position} has not read the log of {whole.position} events")
    first = whole.position - len(texts)  # what was made before the claims stands before them
    stands = {text.partition(" ")[0]: first + n for n, text in enumerate(texts, start=1)}
    if len(stands) != len(texts):
        raise Lost(f"{len(texts) - len(stands)} claims are recorded twice")
    if wrong := [key for key, position in acknowledged if stands.get(key) != position]:
        raise Lost(f"{len(wrong)} acknowledged claims are not where they were said to be, {wrong[0]} is the first")
