"""Proofs over HTTP and by the command line: what others check with the public formats alone."""

import shutil
import sqlite3
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from domain.events import Actor
from proofs.checkpoint import Checkpoint
from proofs.note import Note, key_from_text
from proofs.proof import Proof
from proofs.single import source
from proofs.tiles import Place, Tree
from proofs.tree import Edge, is_consistent, is_included, leaf_hash
from service import demo
from service.imports import import_merged
from service.ledger import Ledger
from service.settings import Settings
from tests.e2e.conftest import place_of
from tests.e2e.desk import Desk, Server, open_account, serving
from tests.service.command_line import Done, onrecord


@dataclass(frozen=True)
class Signed:
    """A served story, the keys of a reader and of one who reads one incident alone, and where all is kept."""

    server: Server
    data: Path
    database: dict[str, str]
    reader: str
    editor: str

    def get(self, path: str, key: str | None = None, accept: str = "*/*", **query: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {key or self.reader}"} if key != "" else {}
        headers["Accept"] = accept
        return httpx2.get(f"{self.server.url}{path}", headers=headers, params=query or None)

    def run(self, *arguments: str) -> Done:
        more = {f"ONRECORD_{name.upper()}": value for name, value in self.database.items()}
        return onrecord(self.data, *arguments, **more)

    @property
    def keys(self) -> str:
        return str(self.get("/api/v1/proofs/log").json()["keys"][0])


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Return where the record is kept: of a database, nobody else may sign what is in it."""
    with place_of(request) as place:
        yield place


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory, where: dict[str, str]) -> Iterator[Signed]:
    data: Path = tmp_path_factory.mktemp("signed")
    with Ledger.open(Settings.read(data=data, **where), demonstration=True) as ledger:
        import_merged(ledger, [demo.EXAMPLES / demo.FILES[0]], Actor())
    database = where.get("database")
    reader = open_account(data, "auditor-1", "auditor", database=database)
    editor = open_account(data, "editor-1", "reporter", "editor", database=database)
    with serving(data, origin="log.example/desk", **where) as server:
        story = Signed(server, data, where, reader, editor)
        with server.client(editor) as client:
            Desk(client).claim()
        yield story


def checkpoint(signed: Signed) -> Checkpoint:
    """Return the checkpoint of the whole log: it is signed within moments."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        answer = signed.get("/checkpoint")
        head = int(signed.get("/healthz/ready").json()["head"])
        if answer.status_code == 200 and Checkpoint.read(Note.read(answer.content).text).size == head:
            note = Note.read(answer.content)
            assert note.signed_by([key_from_text(signed.keys)])
            return Checkpoint.read(note.text)
        time.sleep(0.05)
    raise AssertionError(f"nothing was signed: {answer.status_code} {answer.text}")


class Served:
    """The tiles of a log, as anybody fetches them."""

    def __init__(self, signed: Signed) -> None:
        self._signed = signed

    def tile(self, place: Place) -> bytes:
        answer = self._signed.get(f"/{place.path}")
        assert answer.status_code == 200, place
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "immutable" in answer.headers["cache-control"]
        return answer.content


def entries_of(signed: Signed, size: int) -> list[bytes]:
    """Return the stored bytes of all events, from the bundles of entries."""
    found: list[bytes] = []
    while len(found) < size:
        index, width = len(found) // 256, min(256, size - len(found))
        answer = signed.get(f"/{Place(0, index, width).path.replace('tile/0/', 'tile/entries/')}")
        assert answer.status_code == 200
        data = answer.content
        while data:
            length = int.from_bytes(data[:2], "big")
            found.append(data[2 : 2 + length])
            data = data[2 + length :]
    return found


def test_the_log_is_read_and_checked_by_its_public_files_alone(signed: Signed) -> None:
    said = checkpoint(signed)
    edge = Edge()
    for entry in entries_of(signed, said.size):
        edge.append(leaf_hash(entry))
    assert said.root == edge.root() == Tree(Served(signed), said.size).root()
    assert said.origin == "log.example/desk"


def test_an_event_and_a_moment_are_proven(signed: Signed) -> None:
    said, entries = checkpoint(signed), entries_of(signed, checkpoint(signed).size)
    for position in (1, 100, said.size):
        told = signed.get("/api/v1/proofs/inclusion", position=position).json()
        proof = [b64decode(one) for one in told["proof"]]
        leaf = leaf_hash(entries[position - 1])
        assert b64decode(told["leaf"]) == leaf
        assert is_included(leaf, position - 1, told["size"], proof, said.root)
        text = signed.get("/api/v1/proofs/inclusion", position=position, accept="text/plain")
        assert text.headers["content-type"] == "text/plain; charset=utf-8"
        assert Proof.read(text.content).check(leaf, [key_from_text(signed.keys)]) == said
        told = signed.get("/api/v1/proofs/consistency", position=position).json()
        edge = Edge()
        for entry in entries[:position]:
            edge.append(leaf_hash(entry))
        assert b64decode(told["root"]) == edge.root()
        proof = [b64decode(one) for one in told["proof"]]
        assert is_consistent(position, told["size"], proof, edge.root(), said.root)
        assert Checkpoint.read(Note.read(told["checkpoint"].encode()).text) == said


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tile/0/000.p/1", 200),
        ("/tile/0/001", 404),
        ("/tile/0/000", 404),
        ("/tile/5/000", 404),
        ("/tile/0/x000", 404),
        ("/tile/64/000", 404),
        ("/tile/entries/999", 404),
        ("/api/v1/proofs/inclusion?position=100000", 404),
        ("/api/v1/proofs/inclusion?position=0", 422),
        ("/api/v1/proofs/inclusion", 422),
        ("/api/v1/proofs/consistency?position=5&size=4", 404),
    ],
)
def test_what_is_not_there_is_not_served(signed: Signed, path: str, status: int) -> None:
    checkpoint(signed)
    assert signed.get(path).status_code == status


