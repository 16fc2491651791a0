"""Conditional reads: nothing is sent twice that did not change, and nothing is taken for unchanged that did."""

from typing import Any

import httpx2
import pytest

from tests.e2e.desk import Desk
from tests.e2e.test_conventions import problem


def read(desk: Desk, path: str, **headers: str) -> httpx2.Response:
    wait = {"X-Wait-Position": str(desk.position)}
    return desk.client.get(path, headers={**wait, **{name.replace("_", "-"): x for name, x in headers.items()}})


@pytest.fixture
def reads(editor: Desk) -> list[str]:
    claim = editor.claim()
    figure = editor.post(
        f"{editor.incident}/figures", {"label": "Depth", "unit": "km", "counting_rule": "From the border"}
    )
    base = editor.incident
    return [
        "/incidents",
        base,
        f"{base}/claims",
        f"{base}/claims/{claim}",
        f"{base}/claims/{claim}/impact",
        f"{base}/claims.csv",
        f"{base}/figures/{figure['ids']['figure']}",
        f"{base}/reports",
        f"{base}/reports.ndjson",
        f"{base}/reports/{editor.ids['report']}",
        f"{base}/timeline",
        "/sources",
        f"/sources/{editor.ids['source']}",
        "/search?q=miles",
        "/changes",
        "/changes.atom",
        "/timemap?of=/api/v1/incidents",
        f"/timemap?of=/api/v1{base}",
    ]


def test_every_read_has_a_tag_and_answers_304_to_it(editor: Desk, reads: list[str]) -> None:
    for path in reads:
        full = read(editor, path)
        assert full.status_code == 200, path
        again = read(editor, path, If_None_Match=f'W/"other", {full.headers["etag"]}')
        assert (again.status_code, again.content) == (304, b""), path
        for name in ("etag", "cache-control", "vary", "x-position"):
            assert again.headers.get(name) == full.headers[name], (path, name)


def test_the_forms_of_if_none_match(editor: Desk) -> None:
    editor.claim()
    tag = read(editor, editor.incident).headers["etag"]
    for sent in ("*", f"W/{tag}", f'"a,b", {tag}'):
        assert read(editor, editor.incident, If_None_Match=sent).status_code == 304, sent
    for sent in ('"0"', tag.strip('"'), ""):
        assert read(editor, editor.incident, If_None_Match=sent).status_code == 200, sent
    problem(read(editor, "/incidents/INC-NONE", If_None_Match="*"), 404, "UnknownThing")


def test_the_tag_of_an_incident_is_its_version(editor: Desk) -> None:
    editor.claim()
    answer = read(editor, editor.incident)
    assert answer.headers["etag"] == f'"{answer.json()["version"]}"'


def test_the_tag_of_a_claim_may_be_sent_as_if_match(editor: Desk) -> None:
    claim = editor.claim()
    path = f"{editor.incident}/claims/{claim}"
    tag = read(editor, path).headers["etag"]
    body: dict[str, Any] = {"assessment": "unverified", "reason": "Single source"}
    done = editor.client.post(f"{path}/assessment", json=body, headers={"If-Match": tag})
    assert done.status_code == 200
    problem(editor.client.post(f"{path}/assessment", json=body, headers={"If-Match": tag}), 412, "StaleVersion")


def test_a_list_changes_its_tag_with_any_aggregate_that_it_shows(editor: Desk) -> None:
    editor.claim()
    before = read(editor, "/sources").headers["etag"]
    grading = {"reliability": "B", "reason": "Corrects itself in public"}
    editor.post(f"/sources/{editor.ids['source']}/grading", grading, expect=200)
    assert read(editor, "/sources", If_None_Match=before).status_code == 200
    claims = f"{editor.incident}/claims"
    before = read(editor, claims).headers["etag"]
    editor.post("/sources", {"name": "Another", "kind": "outlet"})
    assert read(editor, claims, If_None_Match=before).status_code == 304
    editor.claim("nine miles")
    assert read(editor, claims, If_None_Match=before).status_code == 200


def test_each_form_of_a_resource_has_its_own_tag(editor: Desk) -> None:
    editor.claim()
    claims = f"{editor.incident}/claims"
    asked = ("application/json", "text/csv", "application/x-ndjson", "application/geo+json")
    answers = [read(editor, claims, Accept=form) for form in asked]
    assert [answer.headers["content-type"].partition(";")[0] for answer in answers] == list(asked)
    assert len({answer.headers["etag"] for answer in answers}) == len(asked)
    assert all("Accept" in answer.headers["vary"] for answer in answers)


def test_what_is_not_offered_is_406(editor: Desk) -> None:
    editor.claim()
    for path in ("/incidents", editor.incident, f"{editor.incident}/claims", "/sources", "/changes"):
        told = problem(read(editor, path, Accept="image/png, text/html;q=0.5"), 406, "NotAcceptable")
        assert "application/json" in told["detail"]
    assert read(editor, "/incidents", Accept="image/png, */*;q=0.1").status_code == 200
    problem(read(editor, "/incidents", Accept="application/json;q=0"), 406, "NotAcceptable")
    problem(read(editor, "/incidents.xml"), 404, "UnknownRoute")


def test_head_answers_as_get_does_without_content(editor: Desk, reads: list[str]) -> None:
    for path in reads:
        full = read(editor, path)
        head = editor.client.head(path)
        assert (head.status_code, head.content) == (200, b""), path
        for name in ("etag", "content-type", "x-position", "cache-control"):
            assert head.headers[name] == full.headers[name], (path, name)
    assert editor.client.head("/nothing").status_code == 404


def test_an_address_tells_its_methods(editor: Desk) -> None:
    for path, allowed in (
        ("/incidents", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/search", {"GET", "HEAD", "OPTIONS"}),
        (f"/incidents/{'0' * 8}/claims", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/accounts/1/keys", {"POST", "OPTIONS"}),
    ):
        refused = editor.client.put(path)
        problem(refused, 405, "MethodNotAllowed")
        assert set(refused.headers["allow"].split(", ")) == allowed, path
        asked = editor.client.options(path)
        assert (asked.status_code, set(asked.headers["allow"].split(", "))) == (204, allowed)


def test_the_pages_of_a_list_are_of_one_moment(editor: Desk) -> None:
    titles = [f"Incident {n}" for n in range(3)]
    paths = [f"/incidents/{editor.post('/incidents', {'title': title})['ids']['incident']}" for title in titles]
    first = editor.get("/incidents", limit=2)
    editor.post(f"{paths[0]}/description", {"changes": {"summary": "Moved"}, "reason": "Moved"}, expect=200)
    second = editor.get("/incidents", limit=1, cursor=first["next"])
    assert [one["title"] for one in first["items"] + second["items"]] == titles[::-1]
