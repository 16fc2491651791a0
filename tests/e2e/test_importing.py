"""Imports over HTTP: the rights of the sender, a problem for each row, and nothing twice."""

import json
from pathlib import Path
from typing import Any

import httpx2

from service import demo
from tests.e2e.desk import Desk, Server, grant, open_account, serving
from tests.e2e.test_conventions import problem

NDJSON = {"Content-Type": "application/x-ndjson"}


def lines(*commands: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(command).encode() + b"\n" for command in commands)


def imported(client: httpx2.Client, body: bytes, **asked: str) -> dict[str, Any]:
    """Send an import, and return how it ended."""
    taken = client.post("/imports", content=body, params=asked, headers=NDJSON)
    assert taken.status_code == 202, taken.text
    address = taken.headers["location"].removeprefix("/api/v1")
    while True:
        answer = client.get(address)
        assert answer.status_code == 200
        told: dict[str, Any] = answer.json()
        if told["state"] not in ("waiting", "running"):
            return told


def story(space: str) -> bytes:
    return lines(
        {"import": space},
        {"command": "source.register", "source": "paper", "name": "A newspaper", "kind": "outlet"},
        {"command": "incident.open", "incident": "one", "title": "Imported"},
        {"command": "report.receive", "incident": "one", "report": "r", "source": "paper", "title": "A report"},
        {"command": "claim.make", "incident": "one", "claim": "c", "report": "r", "wording": {"text": "six miles"}},
        {"command": "claim.make", "incident": "one", "claim": "d", "report": "nowhere", "wording": {"text": "nine"}},
        {"command": "claim.eat"},
    )


def test_rows_are_recorded_and_each_that_is_not_has_a_problem(editor: Desk) -> None:
    told = imported(editor.client, story("first") + b"{\n")
    assert (told["state"], told["rows"], told["recorded"], told["before"], told["failed"]) == ("done", 7, 4, 0, 3)
    assert [one["line"] for one in told["problems"]] == [6, 7, 8]
    assert told["problems"][0]["reason"].startswith("UnknownReport")
    editor.position = told["position"]
    (found,) = editor.get("/incidents", q="Imported")["items"]
    assert editor.get(f"/incidents/{found['incident']}/claims")["items"][0]["reference"] == "c"
    line = editor.get("/changes", first=told["position"])["items"][0]
    assert line["account"] is not None


def test_an_import_that_is_sent_again_doubles_nothing(editor: Desk) -> None:
    before = imported(editor.client, story("second"))
    again = imported(editor.client, story("second"))
    assert (before["recorded"], again["recorded"], again["before"]) == (4, 0, 4)


def test_a_dry_run_records_nothing(editor: Desk) -> None:
    editor.claim()
    told = imported(editor.client, story("third"), dry_run="true")
    assert (told["recorded"], told["failed"], told["dry_run"], told["position"]) == (4, 2, True, 0)
    assert editor.get("/changes", first=editor.position + 1)["items"] == []
    assert imported(editor.client, story("third"))["recorded"] == 4


def test_each_row_is_held_to_the_rights_of_its_sender(editor: Desk, server: Server) -> None:
    claim = editor.claim()
    incident, report = editor.ids["incident"], editor.ids["report"]
    secret = grant(editor, "importer", "reporter", incident=incident)
    with server.client(secret) as reporter:
        told = imported(
            reporter,
            lines(
                {"command": "claim.make", "incident": incident, "report": report, "wording": {"text": "allowed"}},
                {"command": "claim.assess", "incident": incident, "claim": claim, "assessment": "false", "reason": "r"},
                {"command": "account.open", "name": "mallory"},
                {"command": "incident.open", "title": "Not mine"},
                {"command": "note.add", "incident": incident, "on": {"kind": "claim", "id": claim}, "text": "n"}
                | {"actor": "editor-1"},
            ),
        )
        assert (told["recorded"], told["failed"]) == (1, 4)
        assert [one["reason"].partition(":")[0] for one in told["problems"]][:3] == ["NotAllowed"] * 3
        mine = f"/imports/{told['id']}"
    with server.client(grant(editor, "somebody-else", "reporter")) as other:
        problem(other.get(mine), 404, "UnknownThing")
    assert editor.client.get(mine).status_code == 200


def test_what_is_no_import_is_refused(editor: Desk, server: Server) -> None:
    problem(editor.client.post("/imports", content=b"", headers=NDJSON), 422, "EmptyImport")
    problem(editor.client.post("/imports", json={}), 415, "NotNdjson")
    with server.client() as anybody:
        problem(anybody.post("/imports", content=b"{}", headers=NDJSON), 401, "NoKey")


def test_a_server_that_ends_in_an_import_can_be_sent_it_again(tmp_path: Path) -> None:
    key = open_account(tmp_path, "editor-1", "reporter", "verifier", "editor", "admin")
    rows = [
        {"command": "source.register", "source": f"s{n}", "name": f"Source {n}", "kind": "outlet"}
        for n in range(20_000)
    ]
    body = lines({"import": "many"}, *rows)
    with serving(tmp_path) as server, server.client(key) as client:
        assert client.post("/imports", content=body, headers=NDJSON).status_code == 202
    with serving(tmp_path) as server, server.client(key) as client:
        told = imported(client, body)
        assert told["recorded"] + told["before"] == 20_000


def test_the_demonstration_takes_no_times_and_actors_over_http(tmp_path: Path) -> None:
    key = open_account(tmp_path, "editor-1", "reporter", "verifier", "editor", "admin")
    first = (demo.EXAMPLES / demo.FILES[0]).read_bytes().splitlines()[:3]
    with serving(tmp_path) as server, server.client(key) as client:
        told = imported(client, b"\n".join(first))
    assert told["recorded"] == 0
    assert "leave them out" in told["problems"][0]["reason"]
