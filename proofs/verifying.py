"""Verifying a bundle: bytes, chains, tree, signatures, cosignatures, and that the log has only grown.

Law: the first thing that is not right is told, with its position, what was expected and what was found. What a bundle
does not show is never taken as shown.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from proofs.bundle import Bundle, BundleError, End, Entry, Gap, Holds
from proofs.checkpoint import Checkpoint
from proofs.note import Ed25519Key, Note, NoteError
from proofs.walk import Walk, Wrong, check_hash, check_those_there


@dataclass(frozen=True, slots=True)
class Verified:
    """What a bundle shows."""

    origin: str
    size: int
    root: bytes
    events: int
    first: int
    last: int
    ends: tuple[End, ...]
    """Of the aggregates that are held whole, as the log has signed it."""
    signed_by: tuple[str, ...]
    seen_by: tuple[str, ...]
    """Witnesses that are known, and have seen the checkpoint."""
    since: int | None
    """The size of the checkpoint that it continues."""
    sealed: int
    """How many passages are in it encrypted, each under its person's key, which is in no log."""
    erased: int
    """How many of them nobody can read any more: the log says that their key was destroyed."""


def verify(
    bundle: Bundle,
    keys: Sequence[Ed25519Key],
    witnesses: Sequence[Ed25519Key] = (),
    since: Checkpoint | None = None,
    heard: Callable[[int], None] = lambda _: None,
) -> Verified:
    """Verify a bundle by the keys of its log, and return what it shows; `heard` is told each position that was read.

    Raise `Wrong` where anything is not right, `BundleError` where it cannot be read.
    """
    walk = Walk()
    since_root = walk.edge.root() if since is not None and since.size == 0 else None
    for one in bundle.entries():
        if isinstance(one, Gap):
            _leave_out(one, bundle.holds, walk)
        else:
            _take(one, bundle.holds, walk)
            heard(one.position)
        if since is not None and walk.edge.size == since.size:
            since_root = walk.edge.root()
    return _signed(bundle, walk, keys, witnesses, (since, since_root))


def _leave_out(gap: Gap, holds: Holds, walk: Walk) -> None:
    at = walk.edge.size + 1
    if not holds.aggregates and at <= holds.last and at + (1 << gap.height) > holds.first:
        raise Wrong("the events", f"position {max(at, holds.first)}", "something that was left out", at)
    walk.leave_out(gap.position, gap.height, gap.hash)


def _take(entry: Entry, holds: Holds, walk: Walk) -> None:
    walk.check_next(entry.position)
    check_hash(entry.position, entry.data, entry.leaf)
    if not holds.aggregates and not holds.first <= entry.position <= holds.last:
        raise Wrong("the events", f"positions {holds.first} to {holds.last}", entry.position, entry.position)
    said = walk.take(entry.position, entry.data, from_the_first=bool(holds.aggregates) or holds.first == 1)
    if holds.aggregates:
        check_those_there(holds.aggregates, said, entry.position)


def _signed(
    bundle: Bundle,
    walk: Walk,
    keys: Sequence[Ed25519Key],
    witnesses: Sequence[Ed25519Key],
    since: tuple[Checkpoint | None, bytes | None],
) -> Verified:
    holds = bundle.holds
    first, *rest = bundle.notes()
    keys = [key for key in keys if key.name == holds.origin]
    note, signers = _by(first, keys)
    checkpoint = _checkpoint(note)
    for what, expected, found in (
        ("the log", holds.origin, checkpoint.origin),
        ("the size of the log", str(checkpoint.size), str(holds.size)),
        ("the number of leaves", str(checkpoint.size), str(walk.edge.size)),
        ("the root of the tree", checkpoint.root.hex(), walk.edge.root().hex()),
    ):
        if expected != found:
            raise Wrong(what, expected, found)
    _whole(holds, walk.events, checkpoint.size)
    _continues(checkpoint, *since)
    return Verified(
        checkpoint.origin,
        checkpoint.size,
        checkpoint.root,
        walk.events,
        holds.first,
        holds.last,
        _ends(rest, keys, checkpoint, holds.aggregates, walk),
        tuple(dict.fromkeys(one.name for one in signers)),
        tuple(one.name for one in _trusted(note, witnesses)),
        since[0].size if since[0] is not None else None,
        walk.sealed.total(),
        sum(walk.sealed[person] for person in walk.erased),
    )


