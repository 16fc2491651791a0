"""What readers see whose roles cover one incident: that incident, and of the rest no more than names."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from service.access import NAMED, SIGHT
from tests.e2e.desk import Desk, Server, grant
from tests.e2e.test_conventions import problem


@dataclass
class Two:
    """Two incidents, and somebody who may read the first."""

    guest: httpx2.Client
    mine: str
    other: str
    claim: str
    other_claim: str


@pytest.fixture
def two(editor: Desk, server: Server) -> Iterator[Two]:
    claim = editor.claim("Secret of the first incident")
    mine = editor.ids["incident"]
    other = Desk(editor.client, editor.position)
    other_claim = other.claim("Secret of the second incident")
    editor.position = other.position
    secret = grant(editor, "guest", "auditor", incident=mine)
    wait = {"X-Wait-Position": str(editor.position)}
    with server.client(secret) as guest:
        guest.headers.update(wait)
        yield Two(guest, f"/incidents/{mine}", f"/incidents/{other.ids['incident']}", claim, other_claim)


def items(client: httpx2.Client, path: str, **parameters: str) -> list[dict[str, object]]:
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()["items"]
    return found


def test_the_list_of_incidents_is_of_those_that_may_be_read(two: Two) -> None:
    assert [item["incident"] for item in items(two.guest, "/incidents")] == [two.mine.rpartition("/")[2]]
    lines = two.guest.get("/incidents.ndjson").text.splitlines()
    assert [json.loads(line)["incident"] for line in lines] == [two.mine.rpartition("/")[2]]


def test_what_depends_on_rights_is_not_kept_for_ever(two: Two, editor: Desk) -> None:
    at = f"at={editor.position}"
    moments = [f"/{path}?{at}" for path in ("incidents", "incidents.csv", "changes", "changes.ndjson", "sources")]
    for address in (*moments, f"/search?q=secret&{at}", f"/incidents/diff?from=1&to={editor.position}"):
        assert two.guest.get(address).headers["cache-control"] == "private, no-cache", address
        assert "immutable" in editor.client.get(address).headers["cache-control"], address


@pytest.mark.parametrize(
    "path", ["", "/claims", "/claims.csv", "/reports", "/evidence", "/diff?from=1&to=1", "/review"]
)
def test_another_incident_is_refused(two: Two, path: str) -> None:
    problem(two.guest.get(f"{two.other}{path}"), 403 if "diff" not in path else 404, _refusal(path))


def _refusal(path: str) -> str:
    return "NotAllowed" if "diff" not in path else "UnknownThing"


def test_a_claim_of_another_incident_is_not_read_through_ones_own(two: Two) -> None:
    assert two.guest.get(f"{two.mine}/claims/{two.claim}").status_code == 200
    problem(two.guest.get(f"{two.mine}/claims/{two.other_claim}"), 404, "UnknownThing")


def test_search_finds_only_what_may_be_read(two: Two) -> None:
    found = items(two.guest, "/search", q="secret of the")
    assert {item["incident"] for item in found} == {two.mine.rpartition("/")[2]}
    assert items(two.guest, "/search", q="think tank") == []
    problem(two.guest.get("/search", params={"q": "secret", "incident": two.other[11:]}), 403, "NotAllowed")


def test_the_change_log_is_of_what_may_be_read(two: Two) -> None:
    for path in ("/changes", "/changes?name=claim.made.v1"):
        assert {item["aggregate"] for item in items(two.guest, path)} == {two.mine.rpartition("/")[2]}
    assert items(two.guest, "/changes", subject=two.other_claim) == []
    assert "second incident" not in two.guest.get("/changes.atom").text
    assert "second incident" not in two.guest.get("/changes.csv").text
    problem(two.guest.get("/changes", params={"incident": two.other[11:]}), 403, "NotAllowed")


def test_the_timemap_is_of_what_may_be_read(two: Two) -> None:
    assert two.guest.get("/timemap", params={"of": f"/api/v1{two.mine}/claims"}).status_code == 200
    problem(two.guest.get("/timemap", params={"of": f"/api/v1{two.other}/claims"}), 403, "NotAllowed")


def test_of_a_source_the_name_is_seen_and_nothing_that_comes_from_elsewhere(two: Two, editor: Desk) -> None:
    source = editor.ids["source"]
    editor.post(f"/sources/{source}/grading", {"reliability": "D", "reason": "Told us so"}, expect=200)
    full, seen = editor.get(f"/sources/{source}"), two.guest.get(f"/sources/{source}")
    named = seen.json()
    assert named["name"] == full["name"]
    assert {name for name, value in named.items() if value not in (None, {}, [])} <= NAMED
    assert "Told us so" not in two.guest.get("/sources.csv").text
    problem(two.guest.get("/sources", params={"reliability": "D"}), 403, "NotAllowed")
    assert items(two.guest, "/sources", q="think tank") != []


def test_a_file_is_seen_where_it_is_evidence_of_ones_own_incident(two: Two, editor: Desk) -> None:
    for path, content, status in ((two.mine, b"mine", 200), (two.other, b"theirs", 404)):
        stored = editor.client.post("/files", content=content).json()["hash"]
        assert two.guest.get(f"/files/{stored}").status_code == 404
        editor.post(f"{path}/evidence", {"kind": "video", "hash": stored})
        editor.get("/incidents")
        assert two.guest.get(f"/files/{stored}").status_code == status
        assert two.guest.get(f"/files/{stored}", headers={"If-None-Match": "*"}).status_code in (304, status)


def test_accounts_are_not_seen(two: Two) -> None:
    for path in ("/accounts", "/accounts.csv", "/accounts/1", "/accounts/diff?from=1&to=1"):
        problem(two.guest.get(path), 403, "NotAllowed")


def test_who_has_no_role_reads_nothing(editor: Desk, server: Server) -> None:
    editor.claim()
    with server.client(grant(editor, "nobody")) as nobody:
        for path in ("/incidents", editor.incident, "/sources", "/changes", "/search?q=miles"):
            problem(nobody.get(path), 403, "NotAllowed")


def test_the_table_names_what_is_across_incidents() -> None:
    assert set(SIGHT) == {"incidents", "search", "changes", "timemap", "sources", "files", "accounts", "subjects"}
