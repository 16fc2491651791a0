"""What the tests of hostile requests share: requests sent as bytes, and what a clear answer is."""

import socket
from typing import Any
from urllib.parse import urlsplit

import httpx2

from tests.e2e.conftest import Served
from tests.e2e.desk import Server

JSON = {"Content-Type": "application/json"}
SOURCE = b'{"name": "A", "kind": "outlet"}'


def told(answer: httpx2.Response, *statuses: int) -> dict[str, Any]:
    """Assert that an answer is a problem of one of these statuses, without anything of the inside; return it."""
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"].startswith("/docs/problems#")
    for inside in ("Traceback", "sqlite", "site-packages", "/service/", "orc_"):
        assert inside not in answer.text
    return problem


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
