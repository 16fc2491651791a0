"""What comes from people who mean harm, or from broken clients: a clear answer, nothing recorded, and it goes on.

Law: every test of this file leaves the log where it was, unless it says that what it sends is accepted.
"""

import base64
import csv
import gzip
import io
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from service.api.app import bare_app
from tests.e2e.conftest import Served
from tests.e2e.desk import Desk, Server
from tests.e2e.stage import Stage, act

JSON = {"Content-Type": "application/json"}
SOURCE = b'{"name": "A", "kind": "outlet"}'


@pytest.fixture
def stage(served: Served) -> Stage:
    return Stage({"editor": served.editor})


@pytest.fixture
def unharmed(stage: Stage) -> Iterator[None]:
    """Assert that nothing was recorded, and that the server still serves."""
    stage.id("figure"), stage.id("claim"), stage.id("evidence")
    head = stage.head()
    yield
    assert stage.head() == head
    assert stage.get("/sources").status_code == 200


def told(answer: httpx2.Response, *statuses: int) -> dict[str, Any]:
    """Assert that an answer is a problem of one of these statuses, without anything of the inside; return it."""
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"].startswith("/docs/problems#")
    for inside in ("Traceback", "sqlite", "site-packages", "/service/", "orc_"):
        assert inside not in answer.text
    return problem


# Bodies.

MALFORMED = {
    "cut": b'{"name": ',
    "utf-16": '{"name": "A", "kind": "outlet"}'.encode("utf-16"),
    "utf-32": '{"name": "A", "kind": "outlet"}'.encode("utf-32-le"),
    "byte-order-mark": b"\xef\xbb\xbf" + SOURCE,
    "overlong-utf-8": b'{"name": "\xc0\xaf", "kind": "outlet"}',
    "surrogate-in-utf-8": b'{"name": "\xed\xa0\x80", "kind": "outlet"}',
    "latin-1": '{"name": "Ä", "kind": "outlet"}'.encode("latin-1"),
    "raw-nul": b'{"name": "A\x00", "kind": "outlet"}',
    "raw-newline": b'{"name": "A\n", "kind": "outlet"}',
    "two-values": SOURCE + SOURCE,
    "trailing-comma": b'{"name": "A", "kind": "outlet",}',
    "comment": b'{"name": "A", /* kind */ "kind": "outlet"}',
    "single-quotes": b"{'name': 'A', 'kind': 'outlet'}",
    "name-twice": b'{"name": "A", "name": "B", "kind": "outlet"}',
    "name-twice-within": b'{"name": "A", "kind": "outlet", "x": {"a": 1, "a": 2}}',
    "name-twice-escaped": b'{"name": "A", "n\\u0061me": "B", "kind": "outlet"}',
    "not-a-number": b'{"name": "A", "kind": "outlet", "x": NaN}',
    "infinity": b'{"name": "A", "kind": "outlet", "x": -Infinity}',
    "a-million-digits": b'{"name": "A", "kind": "outlet", "x": ' + b"9" * 1_000_000 + b"}",
    "depth": b'{"a": [' * 40 + b"]}" * 40,
    "depth-of-arrays": b"[" * 500_000 + b"]" * 500_000,
    "depth-never-closed": b"[" * 1_000_000,
    "form": b"name=A&kind=outlet",
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_body_that_is_not_json_is_400(editor: Desk, body: bytes) -> None:
    told(editor.client.post("/sources", content=body, headers=JSON), 400)


INVALID = {
    "nothing": b"",
    "null": b"null",
    "list": b"[]",
    "text": b'"A"',
    "number": b"1",
    "nul": b'{"name": "A\\u0000", "kind": "outlet"}',
    "escape": b'{"name": "A\\u001b[31m", "kind": "outlet"}',
    "high-surrogate": b'{"name": "A\\ud83d", "kind": "outlet"}',
    "low-surrogate": b'{"name": "\\ude00A", "kind": "outlet"}',
    "surrogate-as-code": b'{"name": "A", "kind": "\\ud800"}',
    "surrogate-as-field": b'{"name": "A", "kind": "outlet", "\\ud800": 1}',
    "nul-as-field": b'{"name": "A", "kind": "outlet", "\\u0000": 1}',
    "prototype": b'{"name": "A", "kind": "outlet", "__proto__": {"admin": true}}',
    "python": b'{"name": "A", "kind": "outlet", "__class__": "x", "model_config": {}}',
    "white-name": '{"name": " \u2003\u00a0 ", "kind": "outlet"}'.encode(),
    "list-for-text": b'{"name": ["A"], "kind": "outlet"}',
    "number-for-text": b'{"name": 1, "kind": "outlet"}',
    "long-name": b'{"name": "' + b"A" * 501 + b'", "kind": "outlet"}',
    "nearly-a-megabyte": b'{"name": "' + b"A" * 1_000_000 + b'", "kind": "outlet"}',
    "many-fields": json.dumps({"name": "A", "kind": "outlet", **{f"x{n}": n for n in range(20_000)}}).encode(),
    "many-items": json.dumps({"name": "A", "kind": "outlet", "handles": ["a"] * 100_000}).encode(),
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("body", INVALID.values(), ids=INVALID)
def test_a_body_whose_fields_are_not_valid_is_422(editor: Desk, body: bytes) -> None:
    problem = told(editor.client.post("/sources", content=body, headers=JSON), 422)
    assert problem["errors"]
    assert len(problem["errors"]) <= 50


NUMBERS = ["1e999", "-1e999", "1" + "0" * 400, "1e16", "1.5e308", "true", '"6"', "[6]", "1" + "0" * 4_000]


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("number", NUMBERS, ids=[f"{n}-{number[:8]}" for n, number in enumerate(NUMBERS)])
def test_a_number_that_cannot_be_kept_is_refused(stage: Stage, editor: Desk, number: str) -> None:
    figure = f"/incidents/{stage.id('incident')}/figures/{stage.id('figure')}/adoption"
    body = f'{{"value": {{"best": {number}, "unit": "km"}}, "rests_on": ["{stage.id("claim")}"], "reason": "r"}}'
    told(editor.client.post(figure, content=body.encode(), headers=JSON), 422)
    evidence = f"/incidents/{stage.id('incident')}/evidence"
    body = f'{{"kind": "video", "hash": "sha256:{"0" * 64}", "size": {number}}}'
    told(editor.client.post(evidence, content=body.encode(), headers=JSON), 422)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/jsonx",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "text/html, application/json",
        "*/*",
    ],
)
def test_another_media_type_is_415(editor: Desk, media_type: str | None) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}
    told(editor.client.post("/sources", content=SOURCE, headers=headers), 415)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "identity, gzip", "x"])
