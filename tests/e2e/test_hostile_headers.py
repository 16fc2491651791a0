"""Headers that cannot be kept or meant: a clear answer, nothing recorded, and it goes on.

Law: every test of this file leaves the log where it was, unless it says that what it sends is accepted.
"""

import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import Served
from tests.e2e.hostile import SOURCE, raw, request_of

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
