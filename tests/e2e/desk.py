"""A desk over HTTP: a server of its own on a free port, and people with keys."""

import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import httpx2

from domain.account_commands import GrantRole, IssueKey, OpenAccount
from domain.values import AccountKind, Role
from service.access import OPERATOR
from service.keys import make_key
from service.ledger import Ledger, Request
from service.settings import Settings
from service.vault import Vault

ONRECORD = str(Path(sys.executable).parent / "onrecord")


def open_account(data: Path, name: str, *roles: Role, kind: AccountKind = "person", database: str | None = None) -> str:
    """Open an account with roles on a ledger that is not served, and return the secret of its key."""
    with Ledger.open(Settings.read(data=data, **({"database": database} if database else {}))) as ledger:
        receipt = ledger.execute_now(Request(OpenAccount(name=name, kind=kind), OPERATOR.actor))
        account = UUID(receipt.ids["account"])
        for role in roles:
            ledger.execute_now(Request(GrantRole(account=account, role=role), OPERATOR.actor))
        made = make_key()
        ledger.execute_now(Request(IssueKey(account=account, key=made.id), OPERATOR.actor, secret=made.hash))
    return made.secret


@dataclass
class Server:
    """A running `onrecord serve`."""

    url: str
    process: "subprocess.Popen[bytes]"

    def client(self, key: str | None = None) -> httpx2.Client:
        """Return a client with this key."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx2.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=30)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def vault_of(data: Path) -> dict[str, str]:
    """Make a vault beside a data folder where there is none, and return the settings that name it."""
    beside = data.with_name(f"{data.name}-vault")
    named = {"vault": beside / "keys", "master_key": beside / "master.key"}
    if not beside.exists():
        Vault.make(Settings.read(data=data, **named))
    return {name: str(place) for name, place in named.items()}


@contextmanager
def serving(
    data: Path,
    said: IO[bytes] | None = None,
    largest_file: int | None = None,
    program: Sequence[str] = (ONRECORD,),
    *,
    with_vault: bool = True,
    **settings: str,
) -> Iterator[Server]:
    """Serve a data folder until the end of the block; what the server prints goes to `said`.

    `largest_file`, in bytes, is what any file of it may grow to: as if the disk were full then.
    """
    port = free_port()
    environment = {
        **os.environ,
        "ONRECORD_DATA": str(data),
        "ONRECORD_PORT": str(port),
        "ONRECORD_LOG_LEVEL": "warning",
    }
    if with_vault:
        environment |= {f"ONRECORD_{name.upper()}": value for name, value in vault_of(data).items()}
    environment |= {f"ONRECORD_{name.upper()}": value for name, value in settings.items()}
    process = subprocess.Popen([*program, "serve"], env=environment, stdout=said, stderr=said)
    if largest_file is not None:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (largest_file, largest_file))
    server = Server(f"http://127.0.0.1:{port}", process)
    try:
        _await_ready(server)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=15)


def _await_ready(server: Server) -> None:
    until = time.monotonic() + 180
    while time.monotonic() < until:
        assert server.process.poll() is None, "the server ended before it was ready"
        try:
            if httpx2.get(f"{server.url}/healthz/ready").status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError("the server did not become ready in three minutes")


@dataclass
class Desk:
    """Somebody at the desk, who posts and reads."""

    client: httpx2.Client
    position: int = 0
    ids: dict[str, str] = field(default_factory=dict)

    def post(self, path: str, body: dict[str, Any], expect: int = 201, **headers: str) -> dict[str, Any]:
        """Post, and return the answer, which must have this status."""
        answer = self.client.post(path, json=body, headers=headers)
        assert answer.status_code == expect, answer.text
        told: dict[str, Any] = answer.json()
        if expect in (200, 201):
            self.position = told["position"]
        return told

    def get(self, path: str, expect: int = 200, **parameters: Any) -> dict[str, Any]:
        """Read, having waited for the own writes, and return the answer, which must have this status."""
        headers = {"X-Wait-Position": str(self.position)}
        answer = self.client.get(path, params=parameters, headers=headers)
        assert answer.status_code == expect, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def claim(self, text: str = "Troops advanced as far as six miles") -> str:
        """Open an incident where there is none, with a source and a report, make a claim, and return its id."""
        if "incident" not in self.ids:
            self.ids["source"] = self.post("/sources", {"name": "A think tank", "kind": "monitor"})["ids"]["source"]
            self.ids["incident"] = self.post("/incidents", {"title": "Kursk incursion"})["ids"]["incident"]
            report = {"source": self.ids["source"], "title": "Daily assessment"}
            self.ids["report"] = self.post(f"{self.incident}/reports", report)["ids"]["report"]
        body = {"report": self.ids["report"], "wording": {"text": text, "language": "en"}}
        claim: str = self.post(f"{self.incident}/claims", body)["ids"]["claim"]
        return claim

    @property
    def incident(self) -> str:
        """Return the path of the incident."""
        return f"/incidents/{self.ids['incident']}"


def grant(desk: Desk, name: str, *roles: str, incident: str | None = None) -> str:
    """Open an account with roles, for everything or for one incident, and return the secret of its key."""
    account = desk.post("/accounts", {"name": name})["ids"]["account"]
    for role in roles:
        desk.post(f"/accounts/{account}/roles", {"role": role, "incident": incident}, expect=200)
    secret: str = desk.post(f"/accounts/{account}/keys", {}, expect=200)["secret"]
    return secret