def _by(data: bytes, keys: Sequence[Ed25519Key]) -> tuple[Note, list[Ed25519Key]]:
    """Return a note, and who of these keys has signed it: at least one."""
    try:
        note = Note.read(data)
        signers = [key for key in keys if key in note.signed_by(keys)]
    except NoteError as problem:
        raise Wrong("the signature", "a note signed by a key of the log", str(problem)) from None
    if not signers:
        names = ", ".join(f"{one.name} ({one.key_id.hex()})" for one in note.signatures)
        raise Wrong("the signature", f"one by {', '.join(map(str, keys)) or 'a key of this log that you name'}", names)
    return note, signers


def _checkpoint(note: Note) -> Checkpoint:
    try:
        return Checkpoint.read(note.text)
    except NoteError as problem:
        raise Wrong("the note that is signed", "a checkpoint", problem) from None


def _trusted(note: Note, witnesses: Sequence[Ed25519Key]) -> list[Ed25519Key]:
    try:
        found = note.signed_by(witnesses)
    except NoteError as problem:
        raise Wrong("a witness's signature", "one of this checkpoint", str(problem)) from None
    return [one for one in witnesses if one in found]


def _whole(holds: Holds, events: int, size: int) -> None:
    """Raise `Wrong` unless the bundle holds what it says: some aggregates of the whole log, or all of a range."""
    if holds.aggregates and (holds.first, holds.last) != (1, size):
        raise Wrong("the positions of the bundle", f"1 to {size}", f"{holds.first} to {holds.last}")
    if not 1 <= holds.first <= holds.last + 1 <= size + 1:
        raise Wrong("the positions of the bundle", f"some of 1 to {size}", f"{holds.first} to {holds.last}")
    if not holds.aggregates and events != holds.last - holds.first + 1:
        raise Wrong("the number of events", holds.last - holds.first + 1, events)


def _continues(checkpoint: Checkpoint, since: Checkpoint | None, root: bytes | None) -> None:
    """Raise `Wrong` unless the log begins as it was when an earlier checkpoint was signed."""
    if since is None:
        return
    if since.origin != checkpoint.origin:
        raise Wrong("the log of the earlier checkpoint", checkpoint.origin, since.origin)
    if since.size > checkpoint.size:
        raise Wrong("the size of the log", f"at least the {since.size} of the earlier checkpoint", str(checkpoint.size))
    if root is None:
        raise Wrong(
            f"the root at the earlier checkpoint's size {since.size}",
            f"a bundle that shows it: export it with --since {since.size}",
            "none",
        )
    if root != since.root:
        raise Wrong(f"the root at the earlier checkpoint's size {since.size}", since.root.hex(), root.hex())


def _ends(
    notes: Sequence[bytes],
    keys: Sequence[Ed25519Key],
    checkpoint: Checkpoint,
    aggregates: Sequence[str],
    walk: Walk,
) -> tuple[End, ...]:
    """Return the ends of the aggregates that are held whole, each of which must be signed."""
    ends = {end.aggregate: end for end in (End.read(_by(data, keys)[0].text) for data in notes)}
    for aggregate in aggregates:
        known = walk.last.get(aggregate)
        expected = ends.get(aggregate)
        if expected is None:
            raise Wrong(f"the end of {aggregate}", "a signed note of it", "none")
        where = checkpoint.origin, checkpoint.size, b64encode(checkpoint.root).decode()
        if (expected.origin, expected.size, expected.root) != where:
            raise Wrong(f"the end of {aggregate}", f"that at size {checkpoint.size}", f"one at size {expected.size}")
        found = (known.version, known.mark) if known is not None else (0, "")
        if found != (expected.version, expected.mark):
            raise Wrong(
                f"the last event of {aggregate}",
                f"version {expected.version}, {expected.mark}",
                f"version {found[0]}, {found[1]}",
                known.position if known is not None else None,
            )
    return tuple(ends[aggregate] for aggregate in aggregates)


__all__ = ["Bundle", "BundleError", "Verified", "Wrong", "verify"]