def test_an_encoded_body_is_refused_and_never_unpacked(editor: Desk, coding: str) -> None:
    bomb, headers = gzip.compress(b'{"name": "' + b"A" * 10_000_000 + b'"}'), {**JSON, "Content-Encoding": coding}
    for body in (SOURCE, bomb, gzip.compress(SOURCE)):
        told(editor.client.post("/sources", content=body, headers=headers), 415)


# Framing, byte by byte.


def raw(server: Server, sent: bytes, *more: bytes) -> tuple[int, bytes]:
    """Send bytes as they are, and return status and body of the first answer; status 0 where there is none."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        for part in (sent, *more):
            try:
                connection.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                break  # refused before all was read: the answer is there
        return answered(connection)


def answered(connection: socket.socket) -> tuple[int, bytes]:
    """Read one answer: its head, and as much of its body as it announces."""
    data = b""
    try:
        while b"\r\n\r\n" not in data and (part := connection.recv(65_536)):
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        while length and len(body) < int(length[0].split(b":")[1]) and (part := connection.recv(65_536)):
            body += part
    except ConnectionResetError:
        head, body = data, b""
    return (int(head.split()[1]), body) if head else (0, b"")


def request_of(served: Served, *lines: str, path: str = "/api/v1/sources", method: str = "POST") -> bytes:
    """Return the head of a request with the editor's key and these lines."""
    key = served.editor.headers["authorization"]
    head = [f"{method} {path} HTTP/1.1", "Host: desk", f"Authorization: {key}", "Content-Type: application/json"]
    return "\r\n".join([*head, *lines, "", ""]).encode("latin-1")


@pytest.mark.usefixtures("unharmed")
def test_a_body_that_says_that_it_is_too_large_is_not_waited_for(served: Served) -> None:
    status, body = raw(served.server, request_of(served, "Content-Length: 999999999999"))
    assert (status, json.loads(body)["type"]) == (413, "/docs/problems#TooLarge")


@pytest.mark.usefixtures("unharmed")
def test_a_body_in_chunks_is_read_to_its_limit_and_no_further(served: Served) -> None:
    chunk = b"40000\r\n" + b" " * 0x40000 + b"\r\n"
    status, body = raw(served.server, request_of(served, "Transfer-Encoding: chunked"), *[chunk] * 40)
    assert (status, json.loads(body)["type"]) == (413, "/docs/problems#TooLarge")


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: -1",),
        ("Content-Length: +31",),
        ("Content-Length: 0x1f",),
        ("Content-Length: 31, 31",),
        ("Content-Length: 31", "Content-Length: 30"),
        ("Content-Length: " + "9" * 5_000,),
        ("Transfer-Encoding: chunked", "Content-Length: 31"),
        ("Transfer-Encoding: x",),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding : chunked",),
        ("X-Folded: a", " b: c"),
        ("X-Nul: a\0b",),
        ("No-Colon",),
        (": no-name",),
    ],
)
def test_a_request_that_is_not_http_is_refused(served: Served, lines: tuple[str, ...]) -> None:
    status, _ = raw(served.server, request_of(served, *lines) + b"ZZ\r\n" + SOURCE)
    assert status in (0, 400, 413, 422)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("line", ["X-Long: " + "a" * 100_000, "X-" + "a" * 100_000 + ": a"])
