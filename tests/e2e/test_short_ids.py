"""The short ids of incidents and claims stand for their ids in every address."""

import pytest

from tests.e2e.conftest import Served
from tests.e2e.desk import Desk, grant
from tests.e2e.test_conventions import problem
from tests.e2e.test_live import follow

NOBODY = "KUR-00000Z"


@pytest.fixture
def named(editor: Desk) -> tuple[str, str, str]:
    """Return the id of a claim, the short id of its incident, and its own."""
    claim = editor.claim()
    found = editor.get(f"{editor.incident}/claims/{claim}")
    incident: str = editor.get(editor.incident)["short_id"]
    return claim, incident, found["short_id"]


def test_a_claim_is_read_by_its_short_id_in_any_case(editor: Desk, named: tuple[str, str, str]) -> None:
    claim, incident, short = named
    for name in (short, short.lower(), claim):
        for path in (f"/incidents/{incident}/claims/{name}", f"{editor.incident}/claims/{name}"):
            assert editor.get(path)["claim"] == claim
            assert editor.get(f"{path}/impact")["claim"] == claim
    review = f"/incidents/{incident}/claims/{short}.claimreview.jsonld"
    problem(editor.client.get(review), 404, "NotAssessed")
    assert editor.get(f"/incidents/{incident}/claims/diff", **{"from": 0, "to": editor.position})["items"]


def test_a_short_id_filters_as_the_id_does(editor: Desk, named: tuple[str, str, str]) -> None:
    claim, incident, short = named
    editor.post(f"{editor.incident}/notes", {"on": {"kind": "claim", "id": claim}, "text": "Ask again"})
    for path, by_short, by_id in (
        ("/changes", {"incident": incident}, {"incident": editor.ids["incident"]}),
        ("/changes", {"aggregate": incident.lower()}, {"aggregate": editor.ids["incident"]}),
        ("/changes", {"subject": short}, {"subject": claim}),
        (f"/incidents/{incident}/notes", {"subject": short}, {"subject": claim}),
        ("/search", {"q": "miles", "incident": incident}, {"q": "miles", "incident": editor.ids["incident"]}),
    ):
        found = editor.get(path, **by_short)["items"]
        assert found, path
        assert found == editor.get(path, **by_id)["items"]
    (told,) = follow(editor.client, 1, after=editor.position - 1, incident=incident)
    assert told["id"] == str(editor.position)


def test_a_write_takes_short_ids_in_its_path_the_moment_they_are_given(editor: Desk) -> None:
    source = editor.post("/sources", {"name": "A think tank", "kind": "monitor"})["ids"]["source"]
    opened = editor.post("/incidents", {"title": "Kursk incursion"})
    incident, short = opened["ids"]["incident"], opened["ids"]["short_id"]
    report = editor.post(f"/incidents/{short}/reports", {"source": source, "title": "Daily"})["ids"]["report"]
    made = editor.post(f"/incidents/{short}/claims", {"report": report, "wording": {"text": "Six miles"}})
    claim = f"{short.lower()}-{made['ids']['number']}"
    body = {"by": "desk", "code": "error", "reason": "Misheard"}
    answer = editor.client.post(f"/incidents/{short}/claims/{claim}/retraction", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["aggregate"] == incident
    assert answer.headers["location"] == f"/api/v1/incidents/{incident}/claims/{made['ids']['claim']}"


def test_a_short_id_that_names_nothing_is_404(editor: Desk, named: tuple[str, str, str]) -> None:
    _, incident, short = named
    other = Desk(editor.client, editor.position)
    other.claim("in another incident")
    for path in (
        f"/incidents/{NOBODY}",
        f"/incidents/{NOBODY}/claims/{short}",
        f"/incidents/{incident}/claims/{incident}-99",
        f"/incidents/{incident}/claims/{NOBODY}-1",
        f"{other.incident}/claims/{short}",
        f"/changes?incident={NOBODY}",
        f"/changes?subject={incident}-99",
        f"/search?q=miles&incident={NOBODY}",
        f"/stream?incident={NOBODY}",
        f"/incidents/{incident}/notes?subject={incident}-99",
    ):
        problem(editor.client.get(path), 404, "UnknownThing")
    body = {"by": "desk", "code": "error", "reason": "Misheard"}
    for path, name in (
        (f"/incidents/{NOBODY}/claims/{short}/retraction", "UnknownIncident"),
        (f"/incidents/{incident}/claims/{incident}-99/retraction", "UnknownClaim"),
        (f"{other.incident}/claims/{short}/retraction", "UnknownClaim"),
    ):
        problem(editor.client.post(path, json=body), 404, name)


def test_what_is_no_short_id_is_422(editor: Desk, named: tuple[str, str, str]) -> None:
    _, incident, short = named
    body = {"by": "desk", "code": "error", "reason": "Misheard"}
    for name in (
        "KUR",
        "8",
        f"{short}-1",
        f"{incident}-0",
        f"{incident}-01",
        f"{incident}-8\N{ARABIC-INDIC DIGIT SIX}",
    ):
        problem(editor.client.get(f"/incidents/{incident}/claims/{name}"), 422, "InvalidFields")
        problem(editor.client.post(f"/incidents/{incident}/claims/{name}/retraction", json=body), 422, "InvalidFields")
    problem(editor.client.get("/changes", params={"incident": short}), 422, "InvalidFields")


def test_a_short_id_gives_no_right(served: Served, editor: Desk, named: tuple[str, str, str]) -> None:
    _, incident, short = named
    other = Desk(editor.client, editor.position)
    other.claim("in another incident")
    secret = grant(editor, "one-incident", "reporter", incident=other.ids["incident"])
    with served.server.client(secret) as client:
        for path in (f"/incidents/{incident}/claims/{short}", f"/changes?incident={incident}"):
            problem(client.get(path), 403, "NotAllowed")
        assert client.get("/changes", params={"subject": short}).json()["items"] == []
        body = {"by": "desk", "code": "error", "reason": "Misheard"}
        problem(client.post(f"/incidents/{incident}/claims/{short}/retraction", json=body), 403, "NotAllowed")
