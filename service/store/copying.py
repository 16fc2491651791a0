"""A record copied from one database into another, event by event, with all that is kept beside the log.

Law: every byte and every position is what it was. The target is marked as a copy under way by the first transaction
and no longer by the last, after all of it was compared; between the two nobody opens it. A copy that was stopped goes
on behind the last event that it saved. Snapshots are not copied: they are an aid, and made anew.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Protocol

MARK = "copying"
"""The name in `meta` under which a copy that is under way notes which record it is of."""
UNFINISHED = "a copy that was not finished: run the same `onrecord copy` again"
EVENTS, BYTES = 10_000, 8_000_000
"""A transaction has so many events at the most, and little more than so many bytes of them."""

Row = tuple[Any, ...]
Seen = Callable[[Row], None]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a record as both databases have it: its columns with their types, and the order of its rows.

    An id, a `uuid`, is read and written as 32 hexadecimal digits.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    order: tuple[str, ...]

    @property
    def names(self) -> str:
        """Return the names of the columns, quoted, between commas."""
        return ", ".join(f'"{name}"' for name, _ in self.columns)


LOG = Table(
    "stored_events",
    (
        ("position", "bigint"),
        ("originator_id", "uuid"),
        ("originator_version", "bigint"),
        ("topic", "text"),
        ("state", "bytea"),
        ("recorded_at", "text"),
    ),
    ("position",),
)
META = Table("meta", (("name", "text"), ("value", "text")), ("name",))
BESIDE = (
    Table(
        "tiles",
        (("level", "smallint"), ("index", "bigint"), ("hashes", "bytea"), ("root", "bytea")),
        ("level", "index"),
    ),
    Table("things", (("id", "text"),), ("id",)),
    Table("api_keys", (("key_id", "text"), ("account", "uuid"), ("hash", "bytea")), ("key_id",)),
    Table(
        "idempotency",
        (
            ("caller", "text"),
            ("key", "text"),
            ("fingerprint", "text"),
            ("receipt", "bytea"),
            ("recorded_at", "text"),
        ),
        ("caller", "key"),
    ),
)
"""What the next request needs beside the log: the tree above it, which ids are in use, the hashes of keys, the
answers to retries."""


class AnotherLog(Exception):
    """The target holds what is not the beginning of the source: nothing was written to it."""


class NotWhole(Exception):
    """The record is a copy that was not finished."""


class Busy(Exception):
    """Another copy has this database, or it is the one that is read from."""


class Damaged(Exception):
    """The source is not what a ledger writes."""


class Differs(Exception):
    """What was written is not what was read."""


class Source(Protocol):
    """A record to read, as of one moment, whoever writes to it meanwhile."""

    def last_position(self) -> int:
        """Return the last position, 0 for an empty log."""

    def event_at(self, position: int) -> Row | None:
        """Return the event at a position, None where the log does not hold it."""

    def events(self, after: int) -> Iterator[Row]:
        """Yield the events after a position, in log order, few of them in memory."""

    def rows(self, table: Table) -> Iterator[Row]:
        """Yield all rows of a table, in its order, few of them in memory."""


class Target(Protocol):
    """A record to write, and nobody else copies into it."""

    def source(self) -> AbstractContextManager[Source]:
        """Let what was committed be read, as of one moment."""

    def mark(self, value: str) -> None:
        """Note under `MARK` which record this is a copy of."""

    def append(self, after: int, events: list[Row]) -> None:
        """Save events in one transaction. Raise `AnotherLog` where the log does not end at this position."""

    def replace(self, tables: Iterable[tuple[Table, Iterator[Row]]]) -> None:
        """Let tables hold these rows and no others, in one transaction."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What came of a copy: where both logs end, how many events were new to the target, and the digest of all bytes."""

    position: int
    new: int
    digest: str


def begin(source: Source, target: Target) -> int:
    """Return the position up to which the target is a copy already. Raise `AnotherLog` where it is none."""
    if MARK in _marks(source):
        raise NotWhole(f"the record to copy from is {UNFINISHED}")
    with target.source() as written:
        position, last = written.last_position(), source.last_position()
        if position > last:
            ours = last > 0 and source.event_at(last) == written.event_at(last)
            raise AnotherLog(
                f"the target has gone on by itself: it ends at position {position}, the source at {last}"
                if ours
                else f"the target holds another record, of {position} events"
            )
        if position and written.event_at(position) != source.event_at(position):
            raise AnotherLog(f"the target holds another record: position {position} is not the same event")
    return position


def copy(source: Source, target: Target, after: int) -> Iterator[int]:
    """Copy what the target lacks, from the position that `begin` returned on, and yield each position that is saved.

    A crash leaves the target marked, and whole up to its last position: the next copy goes on there.
    """
    target.mark(_marks(source).get("ledger", "a record"))
    for events in _chunks(source.events(after)):
        _check_positions(after, events)
        target.append(after, events)
        after = events[-1][0]
        yield after
    target.replace((table, source.rows(table)) for table in BESIDE)


def finish(source: Source, target: Target, after: int, seen: Seen) -> Copied:
    """Compare all of both records and take the mark away; `seen` is given each event. Raise `Differs`."""
    with target.source() as written:
        digest = compare(source, written, seen)
        last = written.last_position()
    # Without the mark: from here on it is a record as any other.
    target.replace([(META, source.rows(META))])
    return Copied(last, last - after, digest)


def compare(one: Source, other: Source, seen: Seen) -> str:
    """Return the SHA-256 of all stored bytes of both records. Raise `Differs` at the first row that is not the same."""
    digest = hashlib.sha256()
    for ours, theirs in zip_longest(one.events(0), other.events(0)):
        if ours != theirs:
            raise Differs(f"position {(ours or theirs)[0]} is not the same in both records")
        digest.update(b"%d %d\n" % (ours[0], len(ours[4])))
        digest.update(ours[4])
        seen(ours)
    for table in BESIDE:
        for n, (ours, theirs) in enumerate(zip_longest(one.rows(table), other.rows(table)), start=1):
            if ours != theirs:
                raise Differs(f"row {n} of {table.name} is not the same in both records")
    return digest.hexdigest()


def _marks(source: Source) -> dict[str, str]:
    return dict(source.rows(META))


def _chunks(events: Iterator[Row]) -> Iterator[list[Row]]:
    """Yield events together that share a transaction."""
    chunk: list[Row] = []
    size = 0
    for event in events:
        chunk.append(event)
        size += len(event[4])
        if len(chunk) >= EVENTS or size >= BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _check_positions(after: int, events: list[Row]) -> None:
    for expected, event in enumerate(events, start=after + 1):
        if event[0] != expected:
            raise Damaged(f"position {expected} is missing in the record to copy from: run `onrecord doctor`")
