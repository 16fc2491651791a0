"""Two services on one record: what one records the other shows, and both live through a database that is away."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests import postgres
from tests.e2e.desk import Desk, open_account, serving
from tests.e2e.test_live import events

INCIDENT = {"title": "Kursk incursion"}


@dataclass(frozen=True)
class Two:
    """Clients of an editor at two services."""

    one: httpx2.Client
    other: httpx2.Client
    processes: tuple[int, ...]
    said: Path


@pytest.fixture
def two(database: str, tmp_path: Path) -> Iterator[Two]:
    data = tmp_path / "data"
    editor = open_account(data, "editor-1", "reporter", "editor", database=database)
    with ExitStack() as held:
        said = held.enter_context((tmp_path / "said").open("wb"))
        settings = {"database": database, "database_wait": "2"}
        one, other = (held.enter_context(serving(data, said, None, **settings)) for _ in range(2))
        clients = (held.enter_context(server.client(editor)) for server in (one, other))
        yield Two(*clients, (one.process.pid, other.process.pid), tmp_path / "said")


def sooner_or_later(ask: Callable[[], httpx2.Response], status: int) -> httpx2.Response:
    """Ask until the answer has this status."""
    until = time.monotonic() + 60
    while (answer := ask()).status_code != status:
        assert time.monotonic() < until, answer.text
        time.sleep(0.05)
    return answer


def health(client: httpx2.Client, name: str) -> int:
    return client.get(f"{str(client.base_url).removesuffix('/api/v1/')}/healthz/{name}").status_code


def test_two_services_share_a_record_and_live_through_a_database_that_is_away(
    postgres_server: postgres.Server, two: Two
) -> None:
    opened = two.one.post("/incidents", json=INCIDENT, headers={"Idempotency-Key": "k"})
    assert opened.status_code == 201
    path = f"/incidents/{opened.json()['ids']['incident']}"
    assert two.other.get(path, headers={"X-Wait-Position": opened.headers["X-Position"]}).status_code == 200
    again = two.other.post("/incidents", json=INCIDENT, headers={"Idempotency-Key": "k"})
    assert again.headers["Idempotency-Replayed"] == "true"
    stale = two.other.post(
        f"{path}/description", json={"changes": {"title": "Another"}, "reason": "r"}, headers={"If-Match": '"7"'}
    )
    assert stale.status_code == 412

    postgres_server.stop()
    try:
        for client in (two.one, two.other):
            refused = client.post("/incidents", json=INCIDENT, headers={"Idempotency-Key": "k2"})
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
            assert "postgresql" not in refused.text
            refused = sooner_or_later(lambda client=client: client.get(path), 503)  # type: ignore[misc]
            assert refused.headers["Retry-After"] == "1"
            assert [health(client, name) for name in ("live", "ready")] == [200, 503]
    finally:
        postgres_server.start()

    answers = [
        sooner_or_later(lambda c=c: c.post("/incidents", json=INCIDENT, headers={"Idempotency-Key": "k2"}), 201)  # type: ignore[misc]
        for c in (two.one, two.other)
    ]
    assert answers[0].json()["position"] == answers[1].json()["position"]
    for client in (two.one, two.other):
        sooner_or_later(lambda client=client: client.get(path), 200)  # type: ignore[misc]
        assert health(client, "ready") == 200

    said = two.said.read_text()
    assert "the record cannot be read" in said
    assert postgres.PASSWORD not in said
    assert all(postgres.PASSWORD not in command for command in commands(two.processes))


def test_what_one_service_records_the_other_shows_streams_finds_and_serves(two: Two) -> None:
    with two.other.stream("GET", "/stream") as streamed:
        told = events(streamed)
        next(told)
        desk = Desk(two.one)
        claim = desk.claim("шість миль")
        assert next(one for one in told if claim in one.get("data", ""))["event"] == "claim.made.v1"
    elsewhere = Desk(two.other, desk.position)
    (hit,) = elsewhere.get("/search", q="ШІСТЬ мил")["items"]
    assert (hit["id"], hit["snippet"].startswith("[шість] [миль]")) == (claim, True)
    clip = two.one.post("/files", content=b"a clip").json()["hash"]
    assert two.other.get(f"/files/{clip}").content == b"a clip"


def test_a_service_that_is_killed_leaves_the_views_to_the_other(two: Two) -> None:
    desk, other = Desk(two.one), Desk(two.other)
    claims = [desk.claim("six miles")]
    os.kill(two.processes[0], signal.SIGKILL)
    other.ids = desk.ids
    claims += [other.claim(f"{n} miles") for n in range(7, 10)]
    sooner_or_later(
        lambda: two.other.get(f"{desk.incident}/claims", headers={"X-Wait-Position": f"{other.position}"}), 200
    )
    assert [one["claim"] for one in other.get(f"{desk.incident}/claims")["items"]] == claims


def test_more_may_read_at_once_than_there_are_connections(database: str, tmp_path: Path) -> None:
    editor = open_account(tmp_path, "editor-1", "reporter", "editor", database=database)
    with serving(tmp_path, None, None, database=database, database_connections="2") as server:
        with server.client(editor) as client:
            desk = Desk(client)
            desk.claim()
            desk.get(f"{desk.incident}/claims")

        def read(_number: int) -> set[int]:
            with server.client(editor) as client:
                return {client.get(f"{desk.incident}/claims").status_code for _ in range(10)}

        with ThreadPoolExecutor(60) as readers:
            assert set[int]().union(*readers.map(read, range(60))) == {200}


def commands(processes: tuple[int, ...]) -> list[str]:
    """Return the command lines of processes and of those that they started, as anybody on the machine reads them."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):  # it has ended meanwhile
            parent = int(status.read_text().partition("PPid:")[2].split()[0])
            if parent in processes or int(status.parent.name) in processes:
                found.append((status.parent / "cmdline").read_text())
    assert len(found) >= 2 * len(processes)
    return found
