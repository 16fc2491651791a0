"""Merkle trees, against a naive reading of RFC 9162, against the public vectors, and against forged proofs."""

import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs import tree

VECTORS = json.loads((Path(__file__).parent / "merkle_vectors.json").read_bytes())
LEAVES = [str(n).encode() for n in range(300)]


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162 section 2.1.1, as it is written there."""
    if not leaves:
        return tree.EMPTY
    if len(leaves) == 1:
        return tree.leaf_hash(leaves[0])
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return tree.node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


@cache
def subtree(height: int, index: int) -> bytes:
    return naive_root(LEAVES[index << height : (index + 1) << height])


def edge_of(leaves: Sequence[bytes]) -> tree.Edge:
    edge = tree.Edge()
    for leaf in leaves:
        edge.append(tree.leaf_hash(leaf))
    return edge


sizes = st.integers(0, len(LEAVES) - 1)


@given(sizes)
def test_roots_are_those_of_the_definition(size: int) -> None:
    assert tree.root(size, subtree) == edge_of(LEAVES[:size]).root() == naive_root(LEAVES[:size])


@given(st.data(), sizes.filter(bool))
def test_a_leaf_is_proven_and_no_other_one(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = tree.inclusion_proof(index, size, subtree), tree.root(size, subtree)
    leaf = tree.leaf_hash(LEAVES[index])
    assert tree.is_included(leaf, index, size, proof, root)
    assert len(proof) <= (size - 1).bit_length()
    _refused(data, tree.is_included, [leaf, index, size, proof, root])


@given(st.data(), sizes)
def test_that_a_tree_begins_another_is_proven(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(0, new))
    proof = tree.consistency_proof(old, new, subtree)
    roots = tree.root(old, subtree), tree.root(new, subtree)
    assert tree.is_consistent(old, new, proof, *roots) is (old > 0)
    if 0 < old < new:
        _refused(data, tree.is_consistent, [old, new, proof, *roots])


def _refused(data: st.DataObject, check: Callable[..., bool], given: list[Any]) -> None:
    """Alter one thing of what was right, and see it refused."""
    n = data.draw(st.integers(0, len(given) - 1))
    for wrong in _altered(data, given[n]):
        assert not check(*given[:n], wrong, *given[n + 1 :])


def _altered(data: st.DataObject, value: Any) -> list[Any]:
    if isinstance(value, int):
        return []  # the number of a leaf, or of leaves, is not always told by a proof: the vectors try it
    if isinstance(value, bytes):
        bit = data.draw(st.integers(0, 255))
        return [(int.from_bytes(value, "big") ^ 1 << bit).to_bytes(32, "big")]
    others = [[*value, tree.EMPTY], [tree.EMPTY, *value]]
    if value:
        n = data.draw(st.integers(0, len(value) - 1))
        others += [value[:n] + value[n + 1 :], [*value[:n], *_altered(data, value[n]), *value[n + 1 :]]]
    return others


@given(sizes, sizes)
def test_gaps_are_filled_by_the_fewest_subtrees(start: int, end: int) -> None:
    start, end = sorted((start, end))
    edge = edge_of(LEAVES[:start])
    spans = list(tree.complete_subtrees(start, end))
    for height, index in spans:
        assert edge.size == index << height
        edge.append(subtree(height, index), height)
    assert edge.size == end
    assert edge.root() == naive_root(LEAVES[:end])
    assert len(spans) <= 2 * max(1, (end - start).bit_length())


def test_a_subtree_where_none_begins_is_an_error() -> None:
    edge = edge_of(LEAVES[:3])
    with pytest.raises(ValueError, match="height 1 begins at leaf 3"):
        edge.append(tree.EMPTY, 1)
    assert edge.root() == naive_root(LEAVES[:3])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_what_is_not_there_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="has no leaf"):
        tree.inclusion_proof(index, size, subtree)
    assert not tree.is_included(tree.EMPTY, index, size, [], tree.EMPTY)


def test_a_larger_tree_does_not_begin_a_smaller_one() -> None:
    with pytest.raises(ValueError, match="does not begin"):
        tree.consistency_proof(3, 2, subtree)
    assert not tree.is_consistent(3, 2, [], subtree(0, 0), subtree(0, 0))


# The public vectors.


def hashes(proof: list[str] | None) -> list[bytes]:
    return [b64decode(one) for one in proof or []]


@pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda one: one["name"])
def test_public_vectors_of_inclusion(vector: dict[str, Any]) -> None:
    leaf, root = b64decode(vector["leafHash"] or ""), b64decode(vector["root"] or "")
    right = tree.is_included(leaf, vector["leafIdx"], vector["treeSize"], hashes(vector["proof"]), root)
    assert right is not vector["wantErr"]


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda one: one["name"])
def test_public_vectors_of_consistency(vector: dict[str, Any]) -> None:
    roots = b64decode(vector["root1"] or ""), b64decode(vector["root2"] or "")
    right = tree.is_consistent(vector["size1"], vector["size2"], hashes(vector["proof"]), *roots)
    assert right is not vector["wantErr"]
