"""What was found after a failure: the log beside what clients were told and readers have read.

Law: the log is read anew, from the database; nothing that was seen before is taken for it.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.cluster.harms import HARMS, Harm
from bench.cluster.readers import Line, Read, Reader, line_of
from bench.cluster.writers import WRITERS, Told
from bench.loss import Lost, Reading
from bench.tables import Table
from domain.events import Recorded
from domain.incident_events import ClaimMade
from projections.shapes import text_of

WITHIN = 60.0
"""Seconds in which readers have read all."""
ACTIONABLE = {"503", "429", "no answer", "no answer in time"}
"""What a client can act on: it asks again."""
COLUMNS = (
    "what happened",
    "acknowledged",
    "lost",
    "doubled",
    "readers equal to the log",
    "another leader",
    "longest time without a write, s",
    "longest answer, s",
    "asked again",
)

NOTES = (
    f"{WRITERS} clients write over HTTP to two serve processes, each claim with a key, and ask again by it until it is"
    " acknowledged; two readers follow the log, and one the change log of each serve.",
    "longest time without a write: from the failure on, until all was whole again, nobody had a claim acknowledged for"
    " so long.",
    "longest answer: so long took the slowest request, until it was answered 201 or 503.",
)


@dataclass
class Found:
    """What one failure left."""

    acknowledged: int
    asked_again: int
    longest: float
    others: dict[str, int]
    given_up: int
    lost: int = 0
    doubled: int = 0
    gaps: str = ""
    readers: dict[str, str] = field(default_factory=dict)
    harm: Harm = HARMS[0]
    is_another_leader: bool = False
    stood_still: float = 0.0
    healed: float = 0.0
    works: bool = False

    @property
    def is_well(self) -> bool:
        """Tell whether nothing was lost, and nobody was told what nobody could act on."""
        return not (
            self.lost or self.doubled or self.gaps or self.given_up or self.unfit or any(self.readers.values())
        ) and (self.works or self.harm.stops_writes)

    @property
    def unfit(self) -> dict[str, int]:
        """Return the answers that a client could not act on."""
        return {what: count for what, count in self.others.items() if what not in ACTIONABLE}

    def row(self) -> list[str]:
        """Return it as a row of the table."""
        equal = sum(not wrong for wrong in self.readers.values())
        return [
            self.harm.title,
            f"{self.acknowledged:,}",
            f"{self.lost:,}",
            f"{self.doubled:,}",
            f"{equal} of {len(self.readers)}",
            "yes" if self.is_another_leader else "no",
            f"{self.stood_still:.1f}",
            f"{self.longest:.1f}",
            f"{self.asked_again:,}",
        ]

    def line(self) -> str:
        """Return all of it, in a line."""
        wrong = {name: why for name, why in self.readers.items() if why}
        told = f"answers beside receipts: {self.others}; healed after {self.healed:.0f} s"
        faults = f"; positions: {self.gaps}" if self.gaps else ""
        faults += f"; readers: {wrong}" if wrong else ""
        faults += f"; given up: {self.given_up}" if self.given_up else ""
        return f"{' | '.join(self.row())} | {told}{faults}{'' if self.is_well else ' | NOT WELL'}"


@dataclass
class Log:
    """The log after a position: what readers of it, and of its change log, have read, and where each claim stands."""

    whole: Reading
    shown: Reading
    places: dict[str, list[int]] = field(default_factory=dict)
    gaps: str = ""

    @classmethod
    def read(cls, read: Read, after: int) -> "Log":
        """Read all of it."""
        log = cls(Reading(after), Reading(after))
        try:
            while log.whole.poll(read):
                pass
            while log.shown.poll(lambda after, limit: [log._shown(*line) for line in read(after, limit)]):
                pass
        except Lost as problem:
            log.gaps = str(problem)
        return log

    def _shown(self, position: int, name: str, data: bytes) -> Line:
        """Return a line as the change log shows it, and note the claim that it makes."""
        recorded = Recorded.from_bytes(data, position)
        if isinstance(recorded.event, ClaimMade):
            self.places.setdefault(recorded.event.wording.text.partition(" ")[0], []).append(position)
        return line_of(position, name, str(recorded.aggregate), recorded.version, text_of(recorded.recorded_at))


def compared(read: Read, first: int, told: Told, readers: Sequence[Reader]) -> Found:
    """Compare what was told and read with the log after a position."""
    found = Found(len(told.acknowledged), told.repeated(), told.longest, told.others, len(told.given_up))
    log = Log.read(read, first)
    found.gaps = log.gaps
    found.lost = sum(one.position not in log.places.get(one.key, ()) for one in told.acknowledged)
    found.doubled = sum(len(places) - 1 for places in log.places.values())
    found.readers = {reader.name: _wrong(reader, log) for reader in readers}
    return found


def _wrong(reader: Reader, log: Log) -> str:
    """Return what is wrong with a reader, once it had its time; nothing where it has read the log."""
    until = time.monotonic() + WITHIN
    position = log.whole.position
    while reader.reading.position < position and reader.lost is None and time.monotonic() < until:
        time.sleep(0.1)
    if reader.lost is not None:
        return str(reader.lost)
    if reader.reading.position != position:
        return f"is at position {reader.reading.position} of {position}"
    same = reader.reading.digest() in {log.whole.digest(), log.shown.digest()}
    return "" if same else "has read what the log does not hold"


def table(found: Sequence[Found], left_out: Sequence[Harm], setting: Sequence[str]) -> Table:
    """Return the table of all that was found."""
    notes = [*setting, *NOTES]
    if left_out:
        titles = "; ".join(harm.title for harm in left_out)
        notes.append(f"left out, since it needs namespaces: {titles}")
    return Table("Failures", COLUMNS, [one.row() for one in found], notes)
