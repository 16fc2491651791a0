"""Who may do what, over HTTP: every role on every act, scopes that narrow, keys that no longer count, and secrets.

Law: the expected answers are those of the one table, `service.access.MAY`; the auditor writes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import httpx2
import pytest

from domain.commands import COMMANDS
from domain.values import Role
from service.access import MAY
from service.api.acts import ACTS
from tests.e2e.acts_table import ACCEPTED, Accepted
from tests.e2e.desk import Server, open_account, serving
from tests.e2e.stage import BY_OPERATION, NOTHING, Stage, act

ROLES: tuple[Role, ...] = get_args(Role)
GOOD: dict[str, Accepted] = {case.step.operation: case for case in ACCEPTED}
OF_AN_INCIDENT = [case for case in ACCEPTED if BY_OPERATION[case.step.operation].path.startswith("/incidents/")]


@dataclass
class Office:
    """A served desk with an account for each role, and where everything it stores and says is found."""

    server: Server
    data: Path
    said: Path
    clients: dict[str, httpx2.Client]

    def stage(self, **others: httpx2.Client) -> Stage:
        """Return a new stage, prepared by the editor, on which these others act too."""
        return Stage({**self.clients, **others})


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("office")
    data, said = folder / "data", folder / "said.txt"
    keys = {role: open_account(data, f"{role}-1", role) for role in ROLES}
    # The one who sets the stage has what it takes to make anything.
    keys["everything"] = open_account(data, "everything-1", *ROLES)
    with said.open("wb") as out, serving(data, said=out, log_level="debug", failed_keys_per_minute="0") as server:
        clients = {name: server.client(key) for name, key in keys.items()}
        yield Office(
            server, data, said, {**clients, "editor-alone": clients["editor"], "editor": clients["everything"]}
        )
        for client in clients.values():
            client.close()


def new_key(stage: Stage, *roles: Role, incident: str | None = None, scopes: tuple[Role, ...] = ()) -> tuple[str, str]:
    """Open an account with roles, for an incident where one is named, and return it and the secret of its key."""
    account: str = stage.done(act("open_account", name="somebody"))["ids"]["account"]
    limited = {} if incident is None else {"incident": incident}
    for role in roles:
        stage.done(act("grant_role", role=role, **limited).on(account=account))
    secret: str = stage.done(act("issue_key", scopes=list(scopes)).on(account=account))["secret"]
    return account, secret


def allowed(operation: str) -> frozenset[Role]:
    """Return the roles of which the table asks one."""
    return MAY[BY_OPERATION[operation].command]


# The matrix.


def test_the_table_names_every_command_and_no_auditor() -> None:
    assert set(MAY) == set(COMMANDS.values()) == {act.command for act in ACTS}
    assert all("auditor" not in roles for roles in MAY.values())


@pytest.mark.parametrize("case", ACCEPTED, ids=GOOD)
def test_each_role_may_do_what_the_table_says_and_nothing_else(office: Office, case: Accepted) -> None:
    stage = office.stage(editor_alone=office.clients["editor-alone"])
    for before in case.after:
        stage.done(before)
    stage.prepare(case.step)
    may = allowed(case.step.operation)
    for role in sorted(set(ROLES) - may):
        head = stage.head()
        answer = stage.post(case.step.by("editor-alone" if role == "editor" else role))
        assert (answer.status_code, answer.json()["type"]) == (403, "/docs/problems#NotAllowed"), role
        assert stage.head() == head
    for role in sorted(may):
        answer = stage.post(case.step.by("editor-alone" if role == "editor" else role))
        # The first who may does it; to the others the record may then say that it is done.
        assert answer.status_code in (200, 201, 409), f"{role}: {answer.text}"
    assert may


@pytest.mark.parametrize("role", ROLES)
def test_every_role_reads(office: Office, role: Role) -> None:
    client = office.clients["editor-alone" if role == "editor" else role]
    for path in ("/incidents", "/sources", "/accounts", "/changes", "/changes.ndjson", "/search?q=a"):
        assert client.get(path).status_code == 200, path


def test_uploading_takes_a_role_that_writes(office: Office) -> None:
    for role in ROLES:
        client = office.clients["editor-alone" if role == "editor" else role]
        status = client.post("/files", content=b"a clip").status_code
        assert status == (403 if role in ("auditor", "admin") else status), role
        assert status in (200, 201, 403)


# Roles for one incident.


@pytest.mark.parametrize("case", OF_AN_INCIDENT, ids=[case.step.operation for case in OF_AN_INCIDENT])
def test_a_role_for_one_incident_counts_in_no_other(office: Office, case: Accepted) -> None:
    stage = office.stage()
    stage.prepare(case.step)
    role = min(allowed(case.step.operation))
    _, here = new_key(stage, role, incident=stage.id("incident"))
    _, elsewhere = new_key(stage, role, incident=stage.id("other_incident"))
    for before in case.after:
        stage.done(before)
    with office.server.client(here) as inside, office.server.client(elsewhere) as outside:
        both = office.stage(inside=inside, outside=outside)
        both.ids, both.made = stage.ids, stage.made
        head = stage.head()
        assert both.post(case.step.by("outside")).status_code == 403
        assert stage.head() == head
        assert both.post(case.step.by("inside")).status_code in (200, 201)


def test_a_role_for_one_incident_reads_only_there(office: Office) -> None:
    stage = office.stage()
    here, elsewhere = stage.id("incident"), stage.id("other_incident")
    stage.id("claim")
    _, secret = new_key(stage, "reporter", incident=here)
    wait = {"X-Wait-Position": str(stage.position)}
    with office.server.client(secret) as client:
        for path in (f"/incidents/{here}", f"/incidents/{here}/claims", f"/changes?incident={here}"):
            assert client.get(path, headers=wait).status_code == 200, path
        for path in (
            f"/incidents/{elsewhere}",
            f"/incidents/{elsewhere}/claims",
            f"/incidents/{elsewhere}/reports.csv",
            f"/changes?incident={elsewhere}",
            "/accounts",
            f"/search?q=miles&incident={elsewhere}",
        ):
            assert client.get(path, headers=wait).status_code == 403, path
        # A source or an incident is nobody's own: it takes a role for everything.
        assert client.post("/incidents", json={"title": "Another"}).status_code == 403
        assert client.post("/sources", json={"name": "A", "kind": "outlet"}).status_code == 403


def test_a_role_for_one_incident_does_not_read_another_through_its_claims(office: Office) -> None:
    stage = office.stage()
    claim, elsewhere = stage.id("claim"), stage.id("other_incident")
    _, secret = new_key(stage, "reporter", incident=elsewhere)
    wait = {"X-Wait-Position": str(stage.position)}
    with office.server.client(secret) as client:
        assert client.get(f"/incidents/{elsewhere}/claims/{claim}", headers=wait).status_code == 404
        found = client.get("/changes", params={"incident": elsewhere, "subject": claim}, headers=wait)
        assert found.json()["items"] == []
        found = client.get("/changes", params={"incident": elsewhere, "aggregate": stage.id("incident")}, headers=wait)
        assert all(line["aggregate"] == elsewhere for line in found.json()["items"])


# Keys.


def test_the_scopes_of_a_key_narrow_and_never_widen(office: Office) -> None:
    stage = office.stage()
    _, narrow = new_key(stage, "reporter", "editor", scopes=("reporter",))
    _, wide = new_key(stage, "reporter", scopes=("editor", "admin"))
    incident, report = stage.id("incident"), {"source": stage.id("source"), "title": "A report"}
    closing = {"disposition": "settled", "reason": "r"}
    with office.server.client(narrow) as client:
        assert client.post(f"/incidents/{incident}/closing", json=closing).status_code == 403
        assert client.post(f"/incidents/{incident}/reports", json=report).status_code == 201
    with office.server.client(wide) as client:
        assert client.post(f"/incidents/{incident}/closing", json=closing).status_code == 403
        assert client.post(f"/incidents/{incident}/reports", json=report).status_code == 403
        assert client.get(f"/incidents/{incident}").status_code == 403


def refused(office: Office, secret: str) -> bool:
    """Tell whether neither reading nor writing is possible with a key."""
    with office.server.client(secret) as client:
        answers = [client.get("/incidents"), client.post("/sources", json={"name": "A", "kind": "outlet"})]
    assert {answer.json()["type"] for answer in answers if answer.status_code == 401} <= {"/docs/problems#InvalidKey"}
    return all(answer.status_code == 401 for answer in answers)


def test_a_revoked_key_stops_at_once(office: Office) -> None:
    stage = office.stage()
    account, secret = new_key(stage, "reporter")
    assert not refused(office, secret)
    stage.done(act("revoke_key", reason="Laptop lost").on(account=account, key=secret.split("_")[1]))
    assert refused(office, secret)


def test_the_keys_of_a_closed_account_stop_at_once(office: Office) -> None:
    stage = office.stage()
    account, secret = new_key(stage, "reporter")
    stage.done(act("close_account", reason="Left").on(account=account))
    assert refused(office, secret)


def test_a_key_counts_until_it_expires(office: Office) -> None:
    stage = office.stage()
    account, _ = new_key(stage, "reporter")
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    issued = stage.post(act("issue_key", expires=soon).on(account=account))
    with office.server.client(issued.json()["secret"]) as client:
        while client.get("/incidents").status_code == 200:
            pass
    assert refused(office, issued.json()["secret"])
    assert datetime.now(UTC) >= datetime.fromisoformat(soon)


def test_a_role_that_is_taken_back_is_gone_at_once(office: Office) -> None:
    stage = office.stage()
    account, secret = new_key(stage, "reporter", "auditor")
    stage.done(act("revoke_role", role="reporter", reason="Moved").on(account=account))
    with office.server.client(secret) as client:
        assert client.post("/sources", json={"name": "A", "kind": "outlet"}).status_code == 403
        assert client.get("/incidents").status_code == 200


def test_an_account_without_a_role_reads_nothing(office: Office) -> None:
    _, secret = new_key(office.stage())
    with office.server.client(secret) as client:
        assert client.get("/incidents").status_code == 403
        assert client.get("/sources").status_code == 403
        assert client.get("/accounts").status_code == 403


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Basic {key}", "{key}", "Token {key}", "Bearer {key}x", "Bearer x{key}", "Bearer {id}"],
)
def test_a_key_in_the_wrong_shape_is_no_key(office: Office, header: str) -> None:
    _, secret = new_key(office.stage(), "reporter")
    sent = header.format(key=secret, id=f"orc_{secret.split('_')[1]}_")
    with office.server.client() as client:
        answer = client.get("/incidents", headers={"Authorization": sent})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_in_the_wrong_place_is_no_key(office: Office) -> None:
    _, secret = new_key(office.stage(), "reporter")
    with office.server.client() as client:
        for answer in (
            client.get("/incidents", params={"key": secret, "access_token": secret, "api_key": secret}),
            client.get("/incidents", headers={"X-API-Key": secret}),
            client.get("/incidents", headers={"Cookie": f"key={secret}; Authorization={secret}"}),
            client.post("/sources", json={"name": "A", "kind": "outlet", "key": secret}),
        ):
            assert answer.status_code == 401
            assert secret not in answer.text


def test_the_actor_is_the_account_of_the_key_and_never_a_field(office: Office) -> None:
    stage = office.stage()
    account, secret = new_key(stage, "reporter")
    with office.server.client(secret) as client:
        for field in ("actor", "account", "by", "recorded_at", "position"):
            body = {"name": "A", "kind": "outlet", field: NOTHING}
            assert client.post("/sources", json=body).status_code == 422
        stage.position = client.post("/sources", json={"name": "A", "kind": "outlet"}).json()["position"]
    (line,) = stage.get("/changes", first=stage.position).json()["items"]
    assert (line["account"], line["key"]) == (account, secret.split("_")[1])


# Secrets.


def test_a_secret_is_shown_once_and_kept_nowhere(office: Office) -> None:
    stage = office.stage()
    account: str = stage.id("account")
    headers = {"Idempotency-Key": "a-key-once"}
    issuing = act("issue_key", scopes=["reporter"])
    secret = stage.post(issuing, **headers).json()["secret"]
    again = stage.post(issuing, **headers)
    assert again.headers["idempotency-replayed"] == "true"
    stage.done(act("grant_role", role="reporter"))
    with office.server.client(secret) as client:
        answers = [
            again,
            client.get("/incidents"),
            client.get(f"/accounts/{account}", headers={"X-Wait-Position": str(stage.position)}),
            client.get("/changes.ndjson", params={"aggregate": account}),
            client.get("/nothing"),
            client.get("/incidents", params={"limit": "many"}),
            client.post("/sources", content=b"{"),
            client.post("/sources", json={"name": "A", "kind": "outlet"}),
        ]
    random_part = secret.split("_", 2)[2]
    for answer in answers:
        assert random_part not in answer.text + str(answer.headers)
    for file in (*office.data.rglob("*"), office.said):
        if file.is_file():
            assert random_part.encode() not in file.read_bytes(), file
    assert office.said.stat().st_size > 0
