"""Backups put in the place of a record: what is older than its views is found, and the message says what to do."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests import postgres
from tests.e2e.desk import Desk, open_account, serving
from tests.service.command_line import Done, onrecord
from tests.service.ledgers import ask, begin, claim, open_ledger

WHAT_TO_DO = "`onrecord views rebuild` builds the views anew from this log"


class Record:
    """A record on either database, whose log can be backed up and put back beside its views."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder, self.database, self._kept = folder / "data", database, folder / "kept"
        with open_ledger(self.folder, database) as ledger:
            self.desk = begin(ledger)

    def run(self, *command: str) -> Done:
        return onrecord(self.folder, *command, ONRECORD_DATABASE=self.database)

    def write(self, *texts: str) -> None:
        with open_ledger(self.folder, self.database) as ledger:
            for text in texts:
                ledger.execute_now(ask(claim(*self.desk, text)))

    def back_up_log(self) -> None:
        if self.database:
            postgres.dump(self.database, self._kept, "--schema=onrecord")
        else:
            assert self.run("backup", str(self._kept)).code == 0

    def put_log_back(self) -> None:
        if self.database:
            postgres.restore(self.database, self._kept)
        else:
            for name in ("ledger.sqlite-wal", "ledger.sqlite-shm"):
                (self.folder / name).unlink(missing_ok=True)
            shutil.copy(self._kept / "ledger.sqlite", self.folder)


@pytest.fixture(params=["sqlite", "postgres"])
def record(request: pytest.FixtureRequest, tmp_path: Path) -> Record:
    """Return a record of three events."""
    return Record(tmp_path, request.getfixturevalue("database") if request.param == "postgres" else "")


def assert_found(record: Record) -> None:
    """Assert that the service does not start over views that show what the log does not hold, and says what to do."""
    done = record.run("serve", "--port", "0")
    assert (done.code, WHAT_TO_DO in done.err) == (3, True), done.err
    checked = record.run("doctor")
    assert (checked.code, "`onrecord views rebuild`" in checked.out) == (3, True)


def assert_mended(record: Record, head: int) -> None:
    """Assert that what the message says helps."""
    assert record.run("views", "rebuild", "--quiet").code == 0
    assert record.run("log", "--json").objects()[-1]["position"] == head
    assert record.run("doctor").code == 0


def test_views_that_are_ahead_of_a_log_that_was_put_back_are_found(record: Record) -> None:
    record.write("before")
    record.back_up_log()
    record.write("after", "after that")
    assert record.run("log", "--to", "1").code == 0  # the views show all of it now
    record.put_log_back()
    assert_found(record)
    assert_mended(record, 4)


def test_a_log_that_was_put_back_and_written_to_is_told_from_the_one_that_was(record: Record) -> None:
    record.write("before")
    record.back_up_log()
    record.write("after", "after that")
    assert record.run("log", "--to", "1").code == 0
    record.put_log_back()
    record.write("something else", "and more", "so that there is position 6, and 7")
    assert_found(record)
    assert_mended(record, 7)


def test_a_backup_is_a_record_in_a_new_place(record: Record, tmp_path: Path, postgres_server: postgres.Server) -> None:
    record.write("before")
    assert record.run("log", "--to", "1").code == 0
    if not record.database:
        assert record.run("backup", str(tmp_path / "new")).code == 0
        assert onrecord(tmp_path / "new", "doctor").code == 0
        return
    postgres.dump(record.database, tmp_path / "dump")
    with postgres_server.database() as new:
        postgres.restore(new, tmp_path / "dump")
        done = onrecord(tmp_path / "new", "doctor", ONRECORD_DATABASE=new)
        assert done.code == 0
        assert "show the log up to its end" in done.out


def test_a_server_that_was_copied_while_it_ran_holds_the_record(database: str, tmp_path: Path) -> None:
    record = Record(tmp_path, database)
    record.write("before")
    assert record.run("log", "--to", "1").code == 0
    with postgres.server(backup_of=database) as restored:
        record.write("after")
        with open_ledger(tmp_path / "new", restored.url(database.rpartition("/")[2])) as ledger:
            assert [one.position for one in ledger.read(0, 9)] == [1, 2, 3, 4]
            ledger.execute_now(ask(claim(*record.desk, "elsewhere")))
        done = onrecord(tmp_path / "new", "doctor", ONRECORD_DATABASE=restored.url(database.rpartition("/")[2]))
        assert done.code == 0


def test_a_service_whose_database_was_put_back_beneath_it_shows_what_is_left_and_goes_on(
    database: str, tmp_path: Path
) -> None:
    key = open_account(tmp_path, "Editor", "editor", database=database)
    record = Record(tmp_path, database)
    assert record.run("log", "--to", "1").code == 0
    postgres.dump(database, tmp_path / "dump")  # of the log and the views
    record.write("one", "two", "three")
    with serving(tmp_path / "served", database=database) as server, server.client(key) as client:
        desk, path = Desk(client), f"/incidents/{record.desk[0]}"
        assert len(desk.get(f"{path}/claims")["items"]) == 3
        postgres.restore(database, tmp_path / "dump")
        assert until(lambda: desk.get(f"{path}/claims")["items"] == [])
        body = {"report": str(record.desk[1]), "wording": {"text": "after", "language": "en"}}
        assert desk.post(f"{path}/claims", body)["version"] == 3
        assert [one["wording"]["text"] for one in desk.get(f"{path}/claims")["items"]] == ["after"]
        assert httpx2.get(f"{server.url}/healthz/ready").status_code == 200


def test_a_service_beneath_which_the_log_alone_was_put_back_is_not_ready_until_its_views_are_built_anew(
    database: str, tmp_path: Path
) -> None:
    key = open_account(tmp_path, "Editor", "editor", database=database)
    record = Record(tmp_path, database)
    record.back_up_log()
    record.write("one", "two", "three")
    with serving(tmp_path / "served", database=database) as server, server.client(key) as client:
        path, ready = f"/incidents/{record.desk[0]}/claims", f"{server.url}/healthz/ready"
        record.put_log_back()
        assert until(lambda: httpx2.get(ready).status_code == 503)
        refused = client.get(path)
        assert (refused.status_code, "needs an operator" in refused.text) == (503, True)
        assert record.run("views", "rebuild", "--quiet").code == 0
        assert until(lambda: httpx2.get(ready).status_code == 200)
        assert client.get(path).json()["items"] == []


def until(holds: Callable[[], bool]) -> bool:
    """Ask until it holds, for a minute at the most, and tell whether it does."""
    over = time.monotonic() + 60
    while time.monotonic() < over:
        if holds():
            return True
    return False