def test_an_overlong_header_is_refused(served: Served, line: str) -> None:
    status, _ = raw(served.server, request_of(served, line, "Content-Length: 4") + b"null")
    assert status in (0, 400, 422, 431)


@pytest.mark.usefixtures("unharmed")
def test_a_client_that_stops_in_the_middle_keeps_nobody_waiting(served: Served, editor: Desk) -> None:
    address = urlsplit(served.server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as slow:
        slow.sendall(request_of(served, "Content-Length: 31") + SOURCE[:-1])
        assert editor.client.get("/sources").status_code == 200


@pytest.mark.usefixtures("unharmed")
def test_a_body_byte_by_byte_is_one_body(served: Served) -> None:
    parts = [bytes([byte]) for byte in b'{"name": 1}']
    status, body = raw(served.server, request_of(served, f"Content-Length: {len(parts)}"), *parts)
    assert (status, json.loads(body)["type"]) == (422, "/docs/problems#InvalidFields")


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_another_method_is_405(served: Served, method: str) -> None:
    status, body = raw(served.server, request_of(served, "Content-Length: 0", method=method))
    assert (status, json.loads(body)["type"]) == (405, "/docs/problems#MethodNotAllowed")


# Addresses.

ADDRESSES = [
    "/api/v1/incidents/%00",
    "/api/v1/incidents/%ff%fe",
    "/api/v1/incidents/%ed%a0%80",
    "/api/v1/incidents/%zz",
    "/api/v1/incidents/%",
    "/api/v1/incidents/%0d%0aSet-Cookie:%20a=b",
    "/api/v1/incidents/%D0%96",
    "/api/v1/incidents/" + "a" * 20_000,
    "/api/v1/incidents/%3Cscript%3Ealert(1)%3C/script%3E",
    "/api/v1/incidents/x'%20OR%20'1'='1",
    "/api/v1/%2e%2e/%2e%2e/etc/passwd",
    "/api/v1/../../etc/passwd",
    "/api/v1/files/sha256:..%2f..%2f..%2fledger.sqlite",
    "/api/v1/files/..%2f..%2fledger.sqlite",
    "/api/v1/files/../../ledger.sqlite",
    "/api/v1/files/%2fetc%2fpasswd",
    "/api/v1/files/sha256:" + "0" * 63 + "%0a",
    "/api/v1/files/sha256:" + "0" * 64 + "%0a",
    "/api/v1/files/sha256:" + "A" * 64,
    "/api/v1/files/sha256%3a" + "0" * 64,
    "/static/../settings.py",
    "/static/..%2fsettings.py",
    "/static/%2e%2e/%2e%2e/pyproject.toml",
    "/static//etc/passwd",
    "/static/%00",
    "//api/v1/incidents",
    "/api/v1/incidents/",
    "/API/V1/INCIDENTS",
    "/api/v1/sources.exe",
    "/api/v1/incidents;a=b",
]


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("accept_datetime", [(), ("Accept-Datetime: Thu, 08 Aug 2024 09:00:00 GMT",)])
@pytest.mark.parametrize("path", ADDRESSES, ids=[f"{n}{path[:40]}" for n, path in enumerate(ADDRESSES)])
def test_a_bad_address_is_a_clear_answer(served: Served, path: str, accept_datetime: tuple[str, ...]) -> None:
    status, body = raw(served.server, request_of(served, *accept_datetime, path=path, method="GET"))
    assert status in (400, 404, 414, 422) or (status == 302 and accept_datetime), body
    for secret in (b"root:", b"SQLite format", b"[project]", b"class Settings"):
        assert secret not in body
    if status in (404, 422):
        assert json.loads(body)["type"].startswith("/docs/problems#")


QUERIES = [
    "/sources?q=%00",
    "/sources?q=%ff",
    "/sources?q=%ed%a0%80",
    "/sources?q=%",
    "/sources?limit=1" + "0" * 400,
    "/sources?limit=1e3",
    "/sources?limit=-1",
    "/sources?limit=%D9%A3",
    "/sources?limit=5&limit=7",
    "/sources?at=0001-01-01T00:00:00%2B14:00",
    "/sources?at=9999-12-31T23:59:59-14:00",
    "/sources?at=2024-02-31T00:00:00Z",
    "/sources?at=" + "9" * 40,
    "/sources?at=-1",
    "/sources?at=%D9%A3",
    "/sources?at=%0d%0a1",
    "/changes?recorded_from=0001-01-01T00:00:00%2B14:00",
    "/changes?recorded_to=9999-12-31T23:59:59-14:00",
    "/changes?recorded_from=2024-08-08T09:00:00",
    "/changes?first=9223372036854775808",
    "/changes?name='%3B%20DROP%20TABLE%20change_log",
    "/changes?incident=1",
    "/timemap?of=/api/v1/incidents%0d%0aX:%20y",
    "/timemap?of=/api/v1/%3E%3B%20rel=x",
    "/timemap?of=//elsewhere/api/v1/",
    "/timemap?of=/api/v1/../../elsewhere",
    "/incidents?state=%27",
    "/sources?" + "&".join(f"x{n}=1" for n in range(5_000)),
]


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("query", QUERIES, ids=[f"{n}{query[:40]}" for n, query in enumerate(QUERIES)])
def test_a_bad_query_is_a_clear_answer(served: Served, query: str) -> None:
    status, body = raw(served.server, request_of(served, path=f"/api/v1{query}", method="GET"))
    assert status in (200, 400, 414, 422), body
    assert b"sqlite" not in body.lower()
    if query.startswith("/timemap") and status == 200:
        assert body.count(b"\n") == body.count(b"rel=")


FORGED = [
    [],
    ["x"],
    [1],
    [1, 2],
    ["x", "y"],
    [1, "x"],
    ["x", 1],
    [1, 2, 3],
    [True],
    [None],
    [1.5],
    [2**63],
    {},
    1,
    [[]],
]


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    "operation",
    [
        path
        for path, methods in bare_app().openapi()["paths"].items()
        if any(p["name"] == "cursor" for p in methods.get("get", {}).get("parameters", ()))
    ],
)
def test_a_forged_cursor_is_422_or_a_page(stage: Stage, operation: str) -> None:
    path = stage.path(operation.removeprefix("/api/v1").replace("{suffix}", "csv"))
    for key in FORGED:
        cursor = base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")
        answer = stage.get(path, cursor=cursor)
        # 404: the position that it claims to have begun at is older than the incident.
        assert answer.status_code in (200, 404, 422), f"{key}: {answer.text}"
    for cursor in ("", "!", "=", "a", "AAAA", "%", "\u00e9", "W10", "a" * 2_000):
        assert stage.get(path, cursor=cursor).status_code in (200, 422), cursor


