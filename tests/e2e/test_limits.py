"""How often anybody may ask, and what who asks too often is told."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from service.api.limiting import address_of
from tests.e2e.desk import Server, open_account, serving
from tests.e2e.test_conventions import problem

SOURCE = {"name": "A think tank", "kind": "monitor"}


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, list[str]]]:
    data: Path = tmp_path_factory.mktemp("limited")
    keys = [open_account(data, f"editor-{n}", "editor") for n in range(4)]
    limits = {"reads_per_minute": "4", "writes_per_minute": "2", "failed_keys_per_minute": "3"}
    with serving(data, None, **limits, open_reading="true") as server:
        yield server, keys


def test_who_reads_too_often_is_told_when_to_come_back(limited: tuple[Server, list[str]]) -> None:
    server, keys = limited
    with server.client(keys[0]) as client:
        answers = [client.get("/incidents") for _ in range(4)]
        assert [answer.headers["ratelimit"].partition(";t=")[0] for answer in answers] == [
            f'"reads";r={left}' for left in (3, 2, 1, 0)
        ]
        assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"reads";q=4;w=60'}
        refused = client.get("/incidents")
        problem(refused, 429, "TooManyRequests")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.headers["ratelimit"].startswith('"reads";r=0;t=')
        assert "content-security-policy" in refused.headers
        assert httpx2.get(f"{server.url}/healthz/ready").status_code == 200


def test_each_key_has_a_limit_of_its_own_and_writes_another_than_reads(limited: tuple[Server, list[str]]) -> None:
    server, keys = limited
    with server.client(keys[1]) as first, server.client(keys[2]) as second:
        assert [first.post("/sources", json=SOURCE).status_code for _ in range(3)] == [201, 201, 429]
        assert first.get("/incidents").status_code == 200
        assert second.post("/sources", json=SOURCE).status_code == 201


def test_made_up_keys_count_for_the_address_that_sent_them(tmp_path: Path) -> None:
    key = open_account(tmp_path, "editor-1", "editor")
    with serving(tmp_path, failed_keys_per_minute="3") as server, server.client() as client:
        guesses = [{"Authorization": f"Bearer orc_{n:012d}_guess"} for n in range(4)]
        answers = [client.get("/incidents", headers=guess) for guess in guesses]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        right = client.get("/incidents", headers={"Authorization": f"Bearer {key}"})
        problem(right, 429, "TooManyRequests")
        assert client.get("/incidents").status_code == 401


@pytest.mark.parametrize("reads", ["0", "100"])
def test_made_up_keys_are_counted_whether_reads_are_limited_or_not(tmp_path: Path, reads: str) -> None:
    limits = {"reads_per_minute": reads, "failed_keys_per_minute": "3"}
    with serving(tmp_path, None, **limits) as server, server.client() as client:
        guesses = [{"Authorization": f"Bearer orc_{n:012d}_guess"} for n in range(4)]
        assert [client.get("/incidents", headers=guess).status_code for guess in guesses] == [401, 401, 401, 429]


def test_without_a_limit_no_limit_is_told(tmp_path: Path) -> None:
    off = {"reads_per_minute": "0", "failed_keys_per_minute": "0"}
    with serving(tmp_path, None, **off, open_reading="true") as server, server.client() as client:
        answers = [client.get("/incidents") for _ in range(20)]
        assert {answer.status_code for answer in answers} == {200}
        assert "ratelimit" not in answers[-1].headers


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("192.0.2.7", 4000), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 4000), "2001:db8:1:2::/64"),
        (("testclient", 1), "testclient"),
        (None, ""),
    ],
)
def test_an_address_is_what_one_caller_has(client: tuple[str, int] | None, address: str) -> None:
    assert address_of({"client": client}) == address
