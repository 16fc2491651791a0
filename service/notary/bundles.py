"""Bundles of a log: what an auditor takes away, to check it with nothing of ours at hand.

Law: what is written is of one size of the log, that of a checkpoint, however far it grows meanwhile.
"""

import heapq
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from domain.events import Recorded, mark_of
from domain.source_events import SourceRegistered
from proofs.bundle import End, Entry, Holds
from proofs.bundling import lines_of
from proofs.note import Note, signed
from proofs.tiles import Tree
from service.notary.keys import LogKeys
from service.notary.notary import Signed
from service.store.recorder import Recorder
from service.store.tiles import StoredHashes

PAGE = 1_000
_ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be in a bundle: all of some aggregates, or the events from one position to another."""

    aggregates: tuple[UUID, ...] = ()
    first: int = 1
    last: int | None = None
    cuts: tuple[int, ...] = ()
    """Sizes whose roots are to be shown too: of checkpoints that the auditor has."""


def bundle_of(recorder: Recorder, keys: LogKeys, checkpoint: Signed, wanted: Wanted) -> Iterator[bytes]:
    """Yield the lines of a bundle, as the log was at a checkpoint."""
    size = checkpoint.checkpoint.size
    tree = Tree(StoredHashes(recorder), size)
    last = size if wanted.last is None else min(wanted.last, size)
    holds = Holds(checkpoint.checkpoint.origin, size, wanted.first, last, tuple(map(str, wanted.aggregates)))
    rows = (
        _of_aggregates(recorder, wanted.aggregates, size) if wanted.aggregates else _rows(recorder, wanted.first, last)
    )
    # The hash is the one that was kept when the event was recorded: bytes that were altered since then do not have it.
    entries = (Entry(position, tree.subtree(0, position - 1), data) for position, data in rows)
    ends = [_end(recorder, keys, checkpoint, aggregate) for aggregate in wanted.aggregates]
    return lines_of(holds, entries, tree, wanted.cuts, [checkpoint.note, *ends])


def sources_of(recorder: Recorder, aggregate: UUID, size: int) -> tuple[UUID, ...]:
    """Return the sources that the events of an aggregate name, in the order in which they are named first."""
    named = (
        UUID(found.decode()) for _, data in _of_aggregate(recorder, aggregate, size) for found in _ID.findall(data)
    )
    return tuple(one for one in dict.fromkeys(named) if one != aggregate and _is_source(recorder, one))


def texts_of(recorder: Recorder, aggregates: Iterable[UUID], size: int) -> Iterator[str]:
    """Yield the events of aggregates as texts."""
    return (data.decode() for one in aggregates for _, data in _of_aggregate(recorder, one, size))


def _is_source(recorder: Recorder, aggregate: UUID) -> bool:
    rows = recorder.aggregate_rows(aggregate, 0, 1)
    return bool(rows) and isinstance(Recorded.from_bytes(rows[0][1], rows[0][0]).event, SourceRegistered)


def _rows(recorder: Recorder, first: int, last: int) -> Iterator[tuple[int, bytes]]:
    after = first - 1
    while after < last and (rows := recorder.rows(after, min(PAGE, last - after))):
        for position, _, data in rows:
            yield position, data
        after = rows[-1][0]


def _of_aggregates(recorder: Recorder, aggregates: Iterable[UUID], size: int) -> Iterator[tuple[int, bytes]]:
    return heapq.merge(*(_of_aggregate(recorder, one, size) for one in aggregates))


def _of_aggregate(recorder: Recorder, aggregate: UUID, size: int) -> Iterator[tuple[int, bytes]]:
    after = 0
    while rows := recorder.aggregate_rows(aggregate, after, PAGE):
        for position, data in rows:
            if position > size:
                return
            yield position, data
        after += len(rows)


def _end(recorder: Recorder, keys: LogKeys, checkpoint: Signed, aggregate: UUID) -> Note:
    """Return what the log says of an aggregate at a checkpoint: this many events, and this is the last one."""
    said = checkpoint.checkpoint
    events = [mark_of(data) for _, data in _of_aggregate(recorder, aggregate, said.size)]
    root = b64encode(said.root).decode()
    return signed(End(said.origin, said.size, root, str(aggregate), len(events), events[-1]).text, [keys.signer])
