"""The notary: it signs what the log is at a size, once it has seen that nothing it signed before was changed.

Law: a checkpoint is kept outside the database before anybody is shown it, and none is signed that contradicts one. What
contradicts is told, and from then on nothing is signed, until an operator has seen to it.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from struct import pack

import structlog

from proofs.checkpoint import Checkpoint
from proofs.note import Note, NoteError, Signature
from proofs.tiles import WIDTH, Place, Tree
from service.disk import held, replace_file
from service.ledger import Ledger
from service.notary import keys as key_files
from service.notary.keys import BadKeyFile, KeyElsewhere, LogKeys
from service.notary.witnesses import NotWitnessed, Witness, witnesses_in
from service.settings import Settings
from service.store.log import StoreError, rfc3339
from service.store.recorder import Recorder
from service.store.tiles import StoredHashes

log = structlog.get_logger()
FILE = "checkpoint"
EVERY = 1.0
"""Seconds between two checkpoints, at the least."""


class Contradiction(Exception):
    """The log is not what was signed before: it was altered, cut, or an older one was put in its place."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint and the note that it stands in."""

    checkpoint: Checkpoint
    note: Note

    @classmethod
    def read(cls, data: bytes, keys: LogKeys) -> "Signed":
        """Read a checkpoint of this log. Raise `Contradiction` where none of its keys has signed it."""
        try:
            note = Note.read(data)
            checkpoint = Checkpoint.read(note.text)
            signers = note.signed_by(keys.all)
        except NoteError as problem:
            raise Contradiction(f"the checkpoint that was kept is none: {problem}") from None
        if not signers or checkpoint.origin != keys.signer.name:
            raise Contradiction(
                "the checkpoint that was kept is not signed by the key here: put the log.key that signed it back"
            )
        return cls(checkpoint, note)


