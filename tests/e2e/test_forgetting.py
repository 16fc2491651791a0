"""Forgetting: what was sealed is nowhere in the clear, is opened for those who may, and is gone when it is erased.

The files of both databases are searched, with all that they keep beside their rows; a word that was not sealed is
found by the same search.
"""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from domain.seals import seal_of
from domain.subject_commands import EraseSubject
from service.access import OPERATOR
from service.ledger import Ledger, Request
from service.settings import Settings
from tests import postgres
from tests.e2e.desk import Desk, grant, open_account, serving, vault_of
from tests.service.command_line import Done, onrecord

NAME, STREET = "Zlatoslava Kyrylenko-Vox", "провулок Ґаламаґана 17"
KNOWN = "Merkmalswort-Unversiegelt"
"""What was not sealed, and is found."""
COURT = {"ordered_by": "District court", "ground": "court_order", "reason": "Order 17/24"}


@dataclass
class Place:
    """Where a record is kept, the server of its database where it is on one, and everything that came of it."""

    folder: Path
    database: dict[str, str]
    server: postgres.Server | None
    more: list[Path] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def keys(self) -> Path:
        return Path(vault_of(self.data)["vault"])

    def run(self, *arguments: str | Path) -> Done:
        settings = {**self.database, **vault_of(self.data)}
        return onrecord(self.data, *arguments, **{f"ONRECORD_{name.upper()}": one for name, one in settings.items()})

    def holding(self, text: str) -> list[Path]:
        """Return the files that hold a text, in whatever case and in the usual ways of writing it."""
        roots = [self.folder, *([self.server.folder] if self.server else [])]
        files = [file for root in roots for file in root.rglob("*") if file.is_file()]
        assert files
        return [file for file in files if any(one in file.read_bytes().lower() for one in written(text))]

    def tidy(self) -> None:
        """Let the databases put everything in its place: WAL, free pages, dead rows."""
        if self.server is None:
            for file in ("ledger.sqlite", "views.sqlite"):
                with closing(sqlite3.connect(self.data / file, isolation_level=None)) as connection:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    connection.execute("VACUUM")
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return
        with psycopg.connect(self.database["database"], autocommit=True) as connection:
            connection.execute("VACUUM FULL")
            connection.execute("CHECKPOINT")


def written(text: str) -> Iterator[bytes]:
    """Yield a text as it may be written: plain, lower, as JSON escapes it, in UTF-16."""
    for one in (text, text.lower()):
        yield one.encode().lower()
        yield one.encode().replace(b" ", b"%20").lower()
        yield one.encode("unicode_escape").lower()
        yield one.encode("utf-16-le").lower()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as held:
        if request.param == "sqlite":
            yield Place(tmp_path, {}, None)
            return
        # Of its own, so that all of its files are this record's; it logs each statement.
        server = held.enter_context(postgres.server(log_statement="all"))
        yield Place(tmp_path, {"database": held.enter_context(server.database())}, server)


@dataclass
class Told:
    """A story with a sealed person in it."""

    subject: str
    short_id: str
    seals: tuple[str, str]
    incident: str
    position: int


def tell(reporter: Desk) -> Told:
    """Seal two passages of a person, and write their seals wherever a text may stand."""
    reporter.claim("A first claim")
    incident = reporter.ids["incident"]
    first = reporter.post("/subjects", {"text": NAME, "incident": incident}, **{"Idempotency-Key": "seal-1"})
    subject = first["ids"]["subject"]
    second = reporter.post(f"/subjects/{subject}/passages", {"text": STREET}, expect=200)
    name, street = first["seal"], second["seal"]
    witness = {"name": f"{name}, a nurse", "kind": "witness", "handles": [name], "description": f"Lives in {street}"}
    source = reporter.post("/sources", witness)["ids"]["source"]
    told = {"source": source, "title": f"Call of {name}", "byline": name, "text": f"{name}: I live in {street}"}
    report = reporter.post(f"{reporter.incident}/reports", told)["ids"]["report"]
    said = {"text": f"{name} saw them in {street}", "language": "en"}
    claim = reporter.post(f"{reporter.incident}/claims", {"report": report, "wording": said})["ids"]["claim"]
    note = {"on": {"kind": "claim", "id": claim}, "text": f"Call {name} again. {KNOWN}"}
    reporter.post(f"{reporter.incident}/notes", note)
    return Told(subject, first["ids"]["short_id"], (name, street), incident, reporter.position)


