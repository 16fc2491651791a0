"""Text that is odd and welcome: accepted, returned as it came, and run by nobody.

Law: every test of this file leaves the log where it was, unless it says that what it sends is accepted.
"""

import csv
import io
import json

import httpx2
import pytest

from tests.e2e.conftest import Served
from tests.e2e.desk import Desk
from tests.e2e.stage import Stage, act

ODD = {
    "right-to-left": "שלום עולם, قالت الوكالة",
    "override": "abc\u202edef\u202c",
    "zero-width": "a\u200bb\u200dc\ufeffd",
    "combining": "e\u0301 and \u00e9",
    "emoji": "👩‍👩‍👧‍👦 🇺🇦",
    "beyond-the-plane": "𝔸𐍈",
    "brackets": "[" * 200 + "{" * 200,
    "quotes": "\"'`\\ %s {0} ${x}",
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>&amp;",
    "separators": "one\u2028two\u2029three",
    "formula": '=HYPERLINK("http://x","y")',
    "sql": "'); DROP TABLE stored_events; --",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_text_is_returned_as_it_came(stage: Stage, text: str) -> None:
    words = {"text": text, "language": "en"}
    claim = stage.done(act("make_claim", report="$report", wording=words, reason=text))["ids"]["claim"]
    path = f"/incidents/{stage.id('incident')}/claims"
    assert stage.get(f"{path}/{claim}").json()["wording"]["text"] == text
    (line,) = stage.get("/changes", subject=claim).json()["items"]
    assert line["reason"] == text
    (streamed,) = stage.get("/changes.ndjson", subject=claim).content.splitlines()
    assert json.loads(streamed)["reason"] == text
    (row,) = csv.DictReader(io.StringIO(stage.get("/changes.csv", subject=claim).content.decode(), newline=""))
    assert row["reason"] in (text, f"'{text}")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "=cmd|' /C calc'!A0"])
def test_no_cell_of_a_download_is_a_formula(stage: Stage, text: str) -> None:
    name = text if "\t" not in text else "a"
    note = {"kind": "incident", "id": stage.id("incident")}
    stage.done(act("register_source", name=name, kind="outlet", description=text))
    stage.done(act("add_note", on=note, text=text, reason=text))
    for path in ("/sources.csv", "/changes.csv", f"/incidents/{stage.id('incident')}/notes.csv"):
        for row in csv.reader(io.StringIO(stage.get(path).content.decode(), newline="")):
            assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


SYNTAX = [
    '"',
    '""',
    "'",
    "*",
    "a*",
    "^a",
    "NEAR(a b)",
    "a NOT b",
    "words:a",
    "{words} : a",
    "a AND",
    "(",
    ")",
    "a + b",
    "-a",
    "rowid:1",
    "; DROP TABLE search; --",
    "\\",
    "%",
    "_",
    " ",
    "a" * 200,
    "\ud83d".encode("utf-8", "surrogatepass").decode("latin-1"),
]


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("words", SYNTAX, ids=[f"{n}-{words[:20]!r}" for n, words in enumerate(SYNTAX)])
def test_search_has_no_syntax(stage: Stage, words: str) -> None:
    assert stage.get("/search", q=words).status_code == 200
    assert stage.get("/sources", q=words).status_code == 200
    assert stage.get("/incidents", q=words).status_code == 200


def test_a_wildcard_is_looked_for_as_it_stands(stage: Stage) -> None:
    stage.done(act("register_source", name="100% Kursk_news", kind="outlet"))
    for words, found in (("100%", True), ("k_n", True), ("1%K", False), ("Kursk%news", False), ("1_0%", False)):
        items = stage.get("/sources", q=words, limit=200).json()["items"]
        assert ("100% Kursk_news" in [item["name"] for item in items]) == found, words


@pytest.mark.usefixtures("unharmed")
def test_no_answer_is_a_page_that_runs_what_was_sent(served: Served, editor: Desk) -> None:
    script = "<script>alert(1)</script>"
    answers = [
        editor.client.get(f"/{script}"),
        editor.client.get("/incidents", params={"limit": script}),
        editor.client.post("/sources", json={"name": "A", "kind": script}),
        httpx2.get(f"{served.server.url}/docs", params={"url": script}),
        httpx2.get(f"{served.server.url}/docs/problems", params={"x": script}),
    ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        if answer.headers["content-type"].startswith("text/html"):
            assert script not in answer.text
            assert "onerror" not in answer.text


@pytest.mark.usefixtures("unharmed")
def test_a_file_is_never_served_as_a_page(editor: Desk) -> None:
    page = b"<html><script>alert(1)</script></html>"
    stored = editor.client.post("/files", content=page, headers={"Content-Type": "text/html"}).json()["hash"]
    answer = editor.client.get(f"/files/{stored}", headers={"Accept": "text/html, */*"})
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
