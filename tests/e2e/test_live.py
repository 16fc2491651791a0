"""The live stream: nothing is missed, nothing comes twice, and it ends."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.e2e.desk import Desk, Server, grant, open_account, serving
from tests.e2e.test_conventions import problem

Told = dict[str, str]


def events(answer: httpx2.Response) -> Iterator[Told]:
    """Yield the events of a stream, comments included, as they arrive."""
    told: Told = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(":")
        if line:
            told[name or "comment"] = value.strip()
        elif told:
            yield told
            told = {}


def follow(client: httpx2.Client, count: int, headers: dict[str, str] | None = None, **asked: Any) -> list[Told]:
    """Return the first events of a stream."""
    found: list[Told] = []
    with client.stream("GET", "/stream", params=asked, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        for told in events(answer):
            if "id" in told:
                found.append(told)
            if len(found) == count:
                break
    return found


def test_an_event_is_its_line_of_the_change_log(editor: Desk) -> None:
    editor.claim()
    (told,) = follow(editor.client, 1, after=editor.position - 1)
    assert (told["id"], told["event"]) == (str(editor.position), "claim.made.v1")
    (line,) = editor.get("/changes", first=editor.position)["items"]
    assert json.loads(told["data"]) == line


def test_what_is_recorded_while_somebody_listens_arrives(editor: Desk) -> None:
    editor.claim()
    editor.get("/changes", last=1)
    with editor.client.stream("GET", "/stream") as answer:
        listening = events(answer)
        assert "comment" in next(listening)
        claim = editor.claim("nine miles")
        told = next(listening)
    assert told["event"] == "claim.made.v1"
    assert json.loads(told["data"])["subject"] == claim


def test_who_comes_back_misses_nothing_and_gets_nothing_twice(editor: Desk) -> None:
    editor.claim()
    start = editor.position
    for n in range(250):
        editor.claim(f"claim {n}")
    seen: list[int] = []
    while len(seen) < 250:
        back = {"Last-Event-ID": str(seen[-1])} if seen else {}
        seen += [int(told["id"]) for told in follow(editor.client, min(90, 250 - len(seen)), back, after=start)]
    assert seen == list(range(start + 1, start + 251))


def test_a_stream_is_filtered_by_incident_and_event(editor: Desk) -> None:
    claim = editor.claim()
    start = editor.position
    other = Desk(editor.client, editor.position)
    other.claim("in another incident")
    body = {"by": "desk", "code": "error", "reason": "Misheard"}
    editor.post(f"{editor.incident}/claims/{claim}/retraction", body, expect=200)
    retracted = editor.position
    (told,) = follow(editor.client, 1, after=start, incident=editor.ids["incident"])
    assert told["id"] == str(retracted)
    (told,) = follow(editor.client, 1, after=start, types="claim.retracted.v1,claim.reinstated.v1")
    assert told["id"] == str(retracted)


def test_what_cannot_be_followed_is_refused(editor: Desk) -> None:
    editor.claim()
    problem(editor.client.get("/stream", params={"after": 10**9}), 422, "FutureMoment")
    problem(editor.client.get("/stream", headers={"Last-Event-ID": "x"}), 422, "BadMoment")
    problem(editor.client.get("/stream", params={"types": "claim.eaten.v1"}), 422, "InvalidFields")
    problem(editor.client.get("/stream", headers={"Accept": "application/json"}), 406, "NotAcceptable")
    assert editor.client.head("/stream").status_code == 200


def test_a_stream_is_of_what_may_be_read_and_ends_with_the_right_to_it(editor: Desk, server: Server) -> None:
    editor.claim()
    start = editor.position
    other = Desk(editor.client, editor.position)
    other.claim("in another incident")
    secret = grant(editor, "listener", "auditor", incident=editor.ids["incident"])
    with server.client(secret) as listener:
        problem(listener.get("/stream", params={"incident": other.ids["incident"]}), 403, "NotAllowed")
        with listener.stream("GET", "/stream", params={"after": start}) as answer:
            listening = events(answer)
            next(listening)
            editor.claim("nine miles")
            assert json.loads(next(listening)["data"])["aggregate"] == editor.ids["incident"]
            account = editor.get("/accounts", q="listener")["items"][-1]["account"]
            key = secret.split("_")[1]
            editor.post(f"/accounts/{account}/keys/{key}/revocation", {"reason": "lost"}, expect=200)
            editor.claim("ten miles")
            assert [told for told in listening if "id" in told] == []


@pytest.fixture
def brief(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    key = open_account(tmp_path, "editor-1", "editor", "reporter")
    with serving(tmp_path, stream_seconds="1") as server:
        yield server, key


def test_a_stream_ends_by_itself(brief: tuple[Server, str]) -> None:
    server, key = brief
    with server.client(key) as client, client.stream("GET", "/stream") as answer:
        assert [told for told in events(answer) if "id" in told] == []


def test_a_stream_ends_when_the_server_does(tmp_path: Path) -> None:
    key = open_account(tmp_path, "editor-1", "editor")
    with serving(tmp_path) as server, server.client(key) as client, client.stream("GET", "/stream") as answer:
        listening = events(answer)
        next(listening)
        server.process.terminate()
        assert list(listening) == []
        assert server.process.wait(timeout=10) is not None