@pytest.mark.parametrize("path", ["/checkpoint", "/tile/0/000.p/1", "/tile/entries/000.p/1", "/api/v1/proofs/log"])
def test_nothing_of_the_log_is_published_unless_the_operator_says_so(signed: Signed, path: str) -> None:
    checkpoint(signed)
    assert signed.get(path, key="").status_code == 401
    assert signed.get(path).status_code == 200


def test_health_tells_what_is_signed(signed: Signed) -> None:
    size = checkpoint(signed).size
    proofs = signed.get("/healthz/ready").json()["proofs"]
    assert (proofs["signs"], proofs["signed"], proofs["witnesses"]) == (True, size, [])
    assert f"onrecord_signed_position {float(size)}" in signed.get("/metrics").text


def test_what_is_published_anybody_may_read(tmp_path: Path, where: dict[str, str]) -> None:
    """Hashes, and then entries too: the same record, served again."""
    if where:
        return  # what is published is no matter of the database
    key = open_account(tmp_path, "editor-1", "reporter", "editor")
    readable = {"hashes": [200, 200, 401], "entries": [200, 200, 200]}
    for publish, statuses in readable.items():
        with serving(tmp_path, publish=publish) as server:
            story = Signed(server, tmp_path, {}, key, key)
            checkpoint(story)
            paths = ("/checkpoint", "/tile/0/000.p/1", "/tile/entries/000.p/1")
            assert [story.get(path, key="").status_code for path in paths] == statuses
            # What not everybody may read, no cache keeps for everybody.
            kept = [story.get(path).headers["cache-control"].split(",")[0] for path in paths]
            assert kept == ["public" if status == 200 else "private" for status in statuses]
            assert story.get("/api/v1/incidents", key="").status_code == 401


def test_a_log_that_was_cut_is_told_and_another_one_begun_where_that_is_meant(tmp_path: Path) -> None:
    data = tmp_path / "data"
    key = open_account(data, "editor-1", "reporter", "editor", "auditor")
    with serving(data, origin="log.example/desk") as server:
        with server.client(key) as client:
            Desk(client).claim()
        story = Signed(server, data, {}, key, key)
        size = checkpoint(story).size
    with closing(sqlite3.connect(data / "ledger.sqlite")) as connection, connection:
        connection.execute("DELETE FROM stored_events WHERE position > ?", (size - 2,))
    for view in data.glob("views.sqlite*"):
        view.unlink()
    with serving(data, origin="log.example/desk") as server:
        story = Signed(server, data, {}, key, key)
        for path in (f"/tile/0/000.p/{size}", f"/tile/entries/000.p/{size}", "/api/v1/proofs/inclusion?position=1"):
            answer = story.get(path)
            assert (answer.status_code, answer.json()["type"]) == (503, "/docs/problems#LogContradicted"), path
        assert story.get(f"/tile/0/{'x000/' * 2000}000").status_code == 404
    assert story.run("verify").code == 3
    begun = story.run("keys", "new-log", "log.example/desk-2")
    assert (begun.code, begun.out.startswith("log.example/desk-2+")) == (0, True)
    with serving(data, origin="log.example/desk-2") as server:
        story = Signed(server, data, {}, key, key)
        assert checkpoint(story).origin == "log.example/desk-2"
    assert story.run("verify").code == 0


# The command line, and the verifiers.


@pytest.fixture
def bundle(signed: Signed, tmp_path: Path) -> Path:
    checkpoint(signed)
    file = tmp_path / "bundle"
    assert signed.run("export", "INC-Q6V7NE", "--bundle", "-o", str(file)).code == 0
    return file


