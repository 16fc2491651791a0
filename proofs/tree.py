"""Merkle trees of RFC 9162 section 2.1, over SHA-256: roots, proofs of inclusion and of consistency, and their checks.

Law: pure functions of the standard library, over whoever keeps the hashes. A hash is 32 bytes. Leaves count from 0, a
size is their number. A complete subtree is named by its height (0: a leaf) and by its index among those of that height.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

Subtree = Callable[[int, int], bytes]
"""Gives the hash of a complete subtree, by height and index."""
EMPTY = sha256().digest()
"""The root of a tree without leaves."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf: one more byte, so that no leaf passes for a node."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node above two."""
    return sha256(b"\x01" + left + right).digest()


def complete_subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield, from left to right, the fewest complete subtrees that hold the leaves from `start` to before `end`."""
    while start < end:
        height = (end - start).bit_length() - 1
        if start:
            height = min(height, (start & -start).bit_length() - 1)
        yield height, start >> height
        start += 1 << height


class Edge:
    """The right edge of a growing tree: the hashes of its complete subtrees, from which follow all roots to come."""

    def __init__(self) -> None:
        self.size = 0
        self._hashes: list[bytes] = []

    def append(self, hash_: bytes, height: int = 0) -> None:
        """Take in the next leaf, or the next complete subtree of a height. Raise ValueError where it cannot stand here.

        A subtree stands where the size is a multiple of its number of leaves.
        """
        if self.size & ((1 << height) - 1):
            raise ValueError(f"no subtree of height {height} begins at leaf {self.size}")
        rest = self.size >> height
        while rest & 1:
            hash_ = sha256(b"\x01" + self._hashes.pop() + hash_).digest()
            rest >>= 1
        self._hashes.append(hash_)
        self.size += 1 << height

    def root(self) -> bytes:
        """Return the root of the tree as it is now."""
        return _bagged(self._hashes)


def root(size: int, subtree: Subtree) -> bytes:
    """Return the root of the tree of a size."""
    return _span(0, size, subtree)


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """Return what proves that a leaf is in the tree of a size (RFC 9162 section 2.1.3.1), from the leaf upwards.

    Raise ValueError where the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_span(middle, end, subtree))
            end = middle
        else:
            proof.append(_span(start, middle, subtree))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """Return what proves that the tree of one size begins that of another (RFC 9162 section 2.1.4.1).

    It is empty from an empty tree, and between equal ones. Raise ValueError where the old tree is the larger one.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {old} leaves does not begin one of {new}")
    if old in (0, new):
        return []
    proof: list[bytes] = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_span(middle, end, subtree))
            end = middle
        else:
            proof.append(_span(start, middle, subtree))
            start = middle
    if start:
        proof.append(_span(start, end, subtree))
    return proof[::-1]


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether a proof shows that a leaf's hash is in the tree of a size and root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size or len(leaf) != len(EMPTY):
        return False
    node, last, hash_ = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            hash_ = node_hash(sibling, hash_)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            hash_ = node_hash(hash_, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and hash_ == root


def is_consistent(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Tell whether a proof shows that one tree begins another (RFC 9162 section 2.1.4.2).

    An empty tree begins any: there is nothing to prove of it, and nothing is shown.
    """
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and (before, after) == (old_root, new_root)


def _span(start: int, end: int, subtree: Subtree) -> bytes:
    """Return the hash over the leaves of one branch: a span that begins where a subtree of its width may."""
    return _bagged([subtree(height, index) for height, index in complete_subtrees(start, end)])


def _bagged(hashes: Sequence[bytes]) -> bytes:
    """Return the hash above complete subtrees of falling height: the smallest ones are joined first."""
    if not hashes:
        return EMPTY
    hash_ = hashes[-1]
    for left in reversed(hashes[:-1]):
        hash_ = node_hash(left, hash_)
    return hash_


def _split(leaves: int) -> int:
    """Return the largest power of two below a number of leaves, of which there is more than one."""
    return 1 << (leaves - 1).bit_length() - 1
