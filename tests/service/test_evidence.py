"""Evidence files: stored under their hash, and mended by their true bytes."""

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.evidence import EmptyEvidence, EvidenceDamaged, EvidenceStore, Stored

TRUE = b"the true bytes"
NAME = hashlib.sha256(TRUE).hexdigest()


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    """Yield a file as it arrives."""
    for part in parts:
        yield part


class WatchedStore(EvidenceStore):
    """A store that notes which threads its last step runs in."""

    threads: set[int] = set()  # noqa: RUF012

    def _keep(self, incoming: Path, hexadecimal: str, size: int) -> Stored:
        self.threads.add(threading.get_ident())
        return super()._keep(incoming, hexadecimal, size)


def stored(store: EvidenceStore, *parts: bytes) -> Stored:
    """Store a file and wait for it."""
    return asyncio.run(store.store(chunks(*parts)))


def test_a_file_is_new_once_and_held_afterwards(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path, 1_000)
    assert stored(store, TRUE[:4], TRUE[4:]) == Stored(f"sha256:{NAME}", len(TRUE), new=True)
    assert stored(store, TRUE) == Stored(f"sha256:{NAME}", len(TRUE), new=False)
    assert b"".join(store.read(f"sha256:{NAME}")) == TRUE


@pytest.mark.parametrize("damage", [b"", b"other bytes now", TRUE[:-1]])
def test_the_true_bytes_heal_a_damaged_file(tmp_path: Path, damage: bytes) -> None:
    store = EvidenceStore(tmp_path, 1_000)
    stored(store, TRUE)
    file = tmp_path / "sha256" / NAME[:2] / NAME
    file.chmod(0o640)
    file.write_bytes(damage)
    with pytest.raises(EvidenceDamaged):
        store.read(NAME)
    assert stored(store, TRUE).new
    assert b"".join(store.read(NAME)) == TRUE


def test_nothing_is_left_of_an_upload_that_was_kept_or_refused(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path, 1_000)
    stored(store, TRUE)
    stored(store, TRUE)
    with pytest.raises(EmptyEvidence):
        stored(store)
    assert [file.name for file in (tmp_path / "incoming").rglob("*") if file.is_file()] == ["lock"]


def test_what_a_process_left_is_removed_and_what_is_under_way_elsewhere_is_not(tmp_path: Path) -> None:
    incoming = tmp_path / "incoming"
    left = incoming / "of a process that was killed"
    left.mkdir(parents=True)
    (left / "lock").touch()
    (left / "half a clip").touch()
    (incoming / "of an older version").touch()
    one, other = EvidenceStore(tmp_path, 1_000), EvidenceStore(tmp_path, 1_000)
    assert len(list(incoming.iterdir())) == 2
    assert stored(one, TRUE).new
    assert not stored(other, TRUE).new
    for store in (one, other):
        store.close()
    assert list(incoming.iterdir()) == []


def test_the_last_step_of_an_upload_does_not_hold_up_the_others(tmp_path: Path) -> None:
    store = WatchedStore(tmp_path, 1_000)
    stored(store, TRUE)
    assert store.threads
    assert threading.get_ident() not in store.threads
