"""`onrecord copy` as a user meets it: what it takes, what it tells, and how it ends."""

import hashlib
from pathlib import Path

import pytest

from domain.incident_commands import AttachEvidence
from tests import postgres
from tests.service.command_line import onrecord
from tests.service.copies import COPYING, Place, fill, held
from tests.service.ledgers import ask
from tests.service.test_killed import killed_after


def without_password(address: str) -> str:
    return address.replace(f":{postgres.PASSWORD}@", "@")


@pytest.fixture
def record(tmp_path: Path) -> Place:
    """Return a record with two evidence files, of which one is not here."""
    place = Place(str(tmp_path / "record"), tmp_path / "record")
    known = fill(place)
    here, elsewhere = put_evidence(place.folder, b"a photograph"), hashlib.sha256(b"elsewhere").hexdigest()
    with place.open() as ledger:
        for name in (here, elsewhere):
            attach = AttachEvidence(
                incident=known.incident, supports=(known.claim,), kind="photo", hash=f"sha256:{name}"
            )
            ledger.execute_now(ask(attach))
    return place


def put_evidence(folder: Path, data: bytes, name: str | None = None) -> str:
    """Put an evidence file into a data folder, under its own name or another, and return the name."""
    name = name or hashlib.sha256(data).hexdigest()
    file = folder / "evidence" / "sha256" / name[:2] / name
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    return name


def test_a_desk_moves_to_a_server_and_back(record: Place, database: str, tmp_path: Path) -> None:
    moved = onrecord(None, "copy", record.folder, "env:NEW_HOME", NEW_HOME=database)
    head = len(held(record)["stored_events"])
    assert moved.code == 0
    assert f"{head} events copied, {head} are in both records" in moved.err
    assert f"the evidence files stay where they are: serve with the data folder {record.folder}" in moved.err
    assert "1 attached by a hash of which no file is there" in moved.err
    assert postgres.PASSWORD not in moved.err
    assert onrecord(record.folder, "doctor", ONRECORD_DATABASE=database).code == 0
    back = tmp_path / "back"
    returned = onrecord(
        None, "copy", without_password(database), back, "--data", record.folder, PGPASSWORD=postgres.PASSWORD
    )
    assert returned.code == 0
    assert f"1 evidence files copied from {record.folder} to {back}" in returned.err
    assert [file.read_bytes() for file in (back / "evidence" / "sha256").rglob("*") if file.is_file()] == [
        b"a photograph"
    ]
    assert held(Place(str(back), back)) == held(record)
    assert onrecord(back, "doctor").code == 0
    assert onrecord(None, "copy", record.folder, back, "--quiet").err.startswith("0 evidence files copied")


def test_the_setting_for_the_database_is_not_that_of_a_folder(record: Place, tmp_path: Path) -> None:
    away = f"postgresql://me@127.0.0.1:{postgres._free_port()}/record"
    assert onrecord(None, "copy", record.folder, tmp_path / "other", ONRECORD_DATABASE=away).code == 0
    assert onrecord(None, "copy", record.folder, "env:ONRECORD_DATABASE", ONRECORD_DATABASE=away).code == 5


def test_a_password_on_the_command_line_is_refused_and_not_repeated(record: Place) -> None:
    for address in ("postgresql://me:very-secret@host/record", "postgresql://host/record?password=very-secret"):
        told = onrecord(None, "copy", record.folder, address)
        assert told.code == 2
        assert "env:ITS_NAME" in told.err
        assert "very-secret" not in told.err


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (("nowhere", "other"), 2, "there is no record in nowhere"),
        (("record", "record/../record"), 2, "are the same record"),
        (("record", "env:NO_SUCH_VARIABLE"), 2, "no variable NO_SUCH_VARIABLE"),
        (("record", "postgresql://a b"), 2, "write postgresql://"),
        (("record", "postgresql://127.0.0.1:1/record"), 5, "cannot be used now"),
    ],
)
def test_what_cannot_be_is_told(record: Place, given: tuple[str, str], code: int, said: str, tmp_path: Path) -> None:
    sides = [one if ":" in one else str(tmp_path / one) for one in given]
    told = onrecord(None, "copy", *sides)
    assert (told.code, said in told.err.replace(f"{tmp_path}/", "")) == (code, True), told.err


def test_another_record_is_a_conflict_and_a_damaged_file_a_mismatch(record: Place, tmp_path: Path) -> None:
    other = Place(str(tmp_path / "other"), tmp_path / "other")
    fill(other, claims=1)
    told = onrecord(None, "copy", record.folder, other.folder)
    assert (told.code, "holds another record" in told.err) == (4, True)
    name = put_evidence(record.folder, b"not what it was", "ab" * 32)
    told = onrecord(None, "copy", record.folder, tmp_path / "new")
    assert told.code == 3
    assert f"{name}: its bytes are not those that were stored; it was not copied" in told.err
    assert not list((tmp_path / "new" / "evidence" / "incoming").iterdir())
    assert onrecord(tmp_path / "new", "doctor").code == 0


def test_a_copy_that_was_not_finished_is_not_served(record: Place, tmp_path: Path) -> None:
    other = Place(str(tmp_path / "other"), tmp_path / "other")
    killed_after(2, COPYING, record.folder, "", other.folder, "", 2)
    for command in (("serve", "--port", "0"), ("log",), ("doctor",)):
        told = onrecord(other.folder, *command)
        assert told.code == 4
        assert "run the same `onrecord copy` again" in told.err
    assert onrecord(None, "copy", record.folder, other.folder).code == 0
    assert onrecord(other.folder, "log", "--to", "1").code == 0