def opened(custodian: Desk, text: str, expect: int = 200) -> dict[str, Any]:
    answer = custodian.client.post("/disclosures", json={"text": text, "reason": "To ask her for consent"})
    assert answer.status_code == expect, answer.text
    found: dict[str, Any] = answer.json()
    return found


def signed_until(client: httpx2.Client, position: int) -> None:
    """Wait until the log is signed up to a position."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        answer = client.get(client.base_url.copy_with(path="/checkpoint"))
        if answer.status_code == 200 and int(answer.text.splitlines()[1]) >= position:
            return
        time.sleep(0.05)
    raise AssertionError("the log was not signed within a minute")


def test_a_person_is_sealed_looked_at_and_forgotten(place: Place) -> None:  # one life, told in order
    database = place.database.get("database")
    custodian_key = open_account(place.data, "custodian-1", "custodian", "admin", "auditor", database=database)
    reporter_key = open_account(place.data, "reporter-1", "reporter", database=database)
    settings = {**place.database, "origin": "log.example/desk"}
    log = (place.folder / "said").open("wb")
    with (
        serving(place.data, log, **settings) as server,
        server.client(reporter_key) as sends,
        server.client(custodian_key) as keeps,
    ):
        reporter, custodian = Desk(sends), Desk(keeps)
        told = tell(reporter)
        name, street = told.seals
        custodian.position = told.position

        # Whatever is read has the seals, and no search leads to the person.
        read = custodian.get(f"/incidents/{told.incident}/claims")["items"][-1]["wording"]["text"]
        assert read == f"{name} saw them in {street}"
        for words in (NAME, STREET, NAME.split()[0]):
            assert custodian.get("/search", q=words)["items"] == []
        assert custodian.get("/search", q=KNOWN)["items"]

        # Who may, opens what was read; the look is in the log, with its reason; nobody else may.
        found = opened(custodian, read)
        assert found["text"] == f"{NAME} saw them in {STREET}"
        by_person = keeps.post(f"/subjects/{told.short_id}/disclosure", json={"reason": "Again"})
        assert [one["text"] for one in by_person.json()["passages"]] == [NAME, STREET]
        assert by_person.headers["cache-control"] == "no-store"
        assert opened(reporter, read, expect=403)["type"].endswith("#NotAllowed")
        custodian.position = by_person.json()["position"]
        looks = custodian.get("/changes", name="subject.disclosed.v1")["items"]
        assert [look["reason"] for look in looks] == ["To ask her for consent", "Again"]
        assert {look["account"] for look in looks} != {None}

        # A retry tells that the look was recorded, and tells the passages to nobody.
        for _ in range(2):
            retried = keeps.post(
                f"/subjects/{told.subject}/disclosure", json={"reason": "r"}, headers={"Idempotency-Key": "look"}
            )
        assert "passages" not in retried.json()

        # Taken away before she is forgotten: an export, a bundle, a backup.
        signed_until(keeps, retried.json()["position"])
        before = place.folder / "before.bundle"
        assert place.run("export", "--bundle", "-o", before).code == 0
        assert place.run("export", "-o", place.folder / "before.jsonl").code == 0
        if place.server is None:
            assert place.run("backup", place.folder / "backup").code == 0
        kept = place.folder.with_name(f"{place.folder.name}-copy-of-keys")
        shutil.copytree(place.keys, kept)

        # She is forgotten.
        erasure = custodian.post(f"/subjects/{told.subject}/erasure", COURT, expect=200)
        assert not (place.keys / f"{told.subject}.key").exists()
        found = opened(custodian, read)
        assert (found["text"], found["passages"]) == (read, [])
        (erased,) = found["erased"]
        assert (erased["ordered_by"], erased["ground"]) == ("District court", "court_order")
        assert erased["position"] == erasure["position"]
        custodian.post(f"/subjects/{told.subject}/disclosure", {"reason": "r"}, expect=409)
        row = custodian.get(f"/subjects/{told.subject}")
        assert (row["state"], row["passages"], row["disclosures"]) == ("erased", 2, 3)
        assert custodian.get(f"/subjects/{told.short_id}", at=told.position)["state"] == "sealed"
        signed_until(keeps, erasure["position"])
        after = place.folder / "after.bundle"
        assert place.run("export", "--bundle", "-o", after).code == 0
        only = place.folder / "incident.bundle"
        assert place.run("export", told.incident, "--bundle", "--with-sources", "-o", only).code == 0
        key = keeps.get("/proofs/log").json()["keys"][0]
        is_nowhere(place)
    log.close()
    is_nowhere(place)
    place.tidy()
    assert any("views" in file.name or "base" in file.parts for file in is_nowhere(place)), "in their own files by now"

    # Every bundle verifies, the old ones too, and says what became of it.
    for bundle, erased_passages in ((before, 0), (after, 2), (only, 2)):
        verified = place.run("verify", bundle, "--key", key, "--json")
        assert verified.code == 0, verified.out
        (said,) = verified.objects()
        assert (said["sealed"], said["erased"]) == (2, erased_passages)
    assert "sealed passages: 2, of which erased: 2" in place.run("verify", after, "--key", key).out
    assert place.run("verify").code == 0

    # An old copy of the vault is put back: what is erased stays so.
    shutil.copytree(kept, place.keys, dirs_exist_ok=True)
    checked = place.run("vault", "check")
    assert (checked.code, told.short_id in checked.out) == (3, True)
    with serving(place.data, None, **settings) as server, server.client(custodian_key) as keeps:
        until = time.monotonic() + 30
        while (place.keys / f"{told.subject}.key").exists() and time.monotonic() < until:
            time.sleep(0.02)
        assert opened(Desk(keeps), read)["passages"] == []
    assert not (place.keys / f"{told.subject}.key").exists()
    assert place.run("vault", "check").code == 0


def test_an_erasure_is_tried_again_where_its_key_is_there_still(tmp_path: Path) -> None:
    place = Place(tmp_path, {}, None)
    key = open_account(place.data, "everything-1", "reporter", "custodian", "admin")
    with serving(place.data) as server, server.client(key) as client:
        subject = Desk(client).post("/subjects", {"text": NAME})["ids"]["subject"]
        file = place.keys / f"{subject}.key"
        kept = file.read_bytes()
        Desk(client).post(f"/subjects/{subject}/erasure", COURT, expect=200)
        file.write_bytes(kept)
        Desk(client).post(f"/subjects/{subject}/erasure", COURT, expect=409)
        assert not file.exists()


def is_nowhere(place: Place) -> list[Path]:
    """Assert that nothing sealed is in any file, and that the search would find it; return where it finds the rest."""
    for text in (NAME, STREET):
        assert place.holding(text) == []
    found = place.holding(KNOWN)
    assert found
    return found


def test_an_erasure_that_was_cut_short_is_finished(place: Place) -> None:
    database = place.database.get("database")
    key = open_account(place.data, "everything-1", "reporter", "custodian", database=database)
    with serving(place.data, None, **place.database) as server, server.client(key) as client:
        subject = Desk(client).post("/subjects", {"text": NAME})["ids"]["subject"]
        another = Desk(client).post("/subjects", {"text": STREET})["ids"]["subject"]
    with Ledger.open(Settings.read(data=place.data, **place.database)) as ledger:  # recorded, and the process dies
        ledger.execute_now(Request(EraseSubject.model_validate({**COURT, "subject": subject}), OPERATOR.actor))
    assert (place.keys / f"{subject}.key").exists()
    with serving(place.data, None, **place.database) as server, server.client(key) as client:
        refused = client.post(f"/subjects/{subject}/disclosure", json={"reason": "r"})
        assert (refused.status_code, refused.json()["type"]) == (409, "/docs/problems#SubjectErased")
        until = time.monotonic() + 30
        while (place.keys / f"{subject}.key").exists() and time.monotonic() < until:
            time.sleep(0.02)
        found = client.post(f"/subjects/{another}/disclosure", json={"reason": "r"}).json()
        assert found["passages"] == [{"seal": seal_of(f"S-{found_short(client, another)}", 1), "text": STREET}]
    assert not (place.keys / f"{subject}.key").exists()


def found_short(client: httpx2.Client, subject: str) -> str:
    short_id: str = client.get(f"/subjects/{subject}").json()["short_id"]
    return short_id.removeprefix("S-")


def test_a_server_without_a_vault_seals_nothing_and_opens_nothing(tmp_path: Path) -> None:
    key = open_account(tmp_path / "data", "everything-1", "reporter", "custodian", "admin")
    with serving(tmp_path / "data") as server, server.client(key) as client:
        subject = Desk(client).post("/subjects", {"text": NAME})["ids"]["subject"]
        head = client.get(client.base_url.copy_with(path="/healthz/ready")).json()["head"]
    with serving(tmp_path / "data", with_vault=False) as server, server.client(key) as client:
        for path, body in (
            ("/subjects", {"text": NAME}),
            (f"/subjects/{subject}/passages", {"text": STREET}),
            (f"/subjects/{subject}/disclosure", {"reason": "r"}),
            (f"/subjects/{subject}/erasure", COURT),
        ):
            answer = client.post(path, json=body)
            assert (answer.status_code, answer.json()["type"]) == (503, "/docs/problems#NoVault")
        assert client.get(client.base_url.copy_with(path="/healthz/ready")).json()["head"] == head


def test_a_custodian_of_one_incident_opens_what_was_sealed_for_it(tmp_path: Path) -> None:
    key = open_account(tmp_path / "data", "everything-1", "reporter", "editor", "custodian", "admin")
    with serving(tmp_path / "data") as server, server.client(key) as client:
        desk = Desk(client)
        incidents = [desk.post("/incidents", {"title": title})["ids"]["incident"] for title in ("One", "Other")]
        sealed = [desk.post("/subjects", {"text": NAME, "incident": one}) for one in incidents]
        limited = grant(desk, "custodian-2", "custodian", incident=incidents[0])
        with server.client(limited) as keeps:
            own, others = (one["seal"] for one in sealed)
            assert opened(Desk(keeps), own)["text"] == NAME
            assert opened(Desk(keeps), others, expect=403)["type"].endswith("#NotAllowed")
            subject = sealed[0]["ids"]["subject"]
            alone = keeps.post(f"/subjects/{subject}/disclosure", json={"reason": "r"})
            named = keeps.post(f"/subjects/{subject}/disclosure", json={"reason": "r", "incident": incidents[0]})
            assert (alone.status_code, named.status_code) == (403, 200)


def test_who_may_see_nothing_learns_nothing(tmp_path: Path) -> None:
    key = open_account(tmp_path / "data", "everything-1", "reporter", "editor", "custodian", "admin")
    with serving(tmp_path / "data") as server, server.client(key) as client:
        desk = Desk(client)
        incidents = [desk.post("/incidents", {"title": title})["ids"]["incident"] for title in ("One", "Other")]
        own, live, erased = (desk.post("/subjects", {"text": NAME, "incident": incidents[n]}) for n in (0, 1, 1))
        desk.post(f"/subjects/{erased['ids']['subject']}/erasure", COURT, expect=200)
        head = desk.position
        keys = [grant(desk, f"somebody-{n}", *roles) for n, roles in enumerate(((), ("reporter", "editor", "auditor")))]
        keys.append(grant(desk, "limited-1", "reporter", incident=incidents[0]))
        text = " ".join(one["seal"] for one in (own, live, erased))
        for secret in keys:
            with server.client(secret) as nobody:
                refused = nobody.post("/disclosures", json={"text": text, "reason": "r"})
                assert (refused.status_code, "District" in refused.text) == (403, False)
        with server.client(grant(desk, "custodian-2", "custodian", incident=incidents[0])) as limited:
            for elsewhere in (live, erased):
                refused = limited.post(
                    "/disclosures", json={"text": f"{own['seal']} {elsewhere['seal']}", "reason": "r"}
                )
                assert (refused.status_code, "District" in refused.text) == (403, False)
                subject = elsewhere["ids"]["subject"]
                body = {"reason": "r", "incident": incidents[0]}
                answer = limited.post(f"/subjects/{subject}/disclosure", json=body)
                assert (answer.status_code, answer.json()["type"]) == (404, "/docs/problems#UnknownSubject")
        desk.position = int(client.get("/incidents").headers["x-position"])
        assert desk.get("/changes", name="subject.disclosed.v1", first=head)["items"] == [], "nothing was looked at"


def test_what_is_sealed_does_not_stand_in_the_reason_for_it(tmp_path: Path) -> None:
    key = open_account(tmp_path / "data", "everything-1", "reporter", "custodian")
    with serving(tmp_path / "data") as server, server.client(key) as client:
        made = Desk(client).post("/subjects", {"text": NAME})
        subject, seal = made["ids"]["subject"], made["seal"]
        head = client.get(client.base_url.copy_with(path="/healthz/ready")).json()["head"]
        said = f"Asked by {NAME.upper()} herself"
        for path, body in (
            ("/subjects", {"text": NAME, "reason": said}),
            (f"/subjects/{subject}/passages", {"text": NAME, "reason": said}),
            (f"/subjects/{subject}/disclosure", {"reason": said}),
            ("/disclosures", {"text": seal, "reason": said}),
            (f"/subjects/{subject}/erasure", {**COURT, "reason": said}),
            (f"/subjects/{subject}/erasure", {**COURT, "ordered_by": NAME}),
        ):
            answer = client.post(path, json=body)
            assert (answer.status_code, answer.json()["type"]) == (422, "/docs/problems#PassageInTheClear"), path
        assert client.get(client.base_url.copy_with(path="/healthz/ready")).json()["head"] == head


def test_who_is_erased_stays_so_where_record_and_vault_are_put_back(tmp_path: Path) -> None:
    place = Place(tmp_path, {}, None)
    key = open_account(place.data, "everything-1", "reporter", "custodian", "admin")
    with serving(place.data, origin="log.example/desk") as server, server.client(key) as client:
        made = Desk(client).post("/subjects", {"text": NAME})
        subject, seal = made["ids"]["subject"], made["seal"]
        signed_until(client, made["position"])
    before = [(one, tmp_path / f"{one.name}-before") for one in (place.data, place.keys)]
    kept = tmp_path / "kept.key"
    shutil.copy(place.keys / f"{subject}.key", kept)
    for one, copy in before:
        shutil.copytree(one, copy)
    with serving(place.data, origin="log.example/desk") as server, server.client(key) as client:
        Desk(client).post(f"/subjects/{subject}/erasure", COURT, expect=200)
    for one, copy in before:
        shutil.rmtree(one)
        copy.rename(one)
    checked = place.run("vault", "check")
    assert (checked.code, "erase it again" in checked.out, "check --destroy" in checked.out) == (3, True, True)
    with serving(place.data, origin="log.example/desk") as server, server.client(key) as client:
        for path, body in (
            (f"/subjects/{subject}/disclosure", {"reason": "r"}),
            ("/disclosures", {"text": seal, "reason": "r"}),
        ):
            answer = client.post(path, json=body)
            assert NAME not in answer.text
            assert answer.status_code == 409
        head = client.get(client.base_url.copy_with(path="/healthz/ready")).json()["head"]
        # The key is put back while it is served, and nobody has looked through the vault since.
        shutil.copy(kept, place.keys / f"{subject}.key")
        assert client.post("/disclosures", json={"text": seal, "reason": "r"}).status_code == 409
        assert client.post(f"/subjects/{subject}/disclosure", json={"reason": "r"}).status_code == 409
        assert client.get(client.base_url.copy_with(path="/healthz/ready")).json()["head"] == head, "no look was one"
        Desk(client).post(f"/subjects/{subject}/erasure", COURT, expect=200)
        assert client.get(client.base_url.copy_with(path="/healthz/ready")).json()["vault"] == "well"
    assert place.run("vault", "check").code == 0


def test_the_master_key_is_not_changed_while_a_key_is_missing(tmp_path: Path) -> None:
    place = Place(tmp_path, {}, None)
    key = open_account(place.data, "everything-1", "reporter", "custodian")
    with serving(place.data) as server, server.client(key) as client:
        made = Desk(client).post("/subjects", {"text": NAME})
    file = place.keys / f"{made['ids']['subject']}.key"
    kept = file.read_bytes()
    file.unlink()
    refused = place.run("vault", "rotate")
    assert (refused.code, made["ids"]["short_id"] in refused.err, "put back a copy" in refused.err) == (4, True, True)
    file.write_bytes(kept)
    assert place.run("vault", "rotate").code == 0
    person = place.run("export", made["ids"]["short_id"], "--bundle", "-o", tmp_path / "person.bundle")
    assert person.code == 0, person.err
    assert "subject.sealed.v1" in (tmp_path / "person.bundle").read_text()


def test_each_opening_is_a_look_and_takes_what_can_be_taken_at_a_time(tmp_path: Path) -> None:
    key = open_account(tmp_path / "data", "everything-1", "reporter", "custodian")
    with serving(tmp_path / "data") as server, server.client(key) as client:
        seal = Desk(client).post("/subjects", {"text": NAME})["seal"]
        body = {"text": seal, "reason": "r"}
        for header in ({"Idempotency-Key": "a"}, {"If-Match": '"1"'}):
            answer = client.post("/disclosures", json=body, headers=header)
            assert (answer.status_code, answer.json()["type"]) == (400, "/docs/problems#NotRetried")
        named = client.post("/disclosures", json=body, headers={"X-Correlation-Id": "desk-7"})
        changes = client.get("/changes", headers={"X-Wait-Position": str(named.json()["positions"][0])})
        assert changes.json()["items"][-1]["correlation"] == "desk-7"
        for text in (seal * 1_001, "".join(f"⟦S-{n:08}-1⟧" for n in range(101))):
            answer = client.post("/disclosures", json={"text": text, "reason": "r"})
            assert (answer.status_code, answer.json()["type"]) == (413, "/docs/problems#TooManySeals")
        for text in ("", "nothing is sealed here", "⟦S-00000000-1⟧", seal.replace("-1⟧", "-9⟧")):
            answer = client.post("/disclosures", json={"text": text, "reason": "r"})
            assert (answer.status_code, answer.json()["text"], answer.json()["positions"]) == (200, text, [])


def test_a_retry_is_known_by_what_it_brings_and_no_hash_of_it_is_kept(place: Place) -> None:
    key = open_account(place.data, "everything-1", "reporter", "custodian", database=place.database.get("database"))
    with serving(place.data, None, **place.database) as server, server.client(key) as client:
        for path, status in (("/subjects", 201), ("/subjects/{}/passages", 200)):
            where = path.format(client.get("/subjects").json()["items"][0]["subject"]) if "{}" in path else path
            first, again, other, elsewhere = (
                client.post(where, json=body, headers={"Idempotency-Key": f"key-{status}"})
                for body in ({"text": NAME}, {"text": NAME}, {"text": STREET}, {"text": NAME, "reason": "another"})
            )
            assert (first.status_code, again.status_code) == (status, status)
            assert first.json() == again.json()
            assert again.headers["idempotency-replayed"] == "true"
            for refused in (other, elsewhere):
                assert (refused.status_code, refused.json()["type"]) == (422, "/docs/problems#IdempotencyMismatch")
            client.get("/subjects", headers={"X-Wait-Position": str(first.json()["position"])})
        assert len(list(place.keys.iterdir())) == 2, "what was made for a retry is gone"


def test_a_vault_that_is_away_leaves_everything_as_it_was(tmp_path: Path) -> None:
    place = Place(tmp_path, {}, None)
    key = open_account(place.data, "everything-1", "reporter", "custodian", "admin")
    with serving(place.data) as server, server.client(key) as client:
        made = Desk(client).post("/subjects", {"text": NAME})
        subject, head = made["ids"]["subject"], made["position"]
        mounted = place.keys.with_name("mounted-elsewhere")
        place.keys.rename(mounted)
        for folder in ("gone", "empty"):
            if folder == "empty":
                place.keys.mkdir()
            for path, body in (
                ("/subjects", {"text": NAME}),
                (f"/subjects/{subject}/passages", {"text": STREET}),
                (f"/subjects/{subject}/disclosure", {"reason": "r"}),
                (f"/subjects/{subject}/erasure", COURT),
                ("/disclosures", {"text": made["seal"], "reason": "r"}),
            ):
                answer = client.post(path, json=body, headers={} if "closures" in path else {"Idempotency-Key": path})
                assert answer.status_code == 503, (folder, path, answer.text)
                assert answer.json()["type"].endswith(("#BadVault", "#KeyMissing"))
        place.keys.rmdir()
        mounted.rename(place.keys)
        assert client.get(client.base_url.copy_with(path="/healthz/ready")).json()["head"] == head
        assert opened(Desk(client), made["seal"])["text"] == NAME


def test_a_passage_that_is_refused_is_told_to_nobody(tmp_path: Path) -> None:
    key = open_account(tmp_path / "data", "everything-1", "reporter", "custodian")
    said = tmp_path / "said"
    with said.open("wb") as log, serving(tmp_path / "data", log) as server, server.client(key) as client:
        for body in (
            {"text": NAME * 1_000},
            {"text": f"{NAME}\x00"},
            {"text": NAME, "incident": NAME},
            {"text": [NAME]},
            {"text": NAME, NAME: 1},
            {"text": NAME, "reason": 1},
        ):
            answer = client.post("/subjects", json=body)
            assert answer.status_code == 422
            assert NAME not in answer.text or NAME in body  # the name of a field that is not there is told
        row = f'{{"command":"subject.seal","text":"{NAME}"}}\n'
        job = client.post("/imports", content=row, headers={"Content-Type": "application/x-ndjson"}).json()
        while job["state"] in ("waiting", "running"):
            job = client.get(f"/imports/{job['id']}").json()
        assert (job["failed"], job["recorded"]) == (1, 0)
        assert NAME not in str(job)
        keys = Path(vault_of(tmp_path / "data")["vault"])
        assert [file.name for file in keys.iterdir()] == ["vault.key"]
    place = Place(tmp_path, {}, None)
    assert place.holding(NAME) == []
