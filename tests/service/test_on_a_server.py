"""A record on a server by one setting: the same commands, the same service, and a password that nobody is told."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from service.ledger import NoLedger
from service.settings import BadSettings, Settings
from tests import postgres
from tests.service.command_line import onrecord, running
from tests.service.ledgers import ask, begin, claim, open_ledger


def test_a_record_on_a_server_is_there_for_every_process_that_names_it(database: str, tmp_path: Path) -> None:
    with pytest.raises(NoLedger, match="the database"):
        open_ledger(tmp_path / "one", database, read_only=True)
    with open_ledger(tmp_path / "one", database) as one:
        incident, report = begin(one)
        with open_ledger(tmp_path / "two", database, read_only=True) as two:
            assert two.id == one.id
            receipt = one.execute_now(ask(claim(incident, report)))
            assert two.read_raw(receipt.position - 1, 9) == one.read_raw(receipt.position - 1, 9)
    assert not (tmp_path / "one" / "ledger.sqlite").exists()


def test_the_commands_work_on_a_server_as_on_a_file(database: str, tmp_path: Path) -> None:
    settings = {"ONRECORD_DATABASE": database}
    assert "no record in the database" in onrecord(tmp_path, "log", **settings).err
    assert "a new, empty record" in onrecord(tmp_path, "migrate", **settings).err
    opened = onrecord(tmp_path, "accounts", "open", "Reporter", **settings)
    assert (opened.code, onrecord(tmp_path / "elsewhere", "accounts", "list", **settings).code) == (0, 0)
    assert "Reporter" in onrecord(tmp_path / "elsewhere", "accounts", "list", **settings).out
    checked = onrecord(tmp_path, "doctor", "--json", **settings)
    assert (checked.code, [one["check"] for one in checked.objects()]) == (0, ["log", "views", "evidence"])
    assert "pg_dump" in onrecord(tmp_path, "backup", tmp_path / "copy", **settings).err


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:very-secret@word@host/record",
        "postgresql://me:very-secret/word@host/record",
        "postgresql://me:100%very-secret@host/record",
        "postgres//me:very-secret@host/record",
        "host=somewhere password=very-secret",
    ],
)
def test_an_address_that_is_none_is_told_without_what_it_says(address: str, tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as problem:
        Settings.read(database=address)
    assert "postgresql://USER:PASSWORD@HOST/NAME" in str(problem.value)
    assert "very-secret" not in f"{problem.value!r} {problem.value.__cause__!r} {problem.value.__cause__}"
    told = onrecord(tmp_path, "log", ONRECORD_DATABASE=address)
    assert told.code == 2
    assert "very-secret" not in told.err


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://host/record",
        "postgres://me@host:5432/record",
        "postgresql://me:a%40b@one:5432,two:5433/record?target_session_attrs=read-write&sslmode=verify-full",
        "postgresql://me:pass@[::1]:5432/record",
        "postgresql:///record?host=/run/postgresql",
    ],
)
def test_an_address_is_taken_as_the_database_itself_takes_it(address: str) -> None:
    assert Settings.read(database=address).database == SecretStr(address)


def test_a_password_is_not_told_by_the_settings_nor_by_a_command_that_does_not_reach_the_server(tmp_path: Path) -> None:
    address = f"postgresql://me:very-secret@127.0.0.1:{postgres._free_port()}/record"
    assert "very-secret" not in f"{Settings.read(database=address)!r}"
    told = onrecord(tmp_path, "log", ONRECORD_DATABASE=address, ONRECORD_DATABASE_WAIT="0.2")
    assert told.code == 5
    assert "127.0.0.1" in told.err  # why, and where
    assert "very-secret" not in told.err + told.out


def test_a_service_waits_for_a_database_that_is_started_after_it(
    postgres_server: postgres.Server, database: str, tmp_path: Path
) -> None:
    postgres_server.stop()
    try:
        with running(tmp_path, "serve", "--port", "0", ONRECORD_DATABASE=database) as service:
            assert service.stderr is not None
            waiting = service.stderr.readline().decode()
            postgres_server.start()
            serves = any(b'"serving"' in line for line in service.stderr)
    finally:
        if not postgres_server.runs:
            postgres_server.start()
    assert "the database does not answer" in waiting
    assert postgres.PASSWORD not in waiting
    assert serves