# Headers.

HEADERS = [
    *(("If-Match", tag) for tag in ('""', "1", 'W/"1"', '"1", "2"', '"-1"', '"' + "9" * 40 + '"', '"\xb2"', '"1')),
    *(("Idempotency-Key", key) for key in ("", "a" * 201, "\xe9", "a\tb", "\x80")),
    *(("X-Correlation-Id", text) for text in ("", "a" * 201, "\xe9", "a\tb", "\x80")),
]


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(("name", "value"), HEADERS)
def test_a_header_of_a_write_that_cannot_be_kept_is_400(served: Served, name: str, value: str) -> None:
    status, body = raw(served.server, request_of(served, f"{name}: {value}", "Content-Length: 31") + SOURCE)
    assert status == 400, body
    assert json.loads(body)["type"].startswith("/docs/problems#Bad")


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("name", ["Idempotency-Key", "X-Correlation-Id"])
@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
def test_a_header_cannot_bring_another_into_an_answer(served: Served, name: str, ending: str) -> None:
    lines = (f"{name}: a{ending}Set-Cookie: b=c", "Content-Length: 4")
    address = urlsplit(served.server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(request_of(served, *lines) + b"null")
        connection.shutdown(socket.SHUT_WR)
        data = b""
        while part := connection.recv(65_536):
            data += part
    assert b"set-cookie" not in data.partition(b"\r\n\r\n")[0].lower()


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("X-Wait-Position", text) for text in ("-1", "1.5", "1e3", "\xb2", "9" * 40, "1 2")),
        *(("Accept-Datetime", text) for text in ("yesterday", "2024-08-08T09:00:00Z", "\xe9", "9" * 400)),
        ("Accept-Datetime", "Mon, 01 Jan 0001 00:00:00 +1400"),
        ("Accept-Datetime", "Fri, 31 Dec 9999 23:59:59 -1400"),
        ("Accept-Datetime", "Thu, 99 Aug 2024 09:00:00 GMT"),
    ],
)
def test_a_header_of_a_read_that_cannot_be_meant_is_refused(served: Served, name: str, value: str) -> None:
    status, body = raw(served.server, request_of(served, f"{name}: {value}", method="GET"))
    assert status in (302, 400, 422), body
    assert (status == 302) <= (name == "Accept-Datetime")


# Text that is odd and welcome: accepted, and returned as it came.

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
