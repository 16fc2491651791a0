"""The whole log checked: each event against its leaf, its aggregate's chain, its own columns, and the tiles above.

Law: what is stored is believed in nothing but its bytes. The first position that is not right is told, with what was
expected there and what was found.
"""

from dataclasses import dataclass, field
from uuid import UUID

from proofs.tiles import HASH, WIDTH, Place, completed_by, hashes_of, joined
from proofs.walk import Said, Walk, Wrong, check_hash
from service.store.recorder import Recorder

PAGE = 1_000
Row = tuple[int, str, int, str, bytes, str | None]


@dataclass(slots=True)
class Checked:
    """How far a log was checked."""

    walk: Walk = field(default_factory=Walk)
    kept: list[bytes] = field(default_factory=list)
    """What was kept of the leaves of the tile that is being filled, when they were recorded or signed."""
    leaves: list[bytes] = field(default_factory=list)
    """Of the tile that is being filled."""
    roots: dict[int, list[bytes]] = field(default_factory=dict)
    """Of full tiles that are in none above, by level."""


def check_log(recorder: Recorder, until: int, checked: Checked | None = None) -> Checked:
    """Check the events up to a position, from where one has got. Raise `Wrong` at the first that is not right."""
    checked, signed = checked or Checked(), recorder.tail()
    while (size := checked.walk.edge.size) < until:
        rows = recorder.whole_rows(size, min(PAGE, until - size))
        if not rows:
            raise Wrong("the log", f"{until} events", f"{size}", size + 1)
        for row in rows:
            if checked.walk.edge.size % WIDTH == 0:
                checked.kept = _kept(recorder, checked.walk.edge.size // WIDTH, signed)
            _event(row, checked)
            _tiles(recorder, checked)
    return checked


def _kept(recorder: Recorder, index: int, signed: tuple[int, bytes] | None) -> list[bytes]:
    """Return what was kept of the leaves of a tile: all, those that are signed, or none."""
    tile = recorder.tile(0, index)
    if tile is not None:
        if len(tile) != WIDTH * HASH:
            raise Wrong(f"the length of {Place(0, index).path}", WIDTH * HASH, len(tile), index * WIDTH + 1)
        return hashes_of(tile)
    return hashes_of(signed[1]) if signed is not None and signed[0] // WIDTH == index else []


def _event(row: Row, checked: Checked) -> None:
    position, data, n = row[0], row[4], len(checked.leaves)
    if position == checked.walk.edge.size + 1 and n < len(checked.kept):
        check_hash(position, data, checked.kept[n])
    said = checked.walk.take(position, data)
    for name, right, found in _columns(row, said):
        if right != found:
            raise Wrong(f"the column {name}", right, found, position)
    checked.leaves.append(bytes.fromhex(checked.walk.last[said.aggregate].mark))


def _columns(row: Row, said: Said) -> list[tuple[str, object, object]]:
    """Return what the columns must be, by the bytes, and what they are."""
    _, aggregate, version, name, _, recorded_at = row
    return [
        ("originator_id", UUID(said.aggregate).hex, aggregate),
        ("originator_version", said.version, version),
        ("topic", said.name, name),
        ("recorded_at", said.recorded_at, recorded_at),
    ]


def _tiles(recorder: Recorder, checked: Checked) -> None:
    """Compare the tiles that are full with this event, and the hashes above them, with those that are kept."""
    size = checked.walk.edge.size
    if size % WIDTH:
        return
    for place in completed_by(size - 1, size):
        hashes = checked.leaves if place.level == 0 else checked.roots.pop(place.level - 1)
        root = joined(hashes)
        checked.roots.setdefault(place.level, []).append(root)
        kept = recorder.tile(place.level, place.index)
        if kept is not None and kept != b"".join(hashes):
            raise Wrong(place.path, b"".join(hashes).hex(), kept.hex(), size)
        roots = recorder.tile_roots(place.level, place.index, place.index + 1)
        if roots and roots[0] != root:
            raise Wrong(f"the root of {place.path}", root.hex(), roots[0].hex(), size)
    checked.leaves = []
