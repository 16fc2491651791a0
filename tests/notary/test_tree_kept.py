"""The tree beside the log: kept up with each write, and made from what is below it where it is missing."""

import pytest

from proofs.tiles import WIDTH, Place, Tree
from proofs.tree import Edge, leaf_hash
from service.ledger import Ledger
from service.settings import Settings
from service.store.tiles import StoredHashes, Tile, filled_by
from tests.notary.conftest import alter, tell


def edge_of(ledger: Ledger) -> Edge:
    """Return the tree of the stored bytes, as they are."""
    edge = Edge()
    for _, _, data in ledger.read_raw(0, 100_000):
        edge.append(leaf_hash(data))
    return edge


@pytest.mark.parametrize("claims", [0, 252, 253, 254, 600])
def test_the_tree_is_that_of_the_stored_bytes(ledger: Ledger, claims: int) -> None:
    tell(ledger, claims)
    edge = edge_of(ledger)
    assert ledger.head() == claims + 3
    assert ledger.recorder.tiles_kept() == (claims + 3) // WIDTH
    assert Tree(StoredHashes(ledger.recorder), edge.size).root() == edge.root()


def test_batches_of_any_size_fill_the_same_tiles(ledger: Ledger) -> None:
    for claims in (1, 30, 251, 9, 300):
        tell(ledger, claims)
    kept = StoredHashes(ledger.recorder)
    edge = edge_of(ledger)
    assert ledger.recorder.tiles_kept() == ledger.head() // WIDTH == 2
    for index in range(2):
        stored = ledger.recorder.tile(0, index)
        assert stored == b"".join(ledger.recorder.leaf_hashes(index * WIDTH, (index + 1) * WIDTH))
    assert Tree(kept, edge.size).root() == edge.root()


def test_a_log_without_tiles_has_a_tree_and_gets_tiles_with_the_next_write(settings: Settings, ledger: Ledger) -> None:
    tell(ledger, 600)
    tiles = [ledger.recorder.tile(0, n) for n in range(2)]
    alter(settings, "DELETE FROM tiles")
    assert ledger.recorder.tile(0, 0) is None
    assert Tree(StoredHashes(ledger.recorder), 603).root() == edge_of(ledger).root()
    tell(ledger, 200)
    assert [ledger.recorder.tile(0, n) for n in range(2)] == tiles
    assert ledger.recorder.tiles_kept() == 3


def test_tiles_above_are_made_of_the_roots_below(settings: Settings, ledger: Ledger) -> None:
    """A log of 65,536 events takes long to tell: the tiles below are put there instead."""
    tell(ledger, 1)
    kept = ledger.recorder
    hashes, root = bytes(32) * WIDTH, bytes(range(32))
    rows = ", ".join(f"(0, {n}, {literal(settings, hashes)}, {literal(settings, root)})" for n in range(WIDTH - 1))
    alter(settings, f"INSERT INTO tiles VALUES {rows}")  # noqa: S608
    assert kept.tile_roots(0, 10, 12) == [root, root]
    assert StoredHashes(kept).tile(Place(1, 0, 255)) == root * 255
    with pytest.raises(KeyError):
        StoredHashes(kept).tile(Place(1, 0))


def literal(settings: Settings, data: bytes) -> str:
    return f"'\\x{data.hex()}'::bytea" if settings.database is not None else f"x'{data.hex()}'"


class Memory:
    """Tiles and leaves in memory."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves
        self.tiles: dict[tuple[int, int], Tile] = {}

    def keep(self, tiles: list[Tile]) -> None:
        self.tiles |= {(one.level, one.index): one for one in tiles}

    def tile(self, level: int, index: int) -> bytes | None:
        return self.tiles[level, index].hashes if (level, index) in self.tiles else None

    def tile_roots(self, level: int, start: int, end: int) -> list[bytes]:
        return [self.tiles[level, n].root for n in range(start, end) if (level, n) in self.tiles]

    def tiles_kept(self) -> int:
        return max((index for level, index in self.tiles if level == 0), default=-1) + 1

    def leaf_hashes(self, after: int, until: int) -> list[bytes]:
        return self.leaves[after:until]


def test_a_tile_that_is_missing_in_the_middle_is_made_again_when_it_is_needed() -> None:
    entries = [b"%d" % n for n in range(WIDTH * WIDTH)]
    kept = Memory([leaf_hash(one) for one in entries[:-10]])
    kept.keep(filled_by(entries[:-10], 0, kept))
    del kept.tiles[0, 7]
    kept.keep(filled_by(entries[-10:], len(entries) - 10, kept))
    edge = Edge()
    for one in entries:
        edge.append(leaf_hash(one))
    assert kept.tiles[1, 0].root == edge.root()
