"""Differences of two moments: in words, as data, and as a patch that leads from the one to the other."""

import json
from typing import Any

import httpx2
import pytest

from projections.catalogue import LISTS
from tests.e2e.desk import Desk, Server, grant
from tests.e2e.test_conventions import problem

KURSK = "/incidents/INC-Q6V7NE"
EARLY, LATE = "2024-08-08T09:00:00Z", "2024-08-13T00:00:00Z"
WITHIN = {"claims", *(listed.path for listed in LISTS if listed.scope == "incident")}
PATCH = {"Accept": "application/json-patch+json"}


def everything(client: httpx2.Client, path: str, at: object) -> dict[str, Any]:
    """Return the items of a list at a moment, by their ids."""
    lines = client.get(f"{path}.ndjson", params={"at": str(at)}).text.splitlines()
    items = [json.loads(line) for line in lines]
    names = {"timeline": "claim", "review": "item", "evidence": "evidence"}
    list_name = path.rpartition("/")[2]
    key = names.get(list_name, list_name.removesuffix("s"))
    return {item[key]: item for item in items}


def patched(document: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a document after a JSON Patch of the operations that we send."""
    for operation in operations:
        *path, last = (part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:])
        place = document
        for part in path:
            place = place[part]
        assert (last in place) == (operation["op"] != "add"), operation
        if operation["op"] == "remove":
            del place[last]
        else:
            place[last] = operation["value"]
    return document


@pytest.mark.parametrize(("first", "second"), [(EARLY, LATE), (LATE, EARLY), ("30", LATE), ("40", "90")])
@pytest.mark.parametrize("name", sorted(WITHIN | {"incidents", "sources", "accounts"}))
def test_a_patch_leads_from_one_moment_to_the_other(story: httpx2.Client, name: str, first: str, second: str) -> None:
    path = f"{KURSK}/{name}" if name in WITHIN else f"/{name}"
    moments = {"from": first, "to": second}
    answer = story.get(f"{path}/diff", params=moments, headers=PATCH)
    assert answer.status_code == 200, answer.text
    operations = [one for one in answer.json() if not one["path"].startswith("/values/")]
    before = {name: _there(story, path, first)}
    assert patched(before, operations) == {name: _there(story, path, second)}


def _there(client: httpx2.Client, path: str, at: object) -> dict[str, Any]:
    if client.get(path, params={"at": str(at)}).status_code == 404:
        return {}
    return everything(client, path, at)


def test_a_patch_leads_from_the_values_of_a_figure_to_later_ones(story: httpx2.Client) -> None:
    operations = story.get(f"{KURSK}/figures/diff", params={"from": EARLY, "to": LATE}, headers=PATCH).json()
    wanted = [one for one in operations if one["path"].startswith("/values/")]
    document = {"values": _values(story, EARLY)}
    assert wanted
    assert patched(document, wanted) == {"values": _values(story, LATE)}


def _values(client: httpx2.Client, at: str) -> dict[str, Any]:
    """Return every value stated for any figure, as the difference holds it, without its `since`."""
    found: dict[str, Any] = {}
    for figure in everything(client, f"{KURSK}/figures", at):
        detail = client.get(f"{KURSK}/figures/{figure}", params={"at": at}).json()
        found |= {one["stated_by"]: {**one, "figure": figure} for one in detail["values"]}
    return found


@pytest.mark.parametrize(
    "line",
    [
        "claim INC-Q6V7NE-8: assessment changed from contested to false; relations: 1 added",
        "claim INC-Q6V7NE-34 added: “28 settlements are under the control of the enemy”",
        "figure “Depth of the advance into Kursk region”, claimed by Institute for the Study of War:"
        " up to 6 mile -> up to 10 km",
        "figure “Civilians injured in Kursk region”, claimed by Acting governor of Kursk region: 121 added",
        "bulletin “Kursk: what is claimed, what is checked” added",
    ],
)
def test_a_difference_is_told_in_words(story: httpx2.Client, line: str) -> None:
    answer = story.get(f"{KURSK}/diff", params={"from": EARLY, "to": LATE, "limit": 200}).json()
    (item,) = [item for item in answer["items"] if item["words"] == line]
    assert set(item) == {"kind", "id", "what", "words", "fields", "before", "after"}


def test_a_difference_read_backwards_tells_the_way_back(story: httpx2.Client) -> None:
    answer = story.get(f"{KURSK}/claims/diff", params={"from": LATE, "to": EARLY}).json()
    words = [item["words"] for item in answer["items"]]
    assert "claim INC-Q6V7NE-34 removed: “28 settlements are under the control of the enemy”" in words
    assert "claim INC-Q6V7NE-8: assessment changed from false to contested; relations: 1 removed" in words


def test_a_difference_is_read_page_by_page(story: httpx2.Client) -> None:
    moments: dict[str, Any] = {"from": EARLY, "to": LATE}
    whole = story.get(f"{KURSK}/diff", params={**moments, "limit": 200}).json()["items"]
    paged, cursor = [], None
    while True:
        page = story.get(f"{KURSK}/diff", params={**moments, "limit": 7, **({"cursor": cursor} if cursor else {})})
        paged += page.json()["items"]
        cursor = page.json()["next"]
        assert ('rel="next"' in page.headers.get("link", "")) == (cursor is not None)
        if cursor is None:
            break
    assert paged == whole
    lines = story.get(f"{KURSK}/diff", params=moments, headers={"Accept": "application/x-ndjson"}).text.splitlines()
    assert [json.loads(line) for line in lines] == whole
    for cursor in ("WzFd", "WzEsOTksIngiXQ", "WzEsMCwieCJd", "!"):
        problem(story.get(f"{KURSK}/diff", params={**moments, "cursor": cursor}), 422, "BadCursor")


def test_the_moments_of_a_difference(story: httpx2.Client) -> None:
    same = story.get(f"{KURSK}/diff", params={"from": LATE, "to": LATE})
    assert same.json()["items"] == []
    assert same.headers["cache-control"] == "private, max-age=31536000, immutable"
    problem(story.get(f"{KURSK}/diff", params={"from": 1, "to": 10**9}), 422, "FutureMoment")
    problem(story.get(f"{KURSK}/diff", params={"from": "2999-01-01T00:00:00Z", "to": 3}), 422, "FutureMoment")
    problem(story.get(f"{KURSK}/diff", params={"from": "soon", "to": 3}), 422, "BadMoment")
    problem(story.get(f"{KURSK}/diff", params={"from": 1}), 422, "InvalidFields")
    problem(story.get(f"{KURSK}/diff", params={"from": 1, "to": 3}), 404, "UnknownThing")


def test_readers_of_one_incident_see_its_differences_and_no_others(editor: Desk, server: Server) -> None:
    editor.claim()
    start = editor.position
    other = editor.post("/incidents", {"title": "Another incident"})["ids"]["incident"]
    editor.claim("nine miles")
    secret = grant(editor, "guest-of-differences", "auditor", incident=editor.ids["incident"])
    wait = {"X-Wait-Position": str(editor.position)}
    with server.client(secret) as guest:
        guest.get("/incidents", headers=wait)
        moments = {"from": start, "to": editor.position}
        items = guest.get("/incidents/diff", params=moments).json()["items"]
        assert {item["id"] for item in items} == {editor.ids["incident"]}
        assert guest.get(f"{editor.incident}/diff", params=moments).status_code == 200
        problem(guest.get(f"/incidents/{other}/diff", params=moments), 403, "NotAllowed")
        problem(guest.get("/sources/diff", params=moments), 403, "NotAllowed")
        problem(guest.get("/accounts/diff", params=moments), 403, "NotAllowed")
