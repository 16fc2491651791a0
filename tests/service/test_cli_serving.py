"""`onrecord serve` and `demo`: what stands in the way, what is logged, and how it ends."""

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from domain.source_commands import RegisterSource
from service.ledger import Ledger
from service.settings import Settings
from tests.e2e.desk import free_port, open_account
from tests.service.command_line import onrecord, running
from tests.service.ledgers import ask

PATIENCE = 500
"""Seconds: a demonstration loads 15,000 acts first, on a machine that may have much else to do."""


@contextmanager
def served(data: Path, *arguments: str, **more: str) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Serve a folder until the end of the block; give the address and the process."""
    port = free_port()
    with running(data, "serve", "--port", str(port), *arguments, **more) as process:
        url = f"http://127.0.0.1:{port}"
        _await(f"{url}/healthz/ready", process)
        yield url, process


def _await(url: str, process: "subprocess.Popen[bytes]") -> None:
    pause, until = threading.Event(), time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, "it ended before it was ready"
        try:
            if httpx2.get(url).status_code == 200:
                return
        except httpx2.TransportError:
            pause.wait(0.05)
    raise AssertionError(f"it did not become ready in {PATIENCE} s")


def ended(process: "subprocess.Popen[bytes]") -> str:
    """Wait until a process has ended, and return what it told."""
    _, told = process.communicate(timeout=30)
    return told.decode()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ONRECORD_PORT", "abc"),
        ("ONRECORD_PORT", "70000"),
        ("ONRECORD_LOG_LEVEL", "loud"),
        ("ONRECORD_MAX_BODY", "1"),
        ("ONRECORD_OPEN_READING", "perhaps"),
    ],
)
def test_a_setting_that_cannot_be_is_named(tmp_path: Path, name: str, value: str) -> None:
    done = onrecord(tmp_path / "data", "serve", **{name: value})
    assert done.code == 2
    assert name in done.err
    assert not (tmp_path / "data").exists()


def test_a_setting_that_is_none_and_a_file_that_is_no_toml_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "onrecord.toml").write_text('prot = 80\ndata = "data"\n')
    assert "prot in onrecord.toml: no such setting" in onrecord(None, "migrate").err
    (tmp_path / "onrecord.toml").write_text("port 80")
    done = onrecord(None, "migrate")
    assert done.code == 2
    assert done.err.startswith("onrecord: onrecord.toml: ")


def test_the_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "onrecord.toml").write_text('data = "from-file"')
    assert "from-file" in onrecord(None, "migrate").err
    assert "from-environment" in onrecord(tmp_path / "from-environment", "migrate").err


def test_a_folder_in_use_is_said_to_be(tmp_path: Path) -> None:
    with Ledger.open(Settings(data=tmp_path)):
        done = onrecord(tmp_path, "serve", "--port", "0")
    assert done.code == 5
    assert "another process writes" in done.err


def test_a_port_that_is_taken_is_said_to_be(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for command in (("serve",), ("demo",)):
            done = onrecord(None, *command, "--data", tmp_path / "data", "--port", port)
            assert done.code == 5
            assert f"port {port}: Address already in use" in done.err
    assert not (tmp_path / "data").exists()


def test_told_to_stop_it_is_first_not_ready_then_lets_open_requests_finish(tmp_path: Path) -> None:
    secret = open_account(tmp_path, "anna", "reporter")
    started, go_on = threading.Event(), threading.Event()

    def body() -> Iterator[bytes]:
        yield b"first part, "
        started.set()
        go_on.wait(60)
        yield b"last part"

    answers = []
    with served(tmp_path) as (url, process), httpx2.Client(base_url=url) as kept_alive:
        assert kept_alive.get("/healthz/ready").status_code == 200

        def upload() -> None:
            headers = {"Authorization": f"Bearer {secret}"}
            answers.append(httpx2.post(f"{url}/api/v1/files", content=body(), headers=headers, timeout=60))

        uploading = threading.Thread(target=upload)
        uploading.start()
        assert started.wait(60)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        while kept_alive.get("/healthz/ready").status_code == 200:
            pass
        assert process.poll() is None
        go_on.set()
        uploading.join(60)
        told = ended(process)
        assert time.monotonic() - begun < 10
    assert process.returncode == 0
    assert answers[0].status_code in (200, 201), answers[0].text
    assert "Traceback" not in told


def test_a_stream_that_nobody_reads_does_not_hold_up_the_end(tmp_path: Path) -> None:
    secret = open_account(tmp_path, "anna", "auditor")
    with Ledger.open(Settings(data=tmp_path)) as ledger:
        ledger.execute_many(
            ask(RegisterSource(name=f"{n}", kind="outlet", description="x" * 19_000)) for n in range(600)
        )
    with served(tmp_path) as (url, process), socket.socket() as stuck, httpx2.Client(base_url=url) as reading:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        stuck.connect((urlsplit(url).hostname, urlsplit(url).port))
        key = f"Authorization: Bearer {secret}"
        stuck.sendall(f"GET /api/v1/stream?after=0 HTTP/1.1\r\nHost: desk\r\n{key}\r\n\r\n".encode())
        assert stuck.recv(12) == b"HTTP/1.1 200"
        headers = {"Authorization": f"Bearer {secret}"}
        with reading.stream("GET", "/api/v1/stream", headers=headers) as read:
            lines = read.iter_lines()
            next(lines)
            process.send_signal(signal.SIGTERM)
            assert [line for line in lines if line.startswith("id")] == []
        told = ended(process)
    assert process.returncode == 0
    assert "timeout graceful shutdown exceeded" not in told
    assert "Traceback" not in told


def test_it_logs_json_lines_without_query_addresses_or_keys(tmp_path: Path) -> None:
    secret = open_account(tmp_path, "anna", "auditor")
    with served(tmp_path) as (url, process):
        headers = {"Authorization": f"Bearer {secret}"}
        assert httpx2.get(f"{url}/api/v1/incidents?q=hidden+words", headers=headers).status_code == 200
        process.send_signal(signal.SIGINT)
        told = ended(process)
    lines = [json.loads(line) for line in told.splitlines()]
    asked = [line for line in lines if line.get("path") == "/api/v1/incidents"]
    assert [(line["event"], line["method"], line["status"], line["level"]) for line in asked] == [
        ("request", "GET", 200, "info")
    ]
    (serving,) = [line for line in lines if line["event"] == "serving"]
    assert (serving["host"], serving["port"]) == ("127.0.0.1", int(url.rpartition(":")[2]))
    rest = [line for line in told.splitlines() if json.loads(line) != serving]
    assert not any(hidden in line for line in rest for hidden in ("hidden", secret, "127.0.0.1"))


def test_it_logs_from_the_level_on_that_is_set(tmp_path: Path) -> None:
    with served(tmp_path, ONRECORD_LOG_LEVEL="error") as (_, process):
        process.send_signal(signal.SIGINT)
        assert ended(process) == ""


@pytest.mark.timeout(600)
def test_a_demonstration_prints_two_keys_and_is_read_by_anybody(tmp_path: Path) -> None:
    port = free_port()
    with running(None, "demo", "--data", tmp_path / "demo", "--port", str(port)) as process:
        url = f"http://127.0.0.1:{port}"
        _await(f"{url}/healthz/ready", process)
        found = httpx2.get(f"{url}/api/v1/incidents/INC-Q6V7NE", timeout=60).json()
        assert found["short_id"] == "INC-Q6V7NE"
        process.send_signal(signal.SIGINT)
        out, told = process.communicate(timeout=30)
    told_of = dict(line.split(":", 1) for line in out.decode().splitlines())
    assert set(told_of) == {"folder", "read key", "writer key", "API"}
    assert told_of["read key"].strip().startswith("orc_")
    assert told_of["API"].strip() == f"{url}/docs"
    assert "ready after " in told.decode()
    again = onrecord(None, "demo", "--data", tmp_path / "demo", "--port", "0")
    assert again.code == 4
    assert "is not an empty folder" in again.err
