"""kill -9 in the middle of 64 writers, again and again: nothing acknowledged is lost, nothing is doubled."""

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

from projections.runner import Runner
from service.ledger import Receipt
from tests.projections.test_histories import all_rows
from tests.service.ledgers import ask, begin, claim, open_ledger

ROUNDS = 20
WRITERS = 64

CHILD = """
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


def one_round(folder: Path, incident: str, report: str, number: int, lines_before_the_kill: int) -> dict[str, int]:
    """Let 64 writers write until so many answers came, kill them, and return what was acknowledged."""
    command = [sys.executable, "-c", CHILD, str(folder), incident, report, str(number)]
    acknowledged: dict[str, int] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as child:
        assert child.stdout is not None
        watchdog = threading.Timer(60, child.kill)
        watchdog.start()
        for line in child.stdout:
            if line.endswith("\n"):
                key, position = line.split()
                acknowledged[key] = int(position)
            if len(acknowledged) == lines_before_the_kill:
                os.kill(child.pid, signal.SIGKILL)
        watchdog.cancel()
    return acknowledged


def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
    chance = random.Random(20240806)
    acknowledged: dict[str, int] = {}
    for number in range(ROUNDS):
        acknowledged |= one_round(tmp_path, str(incident), str(report), number, chance.randint(1, 400))
        with open_ledger(tmp_path) as ledger, Runner.open(tmp_path / "views.sqlite") as views:
            head = ledger.head()
            events = ledger.read(0, head + 1)
            assert [one.position for one in events] == list(range(1, head + 1))
            texts = [one.event.wording.text for one in events[3:]]  # type: ignore[union-attr]
            assert len(set(texts)) == len(texts)
            assert all(texts[position - 4] == key for key, position in acknowledged.items())
            retried = ledger.execute_many(
                ask(claim(incident, report, key), key) for key in list(acknowledged)[-WRITERS:]
            )
            assert all(isinstance(one, Receipt) and one.replayed for one in retried)
            assert ledger.head() == head
            assert views.catch_up(ledger.read_raw) == head
    assert len(acknowledged) > ROUNDS
    views_of, anew_in = tmp_path / "views.sqlite", tmp_path / "anew.sqlite"
    with open_ledger(tmp_path) as ledger, Runner.open(views_of) as followed, Runner.open(anew_in) as anew:
        anew.catch_up(ledger.read_raw)
        assert all_rows(followed) == all_rows(anew)
