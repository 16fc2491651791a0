"""Each status code that people expect, shown once; those that take a server in distress are here, told and survived."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.api import problems
from service.ledger import KeyNoLongerValid
from tests.e2e.conftest import Served
from tests.e2e.desk import Desk, Server, open_account, serving
from tests.e2e.stage import HASH, NOTHING
from tests.e2e.test_conventions import problem

BODY = {"name": "A source", "kind": "outlet"}
JSON = {"Content-Type": "application/json"}


def test_200_a_read_and_a_retraction(editor: Desk) -> None:
    path = f"/claims/{editor.claim()}"
    assert editor.client.get(f"{editor.incident}{path}", headers=waiting(editor)).status_code == 200
    retraction = {"by": "source", "reason": "Misheard"}
    assert editor.client.post(f"{editor.incident}{path}/retraction", json=retraction).status_code == 200


def waiting(desk: Desk) -> dict[str, str]:
    """Return the header that waits for what the desk wrote."""
    return {"X-Wait-Position": str(desk.position)}


def test_201_a_source(editor: Desk) -> None:
    assert editor.client.post("/sources", json=BODY).status_code == 201


def test_302_a_moment(editor: Desk) -> None:
    answer = editor.client.get("/sources", headers={"Accept-Datetime": "Thu, 08 Aug 2024 09:00:00 GMT"})
    assert answer.status_code == 302
    assert editor.client.get(answer.headers["location"].removeprefix("/api/v1")).status_code == 200


def test_400_what_is_not_json(editor: Desk) -> None:
    problem(editor.client.post("/sources", content=b"{", headers=JSON), 400, "MalformedJson")


def test_401_a_key_that_was_revoked_while_its_request_waited() -> None:
    app = FastAPI()
    problems.register(app)

    @app.post("/late")
    def late() -> None:
        raise KeyNoLongerValid("the key has expired or was revoked: ask an administrator for one")

    answer = TestClient(app).post("/late")
    assert (answer.status_code, answer.json()["type"]) == (401, "/docs/problems#KeyNoLongerValid")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_401_nobody(server: Server) -> None:
    with server.client() as nobody:
        problem(nobody.get("/sources"), 401, "NoKey")


def test_403_a_verifier_who_publishes(verifier: Desk, editor: Desk) -> None:
    editor.claim()
    bulletin = {"title": "Kursk", "text": "Six miles."}
    problem(verifier.client.post(f"{editor.incident}/bulletins", json=bulletin), 403, "NotAllowed")


def test_404_nothing_and_nowhere(editor: Desk) -> None:
    problem(editor.client.get(f"/sources/{NOTHING}"), 404, "UnknownThing")
    problem(editor.client.get("/nowhere"), 404, "UnknownRoute")


def test_405_a_deletion(editor: Desk) -> None:
    answer = editor.client.delete("/sources")
    problem(answer, 405, "MethodNotAllowed")
    assert "POST" in answer.headers["allow"]


def test_409_a_rule(editor: Desk) -> None:
    editor.claim()
    told = problem(editor.client.post(f"{editor.incident}/reopening", json={"reason": "r"}), 409, "NotClosed")
    assert told["rule"] == 7


def test_412_a_stale_version(editor: Desk) -> None:
    editor.claim()
    answer = editor.client.post(
        f"{editor.incident}/closing", json={"disposition": "settled"}, headers={"If-Match": '"1"'}
    )
    problem(answer, 412, "StaleVersion")


def test_413_too_much(editor: Desk) -> None:
    problem(editor.client.post("/sources", content=b" " * 2_000_000, headers=JSON), 413, "TooLarge")


def test_415_another_type(editor: Desk) -> None:
    problem(editor.client.post("/sources", content=b"{}", headers={"Content-Type": "text/plain"}), 415, "NotJson")


def test_422_a_missing_field(editor: Desk) -> None:
    told = problem(editor.client.post("/sources", json={"kind": "outlet"}), 422, "InvalidFields")
    assert [error["pointer"] for error in told["errors"]] == ["/name"]


# In distress.


@pytest.fixture
def distressed(tmp_path: Path) -> Path:
    """Give a data folder with a key in it, under the name `key`."""
    (tmp_path / "key").write_text(open_account(tmp_path / "data", "editor-1", "reporter", "verifier", "editor"))
    return tmp_path


def test_500_tells_nothing_of_the_inside(distressed: Path) -> None:
    key, said = (distressed / "key").read_text(), distressed / "said"
    with said.open("wb") as out, serving(distressed / "data", said=out) as server, server.client(key) as client:
        stored = client.post("/files", content=b"a clip").json()["hash"]
        (file,) = [one for one in (distressed / "data" / "evidence" / "sha256").rglob("*") if one.is_file()]
        file.chmod(0o600)
        file.write_bytes(b"another")
        told = problem(client.get(f"/files/{stored}"), 500, "EvidenceDamaged")
        assert str(distressed) not in str(told)
        problem(client.get(f"/files/{HASH}"), 404, "UnknownThing")
        # A table that somebody dropped from under the service is a fault that nothing foresees.
        with closing(sqlite3.connect(distressed / "data" / "views.sqlite")) as views:
            views.execute("DROP TABLE sources")
        answer = client.get("/sources")
        told = problem(answer, 500, "Unexpected")
        for inside in ("sqlite", "sources", "Traceback", "SELECT", str(distressed)):
            assert inside not in told["detail"] + told["title"]
        assert told["trace_id"] == answer.headers["x-trace-id"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert client.get("/incidents").status_code == 200
    # Whoever runs it finds the whole fault under the same name.
    assert told["trace_id"] in said.read_text()


def test_503_when_as_many_wait_as_may(distressed: Path) -> None:
    key = (distressed / "key").read_text()
    with (
        serving(distressed / "data", queue_size="1") as server,
        server.client(key) as client,
        closing(sqlite3.connect(distressed / "data" / "ledger.sqlite", isolation_level=None)) as other,
        ThreadPoolExecutor(8) as people,
    ):
        other.execute("BEGIN IMMEDIATE")  # the writer waits for this lock, and whoever comes waits for the writer
        asked = [people.submit(client.post, "/sources", json={**BODY, "name": f"Source {n}"}) for n in range(8)]
        first = next(as_completed(asked)).result()  # those that found no place are told at once
        problem(first, 503, "QueueFull")
        assert int(first.headers["retry-after"]) > 0
        other.execute("ROLLBACK")
        answers = [one.result() for one in asked]
        recorded = [one for one in answers if one.status_code == 201]
        assert {one.status_code for one in answers} <= {201, 503}
        wait = {"X-Wait-Position": str(max((one.json()["position"] for one in recorded), default=0))}
        assert len(client.get("/sources", headers=wait).json()["items"]) == len(recorded)
        assert client.post("/sources", json=BODY).status_code == 201


def test_503_when_the_database_is_away(distressed: Path) -> None:
    key = (distressed / "key").read_text()
    with (
        serving(distressed / "data") as server,
        server.client(key) as client,
        closing(sqlite3.connect(distressed / "data" / "ledger.sqlite", isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")  # nobody else can write for as long as this lasts
        answer = client.post("/sources", json=BODY, headers={"Idempotency-Key": "while-away"})
        problem(answer, 503, "Unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert client.get("/sources").json()["items"] == []
        other.execute("ROLLBACK")
        again = client.post("/sources", json=BODY, headers={"Idempotency-Key": "while-away"})
        assert (again.status_code, "idempotency-replayed" in again.headers) == (201, False)


def test_503_when_the_disk_is_full(distressed: Path) -> None:
    """A limit on the size of files stands for a full disk: the write fails in the middle of a commit."""
    key = (distressed / "key").read_text()
    recorded = []
    with serving(distressed / "data", largest_file=2_000_000) as server, server.client(key) as client:
        while (answer := client.post("/sources", json={**BODY, "description": "ж" * 20_000})).status_code == 201:
            recorded.append(answer.json()["position"])
        problem(answer, 503, "Unavailable")
        problem(client.post("/sources", json={**BODY, "description": "ж" * 20_000}), 503, "Unavailable")
    with serving(distressed / "data") as server, server.client(key) as client:
        wait = {"X-Wait-Position": str(recorded[-1])}
        lines = client.get("/changes", params={"name": "source.registered.v1", "limit": 200}, headers=wait)
        assert [line["position"] for line in lines.json()["items"]] == recorded
        assert client.post("/sources", json=BODY).status_code == 201


def test_503_when_a_position_is_not_shown_in_time(served: Served, editor: Desk) -> None:
    head = httpx2.get(f"{served.server.url}/healthz/ready").json()["head"]
    problem(editor.client.get("/sources", headers={"X-Wait-Position": str(head + 1)}), 422, "FutureMoment")
