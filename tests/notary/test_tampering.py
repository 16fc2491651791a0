"""Tampering, tried: whatever is altered in the database, the check of the record finds it and names it.

Each case alters a copy of the same signed record behind the ledger's back, in one way drawn from a fixed seed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from proofs.note import Note, Signer
from proofs.walk import Wrong
from service.ledger import Ledger
from service.notary import Contradiction, LogKeys, check_log, notary_of
from service.settings import Settings
from tests.notary.conftest import alter, tell
from tests.notary.test_notary import sign

CASES = 240
TABLES = ("stored_events", "tiles", "checkpoints")


@dataclass(frozen=True)
class Record:
    """A signed record of a few hundred events, and its ways of saying things in SQL."""

    settings: Settings
    ledger: Ledger
    head: int

    def run(self, statement: str) -> None:
        alter(self.settings, statement)

    def literal(self, data: bytes) -> str:
        return f"'\\x{data.hex()}'::bytea" if self.settings.database is not None else f"x'{data.hex()}'"

    def bytes_at(self, position: int) -> bytes:
        found = self.ledger.recorder.bytes_at(position)
        assert found is not None
        return found

    def put(self, position: int, data: bytes) -> None:
        self.run(f"UPDATE stored_events SET state = {self.literal(data)} WHERE position = {position}")  # noqa: S608


@pytest.fixture
def record(settings: Settings, ledger: Ledger) -> Record:
    tell(ledger, 300)
    tell(ledger, 290)
    sign(notary_of(settings, ledger, making=True))
    for table in TABLES:
        alter(settings, f"CREATE TABLE saved_{table} AS SELECT * FROM {table}")  # noqa: S608
    return Record(settings, ledger, ledger.head())


@contextmanager
def put_back(record: Record) -> Iterator[None]:
    kept = [record.settings.data / name for name in ("log.key", "checkpoint")]
    files = {file: file.read_bytes() for file in kept}
    yield
    for table in TABLES:
        record.run(f"DELETE FROM {table}")  # noqa: S608
        record.run(f"INSERT INTO {table} SELECT * FROM saved_{table}")  # noqa: S608
    for file, data in files.items():
        file.write_bytes(data)


Tamper = Callable[[Record, Random], int | None]
"""Alters a record, and returns the position that must be named, None where any is right."""


def alter_a_byte(record: Record, random: Random) -> int:
    position = random.randint(1, record.head)
    data = bytearray(record.bytes_at(position))
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    record.put(position, bytes(data))
    return position


def drop_an_event(record: Record, random: Random) -> int:
    position = random.randint(1, record.head)
    record.run(f"DELETE FROM stored_events WHERE position = {position}")  # noqa: S608
    return position


def drop_an_event_and_close_the_gap(record: Record, random: Random) -> int:
    position = drop_an_event(record, random)
    for moved in range(position + 1, record.head + 1):
        record.run(f"UPDATE stored_events SET position = {moved - 1} WHERE position = {moved}")  # noqa: S608
    return position


def double_an_event(record: Record, random: Random) -> int:
    position = random.randint(1, record.head)
    record.run(
        "INSERT INTO stored_events SELECT"  # noqa: S608
        f" {record.head + 1}, originator_id, originator_version + 1000, topic, state, recorded_at"
        f" FROM stored_events WHERE position = {position}"
    )
    return record.head + 1


def swap_two_events(record: Record, random: Random) -> int:
    one, other = sorted(random.sample(range(1, record.head + 1), 2))
    first, second = record.bytes_at(one), record.bytes_at(other)
    record.put(one, second)
    record.put(other, first)
    return one


def back_date_an_event(record: Record, random: Random) -> int:
    position = random.randint(1, record.head)
    data = record.bytes_at(position)
    at = data.index(b'"recorded_at":"20') + len(b'"recorded_at":"20')
    record.put(position, data[:at] + b"01" + data[at + 2 :])
    return position


def back_date_an_event_and_its_column(record: Record, random: Random) -> int:
    position = back_date_an_event(record, random)
    column = "'2001' || substr(recorded_at, 5)"
    record.run(f"UPDATE stored_events SET recorded_at = {column} WHERE position = {position}")  # noqa: S608
    return position


def cut_the_tail(record: Record, random: Random) -> int:
    position = random.randint(1, record.head)
    record.run(f"DELETE FROM stored_events WHERE position >= {position}")  # noqa: S608
    return position


def edit_a_column(record: Record, random: Random) -> int:
    position = random.randint(1, record.head)
    other = "'00000000-0000-7000-8000-000000000000'" if record.settings.database else "'f' || substr(originator_id, 2)"
    edits = {
        "topic": "'claim.made.v9'",
        "recorded_at": "'2001' || substr(recorded_at, 5)",
        "originator_version": "originator_version + 5000",
        "originator_id": other,
    }
    column = random.choice(list(edits))
    record.run(f"UPDATE stored_events SET {column} = {edits[column]} WHERE position = {position}")  # noqa: S608
    return position


def swap_two_tiles(record: Record, random: Random) -> int:
    for before, after in ((0, 9), (1, 0), (9, 1)):
        record.run(f'UPDATE tiles SET "index" = {after} WHERE level = 0 AND "index" = {before}')  # noqa: S608
    return 1


def edit_a_tile(record: Record, random: Random) -> int:
    tile, n = random.randrange(2), random.randrange(256)
    kept = record.ledger.recorder.tile(0, tile)
    assert kept is not None
    altered = kept[: 32 * n] + random.randbytes(32) + kept[32 * n + 32 :]
    record.run(f'UPDATE tiles SET hashes = {record.literal(altered)} WHERE level = 0 AND "index" = {tile}')  # noqa: S608
    return 256 * tile + n + 1


def edit_the_hash_above_a_tile(record: Record, random: Random) -> int:
    tile = random.randrange(2)
    root = record.literal(random.randbytes(32))
    record.run(f'UPDATE tiles SET root = {root} WHERE level = 0 AND "index" = {tile}')  # noqa: S608
    return 256 * (tile + 1)


def forge_a_checkpoint(record: Record, random: Random) -> None:
    note = Note.read((record.settings.data / "checkpoint").read_bytes())
    text = note.text.replace(f"\n{record.head}\n", f"\n{record.head - 1}\n")
    stranger = Signer.new("log.example/desk")
    forged = random.choice([Note(text, note.signatures), Note(text, (stranger.sign(text),)), Note(note.text, ())])
    written = str(forged).replace("'", "''")
    record.run(f"UPDATE checkpoints SET note = '{written}'")  # noqa: S608
    (record.settings.data / "checkpoint").write_text(str(forged))


def roll_back_to_an_older_record(record: Record, random: Random) -> None:
    older = random.randint(1, record.head - 1)
    record.run(f"DELETE FROM stored_events WHERE position > {older}")  # noqa: S608
    record.run(f'DELETE FROM tiles WHERE 256 * ("index" + 1) > {older}')  # noqa: S608
    record.run("DELETE FROM checkpoints")


def replace_the_key(record: Record, random: Random) -> None:
    LogKeys(Signer.new("log.example/desk")).write(record.settings.data / "log.key")


TAMPERS: tuple[Tamper, ...] = (
    *(alter_a_byte, drop_an_event, double_an_event, swap_two_events, back_date_an_event),
    *(back_date_an_event_and_its_column, cut_the_tail, edit_a_column, swap_two_tiles, edit_a_tile),
    *(edit_the_hash_above_a_tile, forge_a_checkpoint, roll_back_to_an_older_record, replace_the_key),
)


def found(record: Record, what: str) -> int | None:
    """Return the position that the check of the record names, None where it names none; fail where it finds nothing."""
    try:
        check_log(record.ledger.recorder, record.ledger.recorder.last_position())
        notary_of(record.settings, record.ledger).compare()
    except Wrong as wrong:
        return wrong.position
    except Contradiction:
        return None
    pytest.fail(f"nothing was found: {what}")


def test_whatever_is_altered_is_found_and_named(record: Record) -> None:
    random = Random(2026)
    for n in range(CASES):
        tamper = TAMPERS[n % len(TAMPERS)]
        with put_back(record):
            expected = tamper(record, random)
            named = found(record, tamper.__name__)
            where = f"case {n}, {tamper.__name__}: position {expected}, {named} was named"
            assert named is None or expected is None or named == expected, where
            assert named is not None or expected is None or tamper in (cut_the_tail,), where
    check_log(record.ledger.recorder, record.head)
    notary_of(record.settings, record.ledger).compare()


def test_a_gap_that_was_closed_is_found_too(record: Record) -> None:
    with put_back(record):
        expected = drop_an_event_and_close_the_gap(record, Random(5))
        assert found(record, "a gap") in (expected, None)


def test_the_folder_may_be_read_by_nobody_else(record: Record) -> None:
    assert Path(record.settings.data).stat().st_mode & 0o077 == 0
