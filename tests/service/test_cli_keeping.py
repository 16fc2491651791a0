"""`onrecord views`, `accounts`, `keys`, `doctor`, `backup` and `migrate`: keeping a record well."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from domain.incident_commands import AttachEvidence
from domain.source_commands import RegisterSource
from projections.catalogue import VIEWS
from projections.runner import Runner
from service.evidence import EvidenceStore
from service.ledger import Ledger
from service.settings import Settings
from service.views import open_views
from tests.projections.test_histories import all_rows
from tests.service.command_line import many_sources, onrecord, source, write_rows
from tests.service.ledgers import ask, begin, claim, open_ledger


@pytest.fixture
def record(story: Path, tmp_path: Path) -> Path:
    """Return a record of one's own, with the story on it."""
    return Path(shutil.copytree(story, tmp_path / "record"))


def change(file: Path, statement: str) -> None:
    """Change a database file behind the program's back."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(statement)


def test_the_views_are_listed_with_how_far_they_are(story: Path) -> None:
    views = onrecord(story, "views", "list", "--json").objects()
    assert [view["view"] for view in views] == [view.name for view in VIEWS]
    assert {(view["state"], view["behind"]) for view in views} == {("live", 0)}


def test_a_view_is_built_anew_and_the_others_are_left_alone(record: Path) -> None:
    change(record / "views.sqlite", "DELETE FROM claims")
    assert onrecord(record, "replay", "INC-Q6V7NE", "--at", "1").code == 0
    done = onrecord(record, "views", "rebuild", "claims")
    assert done.code == 0
    assert "claims: built anew" in done.err
    with closing(sqlite3.connect(record / "views.sqlite")) as connection:
        assert connection.execute("SELECT COUNT(*) FROM claims").fetchone()[0] > 0


def test_while_another_process_has_the_record_writing_is_refused_and_reading_goes_on(record: Path) -> None:
    with Ledger.open(Settings(data=record)):
        done = onrecord(record, "accounts", "open", "anna")
        assert done.code == 5
        assert "another process writes" in done.err
        assert onrecord(record, "migrate").code == 5
        assert onrecord(record, "log", "--to", "1").code == 0


def test_a_view_is_built_anew_while_another_process_follows_the_log(record: Path) -> None:
    with Ledger.open(Settings(data=record)) as ledger, open_views(Settings(data=record)) as live:
        ledger.on_commit(live.wake)
        live.start(ledger.read_raw)
        assert onrecord(record, "views", "rebuild").code == 0
        ledger.execute_now(ask(RegisterSource(name="After the rebuild", kind="outlet")))
        assert live.wait_for(ledger.head(), 60)
        with Runner.open(record.parent / "anew.sqlite") as anew:
            anew.catch_up(ledger.read_raw)
            assert all_rows(live) == all_rows(anew)


def test_a_view_of_another_name_is_a_usage_error(story: Path) -> None:
    done = onrecord(story, "views", "rebuild", "claim")
    assert done.code == 2
    assert "the views are incidents, claims" in done.err


def test_a_view_that_failed_is_named_with_what_to_do(record: Path) -> None:
    change(record / "views.sqlite", "UPDATE checkpoints SET error = 'at 9: KeyError' WHERE view = 'claims'")
    done = onrecord(record, "log", "--to", "1")
    assert "the view claims failed at 9: KeyError" in done.err
    assert "`onrecord views rebuild claims`" in done.err
    assert onrecord(record, "doctor").code == 3


def test_accounts_are_opened_granted_listed_and_closed(tmp_path: Path) -> None:
    opened = onrecord(tmp_path, "accounts", "open", "anna")
    account = opened.out.strip()
    assert onrecord(tmp_path, "accounts", "grant", "anna", "editor").code == 0
    assert onrecord(tmp_path, "accounts", "grant", account, "reporter").code == 0
    assert onrecord(tmp_path, "accounts", "revoke", "anna", "reporter", "--reason", "Moved to another desk").code == 0
    (listed,) = onrecord(tmp_path, "accounts", "list", "--json").objects()
    assert listed == {"account": account, "name": "anna", "kind": "person", "state": "open", "roles": ["editor"]}
    assert onrecord(tmp_path, "accounts", "close", "anna", "--reason", "Left").code == 0
    assert onrecord(tmp_path, "accounts", "list").out.split("\t")[1:4] == ["anna", "person", "closed"]
    refused = onrecord(tmp_path, "accounts", "grant", "anna", "editor")
    assert refused.code == 4
    assert refused.err.startswith("onrecord: refused: ")


def test_keys_are_issued_listed_and_revoked_and_their_secrets_are_kept_nowhere(tmp_path: Path) -> None:
    onrecord(tmp_path, "accounts", "open", "anna", "--kind", "machine")
    secret = onrecord(tmp_path, "keys", "issue", "anna", "--scope", "reporter", "--expires", "2999-01-01").out.strip()
    key = secret.split("_")[1]
    (listed,) = onrecord(tmp_path, "keys", "list", "anna", "--json").objects()
    assert (listed["key"], listed["scopes"], listed["state"]) == (key, ["reporter"], "issued")
    assert listed["expires"].startswith("2999-01-01T00:00:00")
    assert onrecord(tmp_path, "keys", "revoke", key, "--reason", "Lost").code == 0
    assert "revoked" in onrecord(tmp_path, "keys", "list").out
    assert all(secret.encode() not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("accounts", "open", "anna", "--kind", "robot"), "robot"),
        (("accounts", "grant", "anna", "king"), "king"),
        (("keys", "issue", "anna", "--scope", "king"), "king"),
        (("keys", "issue", "anna", "--expires", "soon"), "soon"),
        (("keys", "revoke", "nokey", "--reason", "x"), "nokey"),
        (("accounts", "close", "nobody", "--reason", "x"), "nobody"),
        (("accounts", "open", ""), "name"),
    ],
)
def test_a_name_that_means_nothing_is_a_usage_error(story: Path, arguments: tuple[str, ...], named: str) -> None:
    done = onrecord(story, *arguments)
    assert done.code == 2
    assert named in done.err


def test_a_record_that_is_well_is_said_to_be_and_what_was_looked_at(record: Path) -> None:
    done = onrecord(record, "doctor")
    assert done.code == 0
    assert [line.split(":")[0].split()[-1] for line in done.out.splitlines()] == ["file", "log", "views", "evidence"]
    assert all(line.startswith("well ") for line in done.out.splitlines())


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE stored_events SET state = 'x' WHERE position = 7", "position 7 cannot be read"),
        ("UPDATE stored_events SET topic = 'claim.thought.v1' WHERE position = 7", "position 7 is kept under"),
        ("DELETE FROM stored_events WHERE position = 7", "holds"),
        (
            "UPDATE stored_events SET recorded_at = '2024-01-01T00:00:00.000000Z' WHERE position = 7",
            "position 7 is kept under the recorded time 2024-01-01T00:00:00.000000Z, which is not its own",
        ),
        ("UPDATE stored_events SET recorded_at = NULL WHERE position = 7", "position 7 is kept under the recorded"),
        (
            "UPDATE stored_events SET originator_id = 'c0ffee' WHERE position = 7",
            "position 7 is kept under the aggregate c0ffee, which is not its own",
        ),
        (
            "UPDATE stored_events SET originator_version = 999 WHERE position = 7",
            "position 7 is kept under the version 999, which is not its own",
        ),
    ],
)
def test_a_log_that_was_changed_is_found_out(record: Path, statement: str, said: str) -> None:
    change(record / "ledger.sqlite", statement)
    done = onrecord(record, "doctor")
    assert done.code == 3
    assert said in done.out
    assert "what to do: restore a backup" in done.out


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stored_events SET state = 'x' WHERE position = 7",
        "UPDATE stored_events SET state = replace(CAST(state AS TEXT), 'person', 'robot') WHERE position = 1",
    ],
)
def test_reading_an_event_that_was_changed_ends_and_says_so(record: Path, statement: str) -> None:
    change(record / "ledger.sqlite", statement)
    done = onrecord(record, "log")
    assert done.code == 3
    assert "run `onrecord doctor`" in done.err


def test_a_file_that_is_no_database_is_found_out(record: Path) -> None:
    for name in ("ledger.sqlite-wal", "ledger.sqlite-shm"):
        (record / name).unlink(missing_ok=True)
    (record / "ledger.sqlite").write_bytes(b"not what it was" * 1_000)
    assert onrecord(record, "doctor").code == 3
    assert onrecord(record, "log").code == 3


def test_views_that_are_ahead_of_the_log_are_found_out_with_what_to_do(story: Path, tmp_path: Path) -> None:
    older = tmp_path / "older"
    onrecord(older, "import", write_rows(tmp_path / "rows.ndjson", source("a")))
    shutil.copy(story / "views.sqlite", older / "views.sqlite")
    for command in (("doctor",), ("log",), ("serve", "--port", "0")):
        done = onrecord(older, *command)
        assert done.code == 3
        assert "onrecord views rebuild" in done.out + done.err
    assert onrecord(older, "views", "rebuild", "--quiet").code == 0
    assert onrecord(older, "doctor").code == 0
    assert len(onrecord(older, "log").out.splitlines()) == 1


def test_views_that_are_damaged_are_found_out_and_what_to_do(record: Path) -> None:
    for name in ("views.sqlite-wal", "views.sqlite-shm"):
        (record / name).unlink(missing_ok=True)
    (record / "views.sqlite").write_bytes(b"not what it was" * 1_000)
    done = onrecord(record, "doctor")
    assert done.code == 3
    assert "they are built anew" in done.out


def test_an_evidence_file_that_was_changed_is_found_out(record: Path) -> None:
    EvidenceStore(record / "evidence", 1_000)
    file = record / "evidence" / "sha256" / "ab" / ("ab" * 32)
    file.parent.mkdir()
    file.write_text("not these bytes")
    done = onrecord(record, "doctor")
    assert done.code == 3
    assert "its bytes are not those that were stored" in done.out
    assert onrecord(record, "doctor", "--skip-evidence").code == 0


def test_evidence_of_which_only_the_hash_is_here_is_told_and_is_no_fault(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        made = ledger.execute_now(ask(claim(incident, report)))
        hash_ = f"sha256:{'ab' * 32}"
        supports = (UUID(made.ids["claim"]),)
        attach = AttachEvidence(incident=incident, supports=supports, kind="photo", hash=hash_)
        ledger.execute_now(ask(attach))
    done = onrecord(tmp_path, "doctor")
    assert done.code == 0
    assert (
        "0 files read, each with the SHA-256 that names it; 1 attached by a hash of which no file is here" in done.out
    )


def test_a_backup_of_a_record_in_use_is_a_record_with_its_evidence(record: Path, tmp_path: Path) -> None:
    evidence = record / "evidence" / "sha256" / "e3"
    evidence.mkdir(parents=True)
    (evidence / "file").write_bytes(b"bytes")
    with Ledger.open(Settings(data=record)) as ledger:
        done = onrecord(record, "backup", tmp_path / "copy")
        head = ledger.head()
    assert done.code == 0
    assert f"{head} events and 1 evidence files copied" in done.err
    assert (tmp_path / "copy" / "evidence" / "sha256" / "e3" / "file").read_bytes() == b"bytes"
    assert onrecord(tmp_path / "copy", "log", "--json").objects()[-1]["position"] == head
    assert onrecord(record, "backup", tmp_path / "copy").code == 4


def test_migrating_makes_an_empty_record_or_says_that_all_is_up_to_date(tmp_path: Path) -> None:
    assert "a new, empty record" in onrecord(tmp_path / "data", "migrate").err
    onrecord(tmp_path / "data", "import", many_sources(tmp_path / "rows.ndjson", 3))
    assert "up to date; 3 events" in onrecord(tmp_path / "data", "migrate").err


def test_a_record_of_a_newer_version_is_not_touched(record: Path) -> None:
    change(record / "ledger.sqlite", "PRAGMA user_version = 99")
    done = onrecord(record, "migrate")
    assert done.code == 1
    assert "use the newer version" in done.err


@pytest.mark.parametrize("command", [("log",), ("views", "list"), ("doctor",), ("export",), ("accounts", "list")])
def test_where_there_is_no_record_none_is_made(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = onrecord(tmp_path / "none", *command)
    assert done.code == 2
    assert "there is no record" in done.err
    assert not (tmp_path / "none").exists()
