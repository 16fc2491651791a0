"""kill -9 at the worst moments: nothing acknowledged is lost, nothing is doubled, nothing is half there."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import orjson
import pytest

from domain.events import Actor
from projections.runner import Runner
from service.imports import import_file
from service.ledger import Ledger, Receipt
from service.settings import Settings
from service.views import open_views
from tests.e2e.desk import open_account, serving
from tests.projections.test_histories import all_rows
from tests.service.ledgers import ask, begin, claim, open_ledger

ROUNDS = 20
WRITERS = 64
ROOT = Path(__file__).parents[2]

WRITING = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from tests.service.ledgers import ask, claim, open_ledger

folder, incident, report, number = sys.argv[1:]

async def write(ledger, writer):
    count = 0
    while True:
        key = f"{number}:{writer}:{count}"
        receipt = await ledger.execute(ask(claim(UUID(incident), UUID(report), key), key))
        sys.stdout.write(f"{key} {receipt.position}\\n")
        sys.stdout.flush()
        count += 1

async def main():
    with open_ledger(Path(folder)) as ledger:
        await asyncio.gather(*(write(ledger, writer) for writer in range(64)))

asyncio.run(main())
"""

FOLLOWING = """
import sys
from pathlib import Path
from projections.runner import Runner
from tests.service.ledgers import open_ledger

folder, batch = sys.argv[1:]
with open_ledger(Path(folder), read_only=True) as ledger:
    with Runner.open(Path(folder) / "views.sqlite", batch=int(batch)) as views:
        def read(after, limit):
            print(after, flush=True)
            return ledger.read_raw(after, limit)
        views.catch_up(read)
"""

REBUILDING = """
import sys
from pathlib import Path
from projections.runner import Runner
from tests.service.ledgers import open_ledger

folder, batch = sys.argv[1:]
with open_ledger(Path(folder), read_only=True) as ledger:
    with Runner.open(Path(folder) / "views.sqlite", batch=int(batch)) as views:
        for status in views.status():
            views.rebuild(status.name, ledger.read_raw, lambda at: print(status.name, at, flush=True))
"""

IMPORTING = """
import sys
from pathlib import Path
from domain.events import Actor
from service.imports import import_file
from tests.service.ledgers import open_ledger

folder, file = sys.argv[1:]
with open_ledger(Path(folder)) as ledger:
    import_file(ledger, Path(file), Actor(), told=lambda summary: print(summary.rows, flush=True))
"""


PAUSED = """
import sys
from pathlib import Path
from uuid import UUID
from service.ledger import Unavailable
from tests.service.ledgers import ask, claim, open_ledger

folder, incident, report = sys.argv[1:]
with open_ledger(Path(folder)) as ledger:
    append = ledger._log.append

    def pausing(*given, **beside):
        print("has decided", flush=True)
        sys.stdin.readline()
        ledger._log.append = append
        append(*given, **beside)

    ledger._log.append = pausing
    try:
        ledger.execute_now(ask(claim(UUID(incident), UUID(report), "paused"), "k"))
    except Unavailable:
        print("has lost its turn", flush=True)
    while True:
        try:
            print(ledger.execute_now(ask(claim(UUID(incident), UUID(report), "paused"), "k")).position, flush=True)
            break
        except Unavailable:
            pass
"""


