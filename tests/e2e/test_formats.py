"""The forms of answers: rows, places, feeds and reviews, by suffix and by Accept."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import httpx2
import pytest
from geojson_pydantic import FeatureCollection

from projections.catalogue import LISTS
from service.api.feeds import NAMESPACE
from service.api.listing import base_of
from tests.e2e.desk import Desk
from tests.e2e.test_conventions import problem

KURSK = "/incidents/INC-Q6V7NE"
DEBUNKED = "5f7d23fe-643e-5072-8992-362657b5a203"


def every(client: httpx2.Client, path: str) -> list[dict[str, Any]]:
    """Return all items of a list, read page by page."""
    found, cursor = [], None
    while True:
        page = client.get(path, params={"limit": 7, **({"cursor": cursor} if cursor else {})}).json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


@pytest.mark.parametrize("path", ["/incidents", f"{KURSK}/claims", f"{KURSK}/reports", "/sources", "/changes"])
def test_a_download_holds_what_the_pages_hold(story: httpx2.Client, path: str) -> None:
    pages = every(story, path)
    lines = story.get(f"{path}.ndjson")
    assert lines.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in lines.text.splitlines()] == pages
    table = story.get(f"{path}.csv")
    assert table.headers["content-disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert len(rows) == len(pages)
    assert list(dict.fromkeys(name.partition(".")[0] for name in rows[0])) == list(pages[0])
    assert story.get(f"{path}.json").json() == story.get(path).json()
    assert story.get(path, headers={"Accept": "text/csv"}).text == table.text


def leaves(value: Any) -> Iterator[str]:
    """Yield every plain value in a value, as a cell or a part of one writes it."""
    match value:
        case dict() | list():
            for one in value.values() if isinstance(value, dict) else value:
                yield from leaves(one)
        case str():
            yield value
        case None:
            pass
        case _:
            yield json.dumps(value)


@pytest.mark.parametrize(
    "path",
    ["/incidents", f"{KURSK}/claims", *(base_of(listed).format(incident="INC-Q6V7NE") for listed in LISTS)],
)
def test_a_table_leaves_nothing_out(story: httpx2.Client, path: str) -> None:
    rows = csv.reader(io.StringIO(story.get(f"{path}.csv").text, newline=""))
    next(rows)
    lines = story.get(f"{path}.ndjson").text.splitlines()
    for cells, line in zip(rows, lines, strict=True):
        told = "\n".join(cells)
        for leaf in leaves(json.loads(line)):
            assert leaf in told or json.dumps(leaf, ensure_ascii=False)[1:-1] in told, leaf


def test_single_objects_are_spread_out_and_plain_lists_joined(story: httpx2.Client) -> None:
    rows = list(csv.DictReader(io.StringIO(story.get(f"{KURSK}/claims.csv").text)))
    miles = next(row for row in rows if row["quantity.wording"] == "up to nine miles")
    assert (miles["quantity.unit"], miles["quantity.si.high"], miles["quantity"]) == ("mile", "14484.096", "")
    assert miles["made.recorded_at"].startswith("2024-08-")
    assert any(row["chain"].count("; ") == 3 for row in rows)
    assert all(row["parties"] == "" for row in rows)
    assert any(row["relations"].startswith("[{") for row in rows)
    assert any("; " in row["attribution.through"] for row in rows)
    (source,) = [row for row in csv.DictReader(io.StringIO(story.get("/sources.csv").text)) if row["content.party"]][:1]
    assert source["content.name"] == source["name"]
    (incident,) = csv.DictReader(io.StringIO(story.get("/incidents.csv").text))
    assert (incident["groups.confirmed"], incident["groups"]) != ("", "{}")
    assert incident["place.point"].count("; ") == 1


def test_a_cell_that_a_spreadsheet_would_run_is_text(editor: Desk) -> None:
    editor.claim('=HYPERLINK("http://example.org")')
    table = editor.client.get(f"{editor.incident}/claims.csv", headers={"X-Wait-Position": str(editor.position)})
    incident = editor.post("/incidents", {"title": "=1+1", "summary": "@SUM(A1)"})["ids"]["incident"]
    wait = {"X-Wait-Position": str(editor.position)}
    rows = csv.DictReader(io.StringIO(editor.client.get("/incidents.csv", headers=wait).text))
    (row,) = [row for row in rows if row["incident"] == incident]
    assert (row["title"], row["summary"]) == ("'=1+1", "'@SUM(A1)")
    assert not any(
        cell.startswith(("=", "+", "-", "@")) for line in csv.reader(io.StringIO(table.text)) for cell in line
    )


def test_incidents_and_claims_with_a_place_are_features(story: httpx2.Client) -> None:
    for path in ("/incidents.geojson", f"{KURSK}/claims.geojson"):
        answer = story.get(path)
        assert answer.headers["content-type"] == "application/geo+json"
        FeatureCollection.model_validate_json(answer.content)
    (feature,) = story.get("/incidents.geojson").json()["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [35.27, 51.19]}
    about = feature["properties"]
    assert (about["radius_m"], about["precision"], about["short_id"]) == (40_000, "region", "INC-Q6V7NE")
    assert about["position"] > 0
    placed = [claim["claim"] for claim in every(story, f"{KURSK}/claims") if claim["place"]]
    assert [one["id"] for one in story.get(f"{KURSK}/claims.geojson").json()["features"]] == placed
    assert story.get(f"{KURSK}/claims.geojson", params={"q": "no such words"}).json()["features"] == []


def test_a_place_without_a_point_is_not_put_on_the_map(editor: Desk) -> None:
    body = {"title": "Somewhere", "place": {"name": "Somewhere near the border", "precision": "district"}}
    incident = editor.post("/incidents", body)["ids"]["incident"]
    wait = {"X-Wait-Position": str(editor.position)}
    features = editor.client.get("/incidents.geojson", headers=wait).json()["features"]
    (feature,) = [one for one in features if one["id"] == incident]
    assert feature["geometry"] is None


def test_the_change_log_is_an_atom_feed(story: httpx2.Client) -> None:
    answer = story.get("/changes.atom", params={"limit": 3})
    assert answer.headers["content-type"] == "application/atom+xml"
    feed = ElementTree.fromstring(answer.content)
    names = {"atom": NAMESPACE}
    newest = [int(line["position"]) for line in every(story, "/changes")[-3:]][::-1]
    for tag in ("id", "title", "updated", "author/atom:name"):
        assert feed.findtext(f"atom:{tag}", namespaces=names), tag
    entries = feed.findall("atom:entry", names)
    links = [str(entry.find("atom:link", names).attrib["href"]) for entry in entries]  # type: ignore[union-attr]
    assert [int(link.rpartition("=")[2]) for link in links] == newest
    identities = [entry.findtext("atom:id", namespaces=names) for entry in entries]
    assert len(set(identities)) == 3
    again = ElementTree.fromstring(story.get("/changes.atom", params={"limit": 1}).content)
    assert again.findtext("atom:entry/atom:id", namespaces=names) == identities[0]
    assert "application/atom+xml" in feed.find("atom:link", names).attrib["type"]  # type: ignore[union-attr]


def test_the_change_log_is_a_json_feed(story: httpx2.Client) -> None:
    answer = story.get("/changes", params={"subject": DEBUNKED}, headers={"Accept": "application/feed+json"})
    assert answer.headers["content-type"] == "application/feed+json"
    feed = answer.json()
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"].endswith(f"/api/v1/changes.feed.json?subject={DEBUNKED}")
    assert feed["items"][0]["title"] == "INC-Q6V7NE-8: claim assessed: contested -> false"
    assert {"id", "url", "title", "content_text", "date_published"} <= set(feed["items"][0])
    assert story.get(feed["items"][0]["url"]).json()["items"][0]["subject"] == DEBUNKED


def test_a_claim_that_was_assessed_has_a_review(story: httpx2.Client) -> None:
    answer = story.get(f"{KURSK}/claims/{DEBUNKED}.claimreview.jsonld")
    assert answer.headers["content-type"] == "application/ld+json"
    review = answer.json()
    assert (review["@context"], review["@type"]) == ("https://schema.org", "ClaimReview")
    assert review["reviewRating"] == {
        "@type": "Rating",
        "alternateName": "false",
        "ratingValue": 1,
        "bestRating": 5,
        "worstRating": 1,
    }
    assert review["itemReviewed"]["author"]["name"] == "Russian Ministry of Defence"
    assert review["url"].endswith(f"{KURSK}/claims/{DEBUNKED}")
    by_accept = story.get(f"{KURSK}/claims/{DEBUNKED}", headers={"Accept": "application/ld+json"})
    assert by_accept.content == answer.content
    earlier = story.get(f"{KURSK}/claims/{DEBUNKED}.claimreview.jsonld", params={"at": "2024-08-08T09:00:00Z"})
    assert earlier.json()["reviewRating"]["ratingValue"] == 3


def test_what_nobody_assessed_has_no_review(story: httpx2.Client) -> None:
    (claim, *_) = story.get(f"{KURSK}/claims", params={"assessment": "unassessed"}).json()["items"]
    problem(story.get(f"{KURSK}/claims/{claim['claim']}.claimreview.jsonld"), 404, "NotAssessed")


def test_the_memento_links_follow_rfc_7089(story: httpx2.Client) -> None:
    path = f"/api/v1{KURSK}/claims"
    gate = story.get(f"{KURSK}/claims", headers={"Accept-Datetime": "Thu, 08 Aug 2024 09:00:00 GMT"})
    assert (gate.status_code, "accept-datetime" in gate.headers["vary"].lower()) == (302, True)
    assert "memento-datetime" not in gate.headers
    memento = story.get(gate.headers["location"].removeprefix("/api/v1"))
    assert memento.headers["memento-datetime"] <= "Thu, 08 Aug 2024 09:00:00 GMT"
    assert f'<{path}>; rel="original timegate"' in memento.headers["link"]
    timemap = story.get("/timemap", params={"of": path})
    assert timemap.headers["content-type"] == "application/link-format"
    assert f'<{path}>; rel="original timegate"' in timemap.text
    for relation in ("self", "first memento", "last memento"):
        assert f'rel="{relation}"' in timemap.text
    late = story.get(f"{KURSK}/claims", headers={"Accept-Datetime": "Fri, 01 Jan 2100 00:00:00 GMT"})
    head = story.get(f"{KURSK}/claims").headers["x-position"]
    assert late.headers["location"].endswith(f"?at={head}")
    problem(story.get(KURSK, headers={"Accept-Datetime": "2024-08-08"}), 400, "BadAcceptDatetime")


def test_a_claim_that_fell_has_no_review_any_more(editor: Desk) -> None:
    claim = editor.claim()
    path = f"{editor.incident}/claims/{claim}"
    editor.post(f"{path}/assessment", {"assessment": "unverified", "reason": "One source"}, 200)
    wait = {"X-Wait-Position": str(editor.position)}
    assert editor.client.get(f"{path}.claimreview.jsonld", headers=wait).status_code == 200
    editor.post(f"{path}/retraction", {"by": "desk", "code": "fabricated", "reason": "Made up"}, 200)
    answer = editor.client.get(f"{path}.claimreview.jsonld", headers={"X-Wait-Position": str(editor.position)})
    assert answer.status_code == 404
    assert "retracted by desk" in answer.json()["detail"]
