"""Requests that are hardly HTTP, byte by byte: refused, nothing recorded, and it goes on.

Law: every test of this file leaves the log where it was, unless it says that what it sends is accepted.
"""

import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import Served
from tests.e2e.desk import Desk
from tests.e2e.hostile import SOURCE, raw, request_of


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
