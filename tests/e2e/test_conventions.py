"""What HTTP promises: status codes, retries, conditions, moments, and what hostile input gets."""

import json
from typing import Any

import httpx2
import pytest

from service.api.acts import ACTS
from service.api.app import bare_app
from service.api.docs import FAULTS
from tests.e2e.desk import Desk, Server

JSON = {"Content-Type": "application/json"}


def problem(answer: httpx2.Response, status: int, name: str) -> dict[str, Any]:
    """Assert that an answer is this problem, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["type"].endswith(f"#{name}"), told
    assert told["status"] == status
    return told


@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        (b"{", 400, "MalformedJson"),
        (b'{"name": "\xff"}', 400, "MalformedJson"),
        (b"[" * 5_000 + b"]" * 5_000, 400, "TooDeep"),
        (b'{"name": "A\\u0000B", "kind": "outlet"}', 422, "InvalidFields"),
        (b'{"name": "\\ud800", "kind": "outlet"}', 422, "InvalidFields"),
        (b'{"name": "A", "kind": "outlet", "colour": "red"}', 422, "InvalidFields"),
        (b'{"kind": "outlet"}', 422, "InvalidFields"),
        (b'{"name": "A", "kind": "planet"}', 422, "InvalidFields"),
        (b'{"name": "' + b"A" * 2_000_000 + b'"}', 413, "TooLarge"),
        (b"null", 422, "InvalidFields"),
        (b"", 422, "InvalidFields"),
    ],
    ids=["cut", "not-utf8", "deep", "nul", "surrogate", "unknown", "missing", "code", "huge", "null", "empty"],
)
def test_bad_input_is_refused_clearly_and_leaves_nothing(editor: Desk, body: bytes, status: int, name: str) -> None:
    editor.claim()
    before = editor.position
    problem(editor.client.post("/sources", content=body, headers=JSON), status, name)
    assert editor.get("/changes", first=before + 1)["items"] == []


def test_a_body_says_that_it_is_json(editor: Desk) -> None:
    answer = editor.client.post("/sources", content=b"{}", headers={"Content-Type": "text/plain"})
    problem(answer, 415, "NotJson")


def test_unknown_addresses_and_methods_are_problems(editor: Desk) -> None:
    problem(editor.client.get("/nothing"), 404, "UnknownRoute")
    problem(editor.client.delete("/sources"), 405, "MethodNotAllowed")
    problem(editor.client.get("/incidents/KUR-NOTHERE"), 404, "UnknownThing")


def test_what_the_path_names_and_is_not_there_is_404_what_the_body_names_409(editor: Desk) -> None:
    editor.claim()
    nobody = "00000000-0000-7000-8000-000000000000"
    body = {"by": "source", "reason": "r"}
    problem(editor.client.post(f"{editor.incident}/claims/{nobody}/retraction", json=body), 404, "UnknownClaim")
    report = {"source": nobody, "title": "A report"}
    problem(editor.client.post(f"{editor.incident}/reports", json=report), 409, "UnknownSource")


def test_a_double_click_makes_one_thing(editor: Desk) -> None:
    editor.claim()
    body = {"report": editor.ids["report"], "wording": {"text": "nine miles"}}
    headers = {"Idempotency-Key": "double-click"}
    first = editor.client.post(f"{editor.incident}/claims", json=body, headers=headers)
    second = editor.client.post(f"{editor.incident}/claims", json=body, headers=headers)
    assert first.json() == second.json()
    assert (first.headers.get("idempotency-replayed"), second.headers["idempotency-replayed"]) == (None, "true")
    other = editor.client.post(f"{editor.incident}/claims", json={**body, "kind": "order"}, headers=headers)
    problem(other, 422, "IdempotencyMismatch")


def test_a_stale_version_is_412_with_the_current_one(editor: Desk) -> None:
    editor.claim()
    body = {"report": editor.ids["report"], "wording": {"text": "nine miles"}}
    answer = editor.client.post(f"{editor.incident}/claims", json=body, headers={"If-Match": '"1"'})
    told = problem(answer, 412, "StaleVersion")
    current = f'"{told["current_version"]}"'
    assert answer.headers["etag"] == current
    again = editor.client.post(f"{editor.incident}/claims", json=body, headers={"If-Match": current})
    assert again.status_code == 201
    wrong = editor.client.post(f"{editor.incident}/claims", json=body, headers={"If-Match": "seven"})
    problem(wrong, 400, "BadIfMatch")


def test_a_receipt_tells_where_to_look(editor: Desk) -> None:
    editor.claim()
    body = {"report": editor.ids["report"], "wording": {"text": "nine miles"}}
    answer = editor.client.post(f"{editor.incident}/claims", json=body)
    assert answer.headers["x-position"] == str(answer.json()["position"])
    location = answer.headers["location"].removeprefix("/api/v1")
    read = editor.client.get(location, headers={"X-Wait-Position": answer.headers["x-position"]})
    assert read.json()["wording"]["text"] == "nine miles"


def test_moments(editor: Desk) -> None:
    claim = editor.claim()
    path = f"{editor.incident}/claims/{claim}"
    past = editor.client.get(path, params={"at": editor.position}, headers={"X-Wait-Position": str(editor.position)})
    assert past.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert "memento-datetime" in past.headers
    assert 'rel="timemap"' in past.headers["link"]
    assert editor.client.get(path).headers["cache-control"] == "private, no-cache"
    problem(editor.client.get(path, params={"at": "10000000"}), 422, "FutureMoment")
    problem(editor.client.get(path, params={"at": "2999-01-01T00:00:00Z"}), 422, "FutureMoment")
    problem(editor.client.get(path, params={"at": "yesterday"}), 422, "BadMoment")
    gate = editor.client.get(path, headers={"Accept-Datetime": "Thu, 08 Aug 2024 09:00:00 GMT"}, follow_redirects=False)
    assert gate.status_code == 302
    assert gate.headers["location"].endswith("?at=1")


def test_pages_follow_their_cursor(editor: Desk) -> None:
    for n in range(5):
        editor.claim(f"claim {n}")
    seen, cursor = [], None
    while True:
        parameters = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = editor.get(f"{editor.incident}/claims", **parameters)
        seen += [item["wording"]["text"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [f"claim {n}" for n in range(5)]
    problem(editor.client.get(f"{editor.incident}/claims", params={"cursor": "!"}), 422, "BadCursor")
    problem(editor.client.get(f"{editor.incident}/claims", params={"limit": 0}), 422, "InvalidFields")


def test_who_may_what(editor: Desk, server: Server) -> None:
    account = editor.post("/accounts", {"name": "reporter-2"})["ids"]["account"]
    editor.post(f"/accounts/{account}/roles", {"role": "reporter"}, expect=200)
    secret = editor.post(f"/accounts/{account}/keys", {}, expect=200)["secret"]
    claim = editor.claim()
    with server.client(secret) as client:
        body = {"assessment": "unverified", "reason": "r"}
        problem(client.post(f"{editor.incident}/claims/{claim}/assessment", json=body), 403, "NotAllowed")
        report = {"source": editor.ids["source"], "title": "Another"}
        received = client.post(f"{editor.incident}/reports", json=report)
        assert received.status_code == 201
        editor.position = received.json()["position"]
        line = editor.get("/changes", account=account)["items"][-1]
        assert line["name"] == "report.received.v1"
        key = secret.split("_")[1]
        editor.post(f"/accounts/{account}/keys/{key}/revocation", {"reason": "lost"}, expect=200)
        problem(client.post(f"{editor.incident}/reports", json=report), 401, "InvalidKey")


def test_no_secret_is_in_the_log(editor: Desk) -> None:
    account = editor.post("/accounts", {"name": "machine-1", "kind": "machine"})["ids"]["account"]
    secret = editor.post(f"/accounts/{account}/keys", {}, expect=200)["secret"]
    lines = json.dumps(editor.get("/changes", aggregate=account))
    assert secret.split("_")[1] in lines
    assert secret.split("_", 2)[2] not in lines


def test_evidence_files_are_kept_by_their_hash(editor: Desk) -> None:
    editor.claim()
    answer = editor.client.post("/files", content=b"a clip", headers={"Content-Type": "video/mp4"})
    assert answer.status_code == 201
    assert answer.json()["size"] == 6
    again = editor.client.post("/files", content=b"a clip")
    assert again.json() == answer.json()
    read = editor.client.get(f"/files/{answer.json()['hash']}")
    assert read.content == b"a clip"
    assert read.headers["content-disposition"].startswith("attachment")
    problem(editor.client.post("/files", content=b""), 422, "EmptyEvidence")
    problem(editor.client.get("/files/sha256:" + "0" * 64), 404, "UnknownThing")


@pytest.mark.parametrize("words", ["miles", "MIL", '"', "AND OR NOT", "a* (b", "стріл"])
def test_search_takes_any_words(editor: Desk, words: str) -> None:
    editor.claim("Six miles of стрільба")
    found = editor.get("/search", q=words, incident=editor.ids["incident"])["items"]
    if words in ("miles", "MIL", "стріл"):
        assert found[0]["kind"] == "claim"


def test_lists_and_downloads_of_every_view(editor: Desk) -> None:
    editor.claim()
    paths = [path for path, methods in bare_app().openapi()["paths"].items() if "get" in methods]
    lists = [path.removeprefix("/api/v1") for path in paths if path.endswith(".{suffix}")]
    assert len(lists) > 10
    for path in lists:
        address = path.replace("{incident}", editor.ids["incident"])
        for suffix in ("ndjson", "csv"):
            assert editor.client.get(address.replace("{suffix}", suffix)).status_code == 200, address
        page = editor.get(address.removesuffix(".{suffix}"))
        assert set(page) == {"items", "next"}


def test_safety_headers_are_on_every_answer(editor: Desk) -> None:
    for path in ("/incidents", "/nothing"):
        headers = editor.client.get(path).headers
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_the_documentation_is_self_hosted(server: Server) -> None:
    page = httpx2.get(f"{server.url}/docs").text
    assert "://" not in page
    assert httpx2.get(f"{server.url}/static/swagger/swagger-ui-bundle.js").status_code == 200
    assert "StaleVersion" in httpx2.get(f"{server.url}/docs/problems").text


def test_every_command_has_its_route_and_every_route_an_operation() -> None:
    paths = bare_app().openapi()["paths"]
    operations = [one["operationId"] for path in paths.values() for one in path.values()]
    assert len(set(operations)) == len(operations)
    assert {act.operation for act in ACTS} <= set(operations)
    assert "MalformedJson" in FAULTS


def test_the_impact_of_a_claim_is_read_within_its_incident(editor: Desk) -> None:
    claim = editor.claim()
    assert editor.get(f"{editor.incident}/claims/{claim}/impact")["leanings"] == []
    other = editor.post("/incidents", {"title": "Another incident"})["ids"]["incident"]
    editor.get(f"/incidents/{other}/claims/{claim}/impact", expect=404)


def test_a_number_that_cannot_be_kept_is_refused(editor: Desk) -> None:
    editor.claim()
    body = {"kind": "video", "hash": "sha256:" + "0" * 64, "size": 10**30}
    problem(editor.client.post(f"{editor.incident}/evidence", json=body), 422, "InvalidFields")


def test_a_parameter_that_is_none_is_refused_and_never_answered_as_of_now(editor: Desk) -> None:
    editor.claim()
    told = problem(editor.client.get(editor.incident, params={"as_of": "1"}), 422, "UnknownParameter")
    assert "at" in told["detail"]
    problem(editor.client.get("/changes", params={"event": "claim.made.v1"}), 422, "UnknownParameter")


def test_what_fell_is_listed_where_it_is_counted(editor: Desk) -> None:
    standing, fallen = editor.claim(), editor.claim("Nine miles, said in error")
    editor.post(f"{editor.incident}/claims/{fallen}/retraction", {"by": "desk", "code": "error", "reason": "r"}, 200)
    groups = editor.get(editor.incident)["groups"]
    for group, count in groups.items():
        listed = editor.get(f"{editor.incident}/claims", group=group, limit=200)["items"]
        assert len(listed) == count, group
        assert (standing in {one["claim"] for one in listed}) == (group == "unverified")


def test_what_is_not_shown_yet_says_how_to_wait_for_it(editor: Desk) -> None:
    editor.claim()
    path = f"{editor.incident}/claims/00000000-0000-7000-8000-000000000000"
    gone = problem(editor.client.get(path, headers={"X-Wait-Position": str(editor.position)}), 404, "UnknownThing")
    assert "no claim" in gone["detail"]
