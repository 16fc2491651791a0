"""Tiles: their paths, when they are full, and the tree that is read from them."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs import tree
from proofs.tiles import HASH, HEIGHT, WIDTH, Place, Tree, completed_by, hashes_of, index_path, place_of

LEAVES = [tree.leaf_hash(str(n).encode()) for n in range(70_000)]


@cache
def row(height: int) -> list[bytes]:
    """Return the hashes of all complete subtrees of a height."""
    if height == 0:
        return LEAVES
    below = row(height - 1)
    return [tree.node_hash(*two) for two in zip(below[::2], below[1::2], strict=False)]


def subtree(height: int, index: int) -> bytes:
    return row(height)[index]


class Kept:
    """All tiles of a log, as they are defined."""

    def __init__(self) -> None:
        self.asked: list[Place] = []

    def tile(self, place: Place) -> bytes:
        self.asked.append(place)
        hashes = row(HEIGHT * place.level)[place.index * WIDTH : place.index * WIDTH + place.width]
        assert len(hashes) == place.width
        return b"".join(hashes)


@pytest.mark.parametrize(
    ("index", "path"),
    [
        (0, "000"),
        (67, "067"),
        (999, "999"),
        (1000, "x001/000"),
        (1_234_067, "x001/x234/067"),
        (10**9, "x001/x000/x000/000"),
    ],
)
def test_an_index_is_written_in_groups(index: int, path: str) -> None:
    assert index_path(index) == path
    assert place_of("0", path) == Place(0, index)
    assert place_of("63", f"{path}.p/255") == Place(63, index, 255)
    assert Place(3, index, 8).path == f"tile/3/{path}.p/8"


@pytest.mark.parametrize(
    ("level", "rest"),
    [
        *((level, "000") for level in ("64", "01", "-1", "", "x", "١")),
        *(("0", rest) for rest in ("", "0", "0000", "x000/000", "001/000", "x001", "x01/000", "../000", "x001//000")),
        *(("0", f"000{rest}") for rest in (".p/0", ".p/256", ".p/", ".p/01", ".p/1/", ".p", "/", ".p/1.p/1")),
    ],
)
def test_another_path_is_no_tile(level: str, rest: str) -> None:
    assert place_of(level, rest) is None


@given(st.lists(st.integers(0, 70_000), min_size=2, max_size=5))
def test_every_tile_is_completed_once_and_those_below_it_first(sizes: list[int]) -> None:
    sizes = [0, *sorted(sizes)]
    completed = [place for before, after in pairwise(sizes) for place in completed_by(before, after)]
    size = sizes[-1]
    assert len(set(completed)) == len(completed)
    assert set(completed) == {
        Place(level, index) for level in range(3) for index in range(size >> HEIGHT * (level + 1))
    }
    seen: set[Place] = set()
    for place in completed:
        below = {Place(place.level - 1, place.index * WIDTH + n) for n in range(WIDTH)} if place.level else set()
        assert below <= seen
        assert place.end <= size
        seen.add(place)


@settings(max_examples=30, deadline=None)
@given(st.data(), st.integers(1, len(LEAVES)))
def test_proofs_are_made_from_tiles_that_the_tree_has(data: st.DataObject, size: int) -> None:
    kept = Kept()
    read = Tree(kept, size)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    root = read.root()
    assert root == tree.root(size, subtree)
    assert tree.is_included(LEAVES[index], index, size, tree.inclusion_proof(index, size, read.subtree), root)
    proof = tree.consistency_proof(old, size, read.subtree)
    assert tree.is_consistent(old, size, proof, tree.root(old, subtree), root) is (old > 0)
    assert all(0 < place.width <= WIDTH and place.end <= size for place in kept.asked)
    assert len(set(kept.asked)) == len(kept.asked)


def test_the_tiles_of_the_specifications_example() -> None:
    """A tree of 70,000: 273 full tiles and one of 112; one full and one of 17; one of 1."""
    kept = Kept()
    Tree(kept, 70_000).root()
    assert Place(0, 273, 112) in kept.asked
    assert Place(1, 1, 17) in kept.asked
    assert Place(2, 0, 1) in kept.asked
    assert len(list(completed_by(0, 70_000))) == 273 + 1


def test_the_hashes_of_a_tile_one_by_one() -> None:
    hashes: Sequence[bytes] = [bytes([n]) * HASH for n in range(5)]
    assert hashes_of(b"".join(hashes)) == hashes
