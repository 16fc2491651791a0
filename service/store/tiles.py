"""The tree's tiles beside the log: made from its events, and kept when they are full.

Law: a tile is written in the transaction of the event that fills it, by whoever writes that event; the leaves behind
the last full tile are the events themselves. A tile that is missing is made from what is below it, now and at the next
write: a log that was begun without a tree has one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from proofs.tiles import WIDTH, Place, completed_by, hashes_of, joined
from proofs.tree import leaf_hash


@dataclass(frozen=True, slots=True)
class Tile:
    """A full tile, and the hash above it."""

    level: int
    index: int
    hashes: bytes
    root: bytes


class Kept(Protocol):
    """What the log and its tiles tell."""

    def tile(self, level: int, index: int) -> bytes | None:
        """Return the hashes of a full tile, None where it is not kept."""

    def tile_roots(self, level: int, start: int, end: int) -> list[bytes]:
        """Return the hashes above full tiles that are kept, from one index to before another."""

    def tiles_kept(self) -> int:
        """Return how many full tiles of leaves are kept: all up to the last one."""

    def leaf_hashes(self, after: int, until: int) -> list[bytes]:
        """Return the hashes of the events behind a position, up to another."""


def filled_by(entries: Sequence[bytes], end: int, kept: Kept) -> list[Tile]:
    """Return the tiles that are full with these entries, which are to be stored behind the position `end`."""
    if (end + len(entries)) // WIDTH == end // WIDTH:
        return []
    made = Made(entries, end, kept)
    return [made.filled(place) for place in completed_by(kept.tiles_kept() * WIDTH, end + len(entries))]


class Made:
    """Tiles in the making: of entries that are not stored yet, and of what is."""

    def __init__(self, entries: Sequence[bytes], end: int, kept: Kept) -> None:
        self._entries, self._end, self._kept = entries, end, kept
        self._roots: dict[tuple[int, int], bytes] = {}

    def filled(self, place: Place) -> Tile:
        """Return a tile that is full; those below it were asked for before, where they are not kept."""
        hashes = self._leaves(place.index) if place.level == 0 else self._above(place)
        root = self._roots[place.level, place.index] = joined(hashes)
        return Tile(place.level, place.index, b"".join(hashes), root)

    def _leaves(self, index: int) -> list[bytes]:
        start, until = index * WIDTH, (index + 1) * WIDTH
        stored = self._kept.leaf_hashes(start, min(until, self._end)) if start < self._end else []
        fresh = self._entries[max(start - self._end, 0) : max(until - self._end, 0)]
        return stored + [leaf_hash(one) for one in fresh]

    def _above(self, place: Place) -> list[bytes]:
        below, start = place.level - 1, place.index * WIDTH
        made = [self._roots[below, n] for n in range(start, start + WIDTH) if (below, n) in self._roots]
        found = self._kept.tile_roots(below, start, start + WIDTH - len(made)) + made
        return found if len(found) == WIDTH else [self._root(below, n) for n in range(start, start + WIDTH)]

    def _root(self, level: int, index: int) -> bytes:
        """Return the hash above a tile, which is made anew where it is missing."""
        if (level, index) not in self._roots:
            (kept,) = self._kept.tile_roots(level, index, index + 1) or (None,)
            if kept is not None:
                return kept
            self.filled(Place(level, index))
        return self._roots[level, index]


class StoredHashes:
    """The hashes of a log: tiles that are kept, and those that are made from what is below them."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def tile(self, place: Place) -> bytes:
        """Return a tile's hashes, one behind the other. Raise KeyError where the log has not got so far."""
        if place.width == WIDTH and (found := self._kept.tile(place.level, place.index)) is not None:
            return found
        hashes = self._made(place.level, place.index * WIDTH, place.width)
        if len(hashes) != place.width:
            raise KeyError(place)
        return b"".join(hashes)

    def _made(self, level: int, start: int, width: int) -> list[bytes]:
        if level == 0:
            return self._kept.leaf_hashes(start, start + width)
        roots = self._kept.tile_roots(level - 1, start, start + width)
        if len(roots) == width:
            return roots
        return [joined(hashes_of(self.tile(Place(level - 1, n)))) for n in range(start, start + width)]