class Notary:
    """Signs a log; one process may have several threads that ask it."""

    def __init__(self, recorder: Recorder, keys: Path, kept: Path, witnesses: Sequence[Witness] = ()) -> None:
        """Sign with the keys of a file, keep the last checkpoint in another one, and show it to witnesses.

        Raise `BadKeyFile`.
        """
        self.witnesses = witnesses
        self._recorder, self._key_file, self._kept = recorder, keys, kept
        self._read_at = _changed_at(keys)  # before the keys: those of a later change are then read again
        self.keys = LogKeys.read(keys)
        self.hashes = StoredHashes(recorder)
        self._signing = threading.Lock()
        self.size = 0
        """Of the newest checkpoint that was signed here."""
        self.broken: str | None = None
        """Why nothing is signed any more."""

    def last(self) -> Signed | None:
        """Return the last checkpoint, None before the first. Raise `Contradiction` where what was kept is none."""
        return _newest(self._read_known())

    def of_size(self, size: int) -> Signed | None:
        """Return the checkpoint of a size, None where none was signed."""
        found = self._recorder.checkpoint(size)
        self._look_at_keys()
        return Signed.read(found.encode(), self.keys) if found is not None else None

    def entries(self, place: Place) -> bytes:
        """Return the stored bytes of a tile's events, each behind its length in two bytes (c2sp.org/tlog-tiles)."""
        rows = self._recorder.rows(place.index * WIDTH, place.width)
        if len(rows) != place.width:
            raise KeyError(place)
        return b"".join(pack(">H", len(data)) + data for _, _, data in rows)

    def _read_known(self) -> list[Signed]:
        """Return the checkpoints that were kept. What a key has signed that is not known may be by one that is new."""
        self._look_at_keys()
        try:
            return [Signed.read(data, self.keys) for data in self._known()]
        except Contradiction:
            if not self._look_at_keys():
                raise
            return [Signed.read(data, self.keys) for data in self._known()]

    def _look_at_keys(self) -> bool:
        """Read the keys again where their file has changed, and tell whether it has."""
        if (changed_at := _changed_at(self._key_file)) == self._read_at:
            return False
        self._read_at, self.keys = changed_at, LogKeys.read(self._key_file)
        return True

    def _known(self) -> list[bytes]:
        found = [self._kept.read_bytes()] if self._kept.exists() else []
        in_log = self._recorder.last_checkpoint()
        return found + ([in_log.encode()] if in_log is not None else [])

    def sign(self) -> Signed | None:
        """Return a checkpoint of the log as it is now: a new one where it has grown. None for an empty log.

        Raise `Contradiction` where the log is not what was signed before.
        """
        with self._signing:
            if self.broken is not None:
                raise Contradiction(self.broken)
            try:
                return self._signed()
            except Contradiction as problem:
                self.broken = str(problem)
                raise
            except KeyError as missing:
                self.broken = f"events are missing below {missing.args[0]}"
                raise Contradiction(self.broken) from missing

    def rotate(self) -> LogKeys:
        """Let a new key sign from now on, here and in each process that has the file; return the keys.

        The last checkpoint is signed by both, in its file: who knows the old key can tell that its owner named the new
        one. Nothing is written to the database, which another process may have for itself.
        """
        with self._signing:
            last, keys = self.last(), self.keys.rotated()
            # A crash behind this leaves the last checkpoint with the old signature alone, which counts as before.
            keys.write(self._key_file)
            self.keys, self._read_at = keys, _changed_at(self._key_file)
            if last is not None:
                both = Signed(last.checkpoint, with_signature(last.note, keys.signer.sign(last.note.text)))
                self._keep_outside(both)
                replace_file(self._kept.with_name(f"{self._kept.name}.handover"), str(both.note).encode())
            return keys

    def _signed(self) -> Signed | None:
        # What was signed is read before the log's end: another process may sign more between the two.
        known = self._read_known()
        size = self._recorder.last_position()
        tree = Tree(self.hashes, size)
        for one in known:
            self._compare(one.checkpoint, tree)
        last = _newest(known)
        if size == 0 or (last is not None and last.checkpoint.size == size):
            self.size = size
            if last is not None and self._recorder.checkpoint(size) is None:  # a crash came between file and database
                self._keep(last)
            return last
        checkpoint = Checkpoint(self.keys.signer.name, size, tree.root())
        now = int(datetime.now(UTC).timestamp())
        new = Signed(checkpoint, self.keys.signed(checkpoint.text, now))
        self._keep(new)
        self.size = size
        return new

    def _keep(self, new: Signed) -> None:
        # A crash between the two leaves it outside the database alone: the next start compares the log with it.
        self._keep_outside(new)
        index, tail = divmod(new.checkpoint.size, WIDTH)
        hashes = self.hashes.tile(Place(0, index, tail)) if tail else b""
        self._recorder.keep_checkpoint(new.checkpoint.size, str(new.note), rfc3339(datetime.now(UTC)), hashes)

    def _keep_outside(self, new: Signed) -> None:
        """Keep a checkpoint in its file, unless another process has kept a later one there."""
        with held(self._kept.parent, alone=True):
            if not self._kept.exists() or _size_in(self._kept.read_bytes()) <= new.checkpoint.size:
                replace_file(self._kept, str(new.note).encode())

    def show(self, newest: Signed) -> None:
        """Show the newest checkpoint to the witnesses that have not signed it, and keep their signatures with it."""
        for witness in self.witnesses:
            self._show_to(witness, newest)

    def _show_to(self, witness: Witness, newest: Signed) -> None:
        size = newest.checkpoint.size
        if witness.has_signed(newest.note):
            witness.last = size
        if witness.last == size or not witness.is_due():
            return
        try:
            signature = witness.sign(newest.note, Tree(self.hashes, size))
        except NotWitnessed as problem:
            log.warning("a witness has not signed", witness=witness.key.name, why=str(problem))
            return
        with self._signing:  # others may have signed it meanwhile
            kept = self.of_size(size) or newest
            self._keep(Signed(newest.checkpoint, with_signature(kept.note, signature)))

    def compare(self, checkpoints: Iterable[Checkpoint] = ()) -> None:
        """Raise `Contradiction` unless the log continues these checkpoints, and all that were kept as the newest."""
        known = [one.checkpoint for one in self._read_known()]
        tree = Tree(self.hashes, self._recorder.last_position())
        for before in [*checkpoints, *known]:
            self._compare(before, tree)

    def _compare(self, before: Checkpoint, now: Tree) -> None:
        """Raise `Contradiction` unless the log as it is now begins with what was signed."""
        if now.size < before.size:
            raise Contradiction(
                f"the log ends at position {now.size}, and {before.size} were signed: it was cut, or an older one"
                " was put in its place"
            )
        root = Tree(self.hashes, before.size).root()
        if root != before.root:
            raise Contradiction(
                f"the first {before.size} events are not those that were signed: expected the root"
                f" {before.root.hex()}, found {root.hex()}"
            )

    def follow(self, stopping: threading.Event, every: float = EVERY) -> None:
        """Sign at once, and whenever the log has grown, until told to stop."""
        while self._goes_on() and not stopping.wait(every):
            pass

    def _goes_on(self) -> bool:
        """Sign what is new, and tell whether it makes sense to try again."""
        try:
            self._look_at_keys()
            if not self._is_done():
                self.sign()
        except Contradiction as problem:
            log.error("no checkpoint is signed any more", why=str(problem))
            return False
        except (StoreError, OSError, BadKeyFile) as problem:  # the database is away, the disk full, the key gone
            log.error("no checkpoint was signed", error=str(problem))
        except Exception as fault:  # whatever it is, it is told, and tried again
            log.error("no checkpoint was signed", exc_info=fault)
        return True

    def follow_with(self, witness: Witness, stopping: threading.Event, every: float = EVERY) -> None:
        """Show each new checkpoint to a witness, until told to stop. It holds up nobody else, however slow it is."""
        while not stopping.wait(every):
            try:
                if self.broken is None and witness.last != self.size and (newest := self.last()) is not None:
                    self._show_to(witness, newest)
            except Exception as fault:  # noqa: BLE001  # whatever it is, it is tried again
                if not stopping.is_set():
                    log.error("a witness was not asked", witness=witness.key.name, error=str(fault))

    def _is_done(self) -> bool:
        """Tell whether all of the log is signed here."""
        return 0 < self.size == self._recorder.last_position() and self.broken is None