@contextmanager
def child(script: str, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
    """Run a script that tells on its standard output how far it is; it does not outlive the block."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as process:
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            process.kill()
            watchdog.cancel()


def killed_after(lines: int, script: str, *arguments: object) -> list[str]:
    """Run a script until it has told so many lines, kill it, and return all whole lines that it told."""
    told: list[str] = []
    with child(script, *arguments) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.endswith("\n"):
                told.append(line.strip())
            if len(told) == lines:
                os.kill(process.pid, signal.SIGKILL)
    assert len(told) >= lines, f"it ended after {len(told)} lines of {lines}"
    return told


def rows_built_anew(ledger: Ledger, folder: Path) -> dict[str, list[tuple[str, ...]]]:
    """Return the rows of views that were never stopped."""
    with Runner.open(folder / "anew.sqlite") as anew:
        anew.catch_up(ledger.read_raw)
        return all_rows(anew)


@pytest.mark.usefixtures("store")
@pytest.mark.timeout(600)  # twenty processes are started, one after the other
def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
    chance = random.Random(20240806)
    acknowledged: dict[str, int] = {}
    for number in range(ROUNDS):
        told = killed_after(chance.randint(1, 400), WRITING, tmp_path, incident, report, number)
        acknowledged |= {key: int(position) for key, position in (line.split() for line in told)}
        with open_ledger(tmp_path) as ledger, open_views(Settings(data=tmp_path)) as views:
            head = ledger.head()
            events = ledger.read(0, head + 1)
            assert [one.position for one in events] == list(range(1, head + 1))
            texts = [one.event.wording.text for one in events[3:]]  # type: ignore[union-attr]
            assert len(set(texts)) == len(texts)
            assert all(texts[position - 4] == key for key, position in acknowledged.items())
            retried = ledger.execute_many(
                ask(claim(incident, report, line.split()[0]), line.split()[0]) for line in told
            )
            assert all(isinstance(one, Receipt) and one.replayed for one in retried)
            assert ledger.head() == head
            assert views.catch_up(ledger.read_raw) == head
    assert len(acknowledged) > ROUNDS
    with open_ledger(tmp_path) as ledger, open_views(Settings(data=tmp_path)) as followed:
        assert all_rows(followed) == rows_built_anew(ledger, tmp_path)


def test_a_writer_that_is_stopped_in_its_turn_holds_nobody_up_and_overwrites_nothing(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONRECORD_DATABASE", database)
    monkeypatch.setenv("ONRECORD_DATABASE_IDLE_TIMEOUT", "2")
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        with child(PAUSED, tmp_path / "other", incident, report) as paused:
            assert paused.stdin is not None
            assert paused.stdout is not None
            assert paused.stdout.readline() == "has decided\n"
            os.kill(paused.pid, signal.SIGSTOP)
            made = ledger.execute_now(ask(claim(incident, report, "went on")))
            os.kill(paused.pid, signal.SIGCONT)
            paused.stdin.write("\n")
            paused.stdin.flush()
            told = [line.strip() for line in paused.stdout]  # the first is what it logged
            assert told[1:] == ["has lost its turn", str(made.position + 1)]
        texts = [one.event.wording.text for one in ledger.read(3, 9)]  # type: ignore[union-attr]
        assert texts == ["went on", "paused"]


def with_claims(folder: Path, count: int) -> None:
    """Make a ledger with so many claims of one report."""
    with open_ledger(folder) as ledger:
        incident, report = begin(ledger)
        ledger.execute_many(ask(claim(incident, report, f"claim {n}")) for n in range(count))


def test_views_killed_while_they_catch_up_go_on_to_the_same_rows(tmp_path: Path) -> None:
    with_claims(tmp_path, 200)
    for lines in (2, 5, 9):
        killed_after(lines, FOLLOWING, tmp_path, 7)
    with open_ledger(tmp_path) as ledger, open_views(Settings(data=tmp_path)) as views:
        assert 0 < views.position() < ledger.head()
        assert views.catch_up(ledger.read_raw) == ledger.head()
        assert all_rows(views) == rows_built_anew(ledger, tmp_path)


def test_a_rebuild_that_is_killed_leaves_the_rows_that_were_read(tmp_path: Path) -> None:
    with_claims(tmp_path, 100)
    with open_ledger(tmp_path) as ledger, open_views(Settings(data=tmp_path)) as views:
        views.catch_up(ledger.read_raw)
        expected = all_rows(views)
    for lines in (1, 9, 25, 60):
        last = killed_after(lines, REBUILDING, tmp_path, 2)[-1].split()[0]
        with open_ledger(tmp_path) as ledger, open_views(Settings(data=tmp_path)) as views:
            assert views.position() == ledger.head()
            assert all_rows(views) == expected
            views.rebuild(last, ledger.read_raw)  # what the killed one left does not stand in the way
            assert all_rows(views) == expected


def test_an_upload_that_is_killed_leaves_nothing_half_stored(tmp_path: Path) -> None:
    key = open_account(tmp_path, "reporter-1", "reporter")
    stored, incoming = tmp_path / "evidence" / "sha256", tmp_path / "evidence" / "incoming"

    def under_way() -> list[Path]:
        return [file for file in incoming.rglob("*") if file.is_file() and file.name != "lock"]

    def chunks() -> Iterator[bytes]:
        while True:  # a clip without an end: it is under way for as long as the server lives
            yield os.urandom(65_536)
            if any(file.stat().st_size > 1_000_000 for file in under_way()):
                os.kill(server.process.pid, signal.SIGKILL)

    for _ in range(2):
        with serving(tmp_path) as server, server.client(key) as client:
            assert under_way() == []
            assert client.post("/files", content=b"a whole clip").status_code in (200, 201)
            try:
                client.post("/files", content=chunks())
            except httpx2.TransportError:
                pass
            else:
                raise AssertionError("the server answered an upload that it was killed in")
        assert len(under_way()) == 1
        assert [file.read_bytes() for file in stored.rglob("*") if file.is_file()] == [b"a whole clip"]


@pytest.mark.usefixtures("store")
def test_an_import_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "rows.ndjson"
    rows: list[dict[str, object]] = [{"import": "killed"}]
    rows += [
        {"command": "source.register", "source": f"s{n}", "name": f"Source {n}", "kind": "outlet"} for n in range(5_000)
    ]
    file.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    for lines in (1, 2, 1, 3):
        killed_after(lines, IMPORTING, tmp_path, file)
    with open_ledger(tmp_path) as ledger:
        begun = ledger.head()
        summary = import_file(ledger, file, Actor())
        assert (summary.rows, summary.failed) == (5_000, 0)
        assert (summary.recorded, summary.before) == (5_000 - begun, begun)
        assert 0 < begun < 5_000
        events = ledger.read(0, 6_000)
        assert [one.event.name for one in events] == [f"Source {n}" for n in range(5_000)]  # type: ignore[union-attr]
        again = import_file(ledger, file, Actor())
        assert (again.recorded, again.before, ledger.head()) == (0, 5_000, 5_000)
