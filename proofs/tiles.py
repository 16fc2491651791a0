"""Tiles: 256 hashes of one height side by side, as logs keep and serve them (c2sp.org/tlog-tiles).

Law: a full tile never changes. Levels count from 0, where the hashes are those of leaves; each hash of a level above is
the root of a full tile below. A tile's width is the number of its hashes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from re import compile as pattern
from typing import Protocol

from proofs import tree

HEIGHT = 8
WIDTH = 1 << HEIGHT
HASH = 32
LEVEL = pattern("[0-9]|[1-5][0-9]|6[0-3]")
INDEX = pattern("(?:x[0-9]{3}/){0,6}[0-9]{3}")
PARTIAL = pattern("[1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tile stands in the tree of a log, and how wide it is."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Return the path under which it is served, without the log's own: `tile/0/x001/x234/067.p/8`."""
        return f"tile/{self.level}/{index_path(self.index)}" + (f".p/{self.width}" if self.width < WIDTH else "")

    @property
    def end(self) -> int:
        """Return the number of leaves of the smallest tree that has it."""
        return (self.index * WIDTH + self.width) << HEIGHT * self.level


def index_path(index: int) -> str:
    """Return a tile's index in groups of three digits, all but the last with an x before them."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    return "/".join(reversed(groups))


def place_of(level: str, rest: str) -> Place | None:
    """Read level and index as a path holds them, with the width of a partial tile; None where they are none."""
    index, partial, width = rest.partition(".p/")
    if not LEVEL.fullmatch(level) or not INDEX.fullmatch(index) or (partial and not PARTIAL.fullmatch(width)):
        return None
    found = Place(int(level), int(index.replace("/", "").replace("x", "")), int(width) if partial else WIDTH)
    return found if index_path(found.index) == index else None


def completed_by(before: int, after: int) -> Iterator[Place]:
    """Yield the tiles that are full in a tree of one size and were not in one of another: lower levels first."""
    level = 0
    while after := after >> HEIGHT:
        before >>= HEIGHT
        for index in range(before, after):
            yield Place(level, index)
        level += 1


class Hashes(Protocol):
    """Who keeps the hashes of a log."""

    def tile(self, place: Place) -> bytes:
        """Return a tile's hashes, one behind the other. Raise KeyError where the log has not got so far."""


class Tree:
    """The tree of a log, read from its tiles: what roots and proofs are made of."""

    def __init__(self, hashes: Hashes, size: int) -> None:
        """Read the tree of a size: no tile is asked for that a larger one is needed for."""
        self._hashes, self.size = hashes, size
        self._tile = lru_cache(64)(self._read)

    def subtree(self, height: int, index: int) -> bytes:
        """Return the hash of a complete subtree."""
        level, above = divmod(height, HEIGHT)
        start = index << above
        tile = self._tile(level, start // WIDTH)
        return joined([tile[n * HASH : (n + 1) * HASH] for n in range(start % WIDTH, start % WIDTH + (1 << above))])

    def root(self) -> bytes:
        """Return the root."""
        return tree.root(self.size, self.subtree)

    def _read(self, level: int, index: int) -> bytes:
        width = min(WIDTH, (self.size >> HEIGHT * level) - index * WIDTH)
        return self._hashes.tile(Place(level, index, width))


def joined(hashes: Sequence[bytes]) -> bytes:
    """Return the hash above as many hashes as a complete subtree has leaves."""
    while len(hashes) > 1:
        hashes = [tree.node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]


def hashes_of(tile: bytes) -> list[bytes]:
    """Return the hashes of a tile one by one."""
    return [tile[n : n + HASH] for n in range(0, len(tile), HASH)]