def with_signature(note: Note, signature: Signature) -> Note:
    """Return a note with a signature, in the place of an earlier one by the same key."""
    others = [one for one in note.signatures if (one.name, one.key_id) != (signature.name, signature.key_id)]
    return Note(note.text, (*others, signature))


def _size_in(data: bytes) -> int:
    """Return the size that a kept checkpoint tells, whoever signed it: it is believed where it is compared."""
    try:
        return Checkpoint.read(Note.read(data).text).size
    except NoteError as problem:
        raise Contradiction(f"the checkpoint that was kept is none: {problem}") from None


def _newest(known: Sequence[Signed]) -> Signed | None:
    return max(known, key=lambda one: one.checkpoint.size, default=None)


def _changed_at(file: Path) -> int:
    return file.stat().st_mtime_ns


def notary_of(settings: Settings, ledger: Ledger, *, making: bool = False) -> Notary:
    """Return the notary of a ledger, `making` a key where it has none.

    Raise `NoKeyFile` where it has none and none is made, `BadKeyFile` where it has another's.
    """
    file = settings.log_key or settings.data / key_files.FILE
    kept, in_log = settings.checkpoint or settings.data / FILE, ledger.recorder.last_checkpoint()
    if making and not file.exists():
        if in_log is not None or kept.exists():
            raise KeyElsewhere(
                f"the log was signed before, and {file} is not there: put it back, or begin another log of it by"
                " `onrecord keys new-log`"
            )
        LogKeys.made(file, settings.origin or f"onrecord-{ledger.id.hex[:12]}")
    keys = LogKeys.of(file, settings.origin)
    if making and settings.post_quantum and keys.beside is None:
        keys.with_one_beside().write(file)
    witnesses = witnesses_in(settings.witnesses) if settings.witnesses is not None else ()
    if in_log is not None and not kept.exists():
        log.warning(
            "the last checkpoint is not outside the database: an older one in its place would not be told",
            file=str(kept),
        )
    return Notary(ledger.recorder, file, kept, witnesses)


def new_log(settings: Settings, ledger: Ledger, origin: str) -> LogKeys:
    """Begin another log of the record as it is, under another name: of what was signed before, nothing holds for it.

    The files of key and checkpoint are set aside under other names. Raise `BadKeyFile` where it has that name already.
    """
    file, kept = settings.log_key or settings.data / key_files.FILE, settings.checkpoint or settings.data / FILE
    if file.exists() and LogKeys.read(file).signer.name == origin:
        raise BadKeyFile(f"the log is {origin} already: another log needs another name")
    aside = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    ledger.recorder.forget_checkpoints()
    for one in (kept, file):
        if one.exists():
            one.rename(one.with_name(f"{one.name}.{aside}"))
    return LogKeys.made(file, origin)


@contextmanager
def signing(settings: Settings, ledger: Ledger) -> Iterator[Notary | None]:
    """Sign a ledger while it is served; None where its key is elsewhere, and with it who signs. Raise `BadKeyFile`."""
    try:
        notary, stopping = notary_of(settings, ledger, making=True), threading.Event()
    except KeyElsewhere as problem:
        log.error("nothing is signed here", why=str(problem))
        yield None
        return
    thread = threading.Thread(target=notary.follow, args=(stopping,), name="notary", daemon=True)
    thread.start()
    for witness in notary.witnesses:  # not joined in the end: a slow one holds up nobody
        shown = threading.Thread(
            target=notary.follow_with, args=(witness, stopping), name=f"witness {witness.key.name}", daemon=True
        )
        shown.start()
    try:
        yield notary
    finally:
        stopping.set()
        thread.join()
