"""Writing a bundle: events, and the hashes of all that is left out of it."""

from base64 import b64encode
from collections.abc import Iterable, Iterator

from proofs.bundle import FIRST, Entry, Holds
from proofs.note import Note
from proofs.tiles import Tree
from proofs.tree import complete_subtrees


def lines_of(
    holds: Holds, entries: Iterable[Entry], tree: Tree, cuts: Iterable[int], notes: Iterable[Note]
) -> Iterator[bytes]:
    """Yield the lines of a bundle. `cuts` are sizes whose roots can be computed from it too: of earlier checkpoints."""
    yield FIRST
    yield holds.line
    at, ahead = 0, sorted({cut for cut in cuts if 0 < cut < tree.size} | {tree.size})
    for entry in entries:
        yield from _gap(at, entry.position - 1, tree, ahead)
        yield b"@%d %s %s\n" % (entry.position, b64encode(entry.leaf), entry.data)
        at = entry.position
    yield from _gap(at, tree.size, tree, ahead)
    yield b"\n"
    for note in notes:
        yield f"{note}.\n".encode()


def _gap(start: int, end: int, tree: Tree, cuts: list[int]) -> Iterator[bytes]:
    for until in [cut for cut in cuts if start < cut < end] + [end]:
        for height, index in complete_subtrees(start, until):
            yield b"=%d %d %s\n" % ((index << height) + 1, height, b64encode(tree.subtree(height, index)))
        start = until