def test_a_bundle_is_exported_and_verified(signed: Signed, bundle: Path, tmp_path: Path) -> None:
    done = signed.run("verify", str(bundle), "--key", signed.keys)
    assert done.code == 0, done.err
    assert "all of them" in done.out
    assert done.out.endswith("VERIFIED\n")
    told = signed.run("verify", str(bundle), "--key", signed.keys, "--json").objects()[0]
    assert told["verified"]
    assert told["signed_by"] == ["log.example/desk"]
    altered = tmp_path / "altered"
    altered.write_bytes(bundle.read_bytes().replace(b"Kursk", b"Kyrsk", 1))
    done = signed.run("verify", str(altered), "--key", signed.keys, "--json")
    assert done.code == 3
    assert done.objects()[0]["position"] is not None
    assert signed.run("verify", str(bundle)).code == 2
    assert signed.run("verify", str(tmp_path / "nowhere"), "--key", signed.keys).code == 2
    assert signed.run("verify", str(bundle), "--key", "no key").code == 2


def test_the_record_itself_is_verified(signed: Signed) -> None:
    said = checkpoint(signed)
    told = signed.run("verify", "--json").objects()[0]
    assert (told["verified"], told["size"], told["root"]) == (True, said.size, said.root.hex())


def test_the_log_continues_an_earlier_checkpoint(signed: Signed, tmp_path: Path) -> None:
    earlier = tmp_path / "checkpoint"
    size = checkpoint(signed).size
    earlier.write_bytes(signed.get("/checkpoint").content)
    with signed.server.client(signed.editor) as client:
        Desk(client).claim("nine miles")
    assert checkpoint(signed).size > size
    files = {name: str(tmp_path / name) for name in ("all", "one", "cut")}
    assert signed.run("export", "--bundle", "-o", files["all"]).code == 0
    assert signed.run("export", "INC-Q6V7NE", "--bundle", "-o", files["one"]).code == 0
    assert signed.run("export", "INC-Q6V7NE", "--bundle", "--since", str(size), "-o", files["cut"]).code == 0
    given = ("--key", signed.keys, "--since", str(earlier))
    assert signed.run("verify", files["all"], *given).code == 0
    assert signed.run("verify", files["cut"], *given).code == 0
    done = signed.run("verify", files["one"], *given)
    assert (done.code, f"export it with --since {size}" in done.out) == (3, True)
    assert signed.run("verify", "--since", str(earlier)).code == 0


def test_a_new_key_is_taken_up_by_who_serves(signed: Signed) -> None:
    checkpoint(signed)
    old = signed.keys
    new = signed.run("keys", "rotate-log").out.strip()
    with signed.server.client(signed.editor) as client:
        Desk(client).claim("ten miles")
    checkpoint(signed)
    assert signed.keys == new
    assert Note.read(signed.get("/checkpoint").content).signed_by([key_from_text(old), key_from_text(new)])
    assert signed.run("keys", "show-log").out.split() == [new, old]
    assert signed.run("verify").code == 0


def test_the_page_that_verifies_stands_alone(signed: Signed) -> None:
    page = httpx2.get(f"{signed.server.url}/verify", follow_redirects=True)
    assert page.status_code == 200
    for name in ("verify.js", "page.js", "page.css"):
        assert f'"{name}"' in page.text
        assert httpx2.get(f"{signed.server.url}/static/verify/{name}").status_code == 200
    assert "http" not in page.text.replace("http-equiv", "")


def test_the_verifier_as_one_file_runs_away_from_the_project(signed: Signed, bundle: Path, tmp_path: Path) -> None:
    alone = tmp_path / "away"
    alone.mkdir()
    (alone / "onrecord_verify.py").write_text(source())
    shutil.copy(bundle, alone / "bundle")

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-I", "-S", "-c", ALONE, str(Path(shutil.__file__)), *arguments]
        return subprocess.run(command, cwd=alone, capture_output=True, text=True, check=False)

    done = run("bundle", "--key", signed.keys)
    assert (done.returncode, done.stdout.endswith("VERIFIED\n")) == (0, True), done.stderr
    (alone / "bundle").write_bytes(bundle.read_bytes().replace(b"Kursk", b"Kyrsk", 1))
    assert run("bundle", "--key", signed.keys).returncode == 3
    assert run("bundle", "--key", "x").returncode == 2


ALONE = """
import sys, sysconfig
sys.path[:0] = [sysconfig.get_path("platlib")]
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("proofs", "domain", "service", "projections"):
            raise ImportError(name)
sys.meta_path.insert(0, Nothing())
sys.argv = ["onrecord_verify.py", *sys.argv[2:]]
exec(compile(open("onrecord_verify.py").read(), "onrecord_verify.py", "exec"), {"__name__": "__main__"})
"""
