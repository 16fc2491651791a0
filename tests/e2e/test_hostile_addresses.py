"""Addresses, queries and cursors that are none, or mean harm: a clear answer, nothing recorded, and it goes on.

Law: every test of this file leaves the log where it was, unless it says that what it sends is accepted.
"""

import base64
import json

import pytest

from service.api.app import bare_app
from tests.e2e.conftest import Served
from tests.e2e.hostile import raw, request_of
from tests.e2e.stage import Stage

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
