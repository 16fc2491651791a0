"""Every route over HTTP: what it answers, what the record then holds, and every refusal that it can give.

Law: the list of routes is the application's own; a route without its line here fails.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args

import httpx2
import pytest

from domain import refusals
from domain.events import Event
from domain.incident import STILL_TAKEN_WHEN_CLOSED
from domain.refusals import Refused
from service.api.acts import ACTS
from service.api.app import bare_app
from service.api.writing import body_of
from tests.e2e.acts_table import ACCEPTED, ASSESS, CLOSE, REFUSALS, Accepted, Refusal
from tests.e2e.conftest import Served
from tests.e2e.desk import Desk, Server
from tests.e2e.stage import BY_OPERATION, HASH, NAMED, NOTHING, Stage, Step

GOOD: dict[str, Accepted] = {case.step.operation: case for case in ACCEPTED}
EVENTS: dict[str, type[Event]] = {kind.NAME: kind for kind in get_args(Event)}


# Every refusal that holds for acts of a kind, made from the accepted act of each.


def unknown_in_path() -> list[Refusal]:
    """Return each act on each thing of its path that is not there."""
    found = []
    for operation, case in GOOD.items():
        for part in BY_OPERATION[operation].path.split("/"):
            if part.startswith("{") and part != "{key}":
                name = part[1:-1]
                found.append(Refusal(f"Unknown{name.title()}", case.step.on(**{name: "$nothing"})))
    return found


def on_a_closed_incident() -> list[Refusal]:
    """Return each act that a closed incident does not take (rule 7)."""
    steps = [case.step for case in ACCEPTED if BY_OPERATION[case.step.operation].path.startswith("/incidents/")]
    taken = {act.operation for act in ACTS if issubclass(act.command, STILL_TAKEN_WHEN_CLOSED)}
    return [Refusal("IncidentClosed", step, (CLOSE,)) for step in steps if step.operation not in taken]


def without_a_reason() -> list[Refusal]:
    """Return each act whose event owes a reason, without one and with a white one (rule 9)."""
    owing = [case for case in ACCEPTED if EVENTS[case.events[-1]].REASON_OWED]
    return [Refusal("ReasonOwed", case.step.saying(reason=none), case.after) for case in owing for none in (None, " ")]


def with_a_taken_id() -> list[Refusal]:
    """Return each act that creates something, under an id that is taken."""
    creating = [(act.operation, act.creates) for act in ACTS if act.creates in body_of(act).model_fields]
    return [
        Refusal("AlreadyExists", GOOD[operation].step.saying(**{created: f"${created}"}))
        for operation, created in creating
    ]


EVERY_REFUSAL = [*REFUSALS, *unknown_in_path(), *on_a_closed_incident(), *without_a_reason(), *with_a_taken_id()]


def names_of(cases: list[Refusal]) -> Iterator[str]:
    """Yield a name for each case; one that comes again is numbered."""
    seen: Counter[str] = Counter()
    for case in cases:
        name = f"{case.step.operation}-{case.name}"
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name}-{seen[name]}"


@pytest.fixture
def stage(served: Served) -> Stage:
    return Stage({"editor": served.editor, "verifier": served.verifier, "machine": served.machine})


def account_of(client: httpx2.Client, name: str) -> str:
    """Return the id of the account of this name."""
    (found,) = client.get("/accounts", params={"name": name}).json()["items"]
    account: str = found["account"]
    return account


# Acts.


def test_every_act_has_a_case() -> None:
    assert set(GOOD) == {act.operation for act in ACTS}


@pytest.mark.parametrize("case", ACCEPTED, ids=GOOD)
def test_an_act_is_answered_and_recorded(stage: Stage, editor: Desk, case: Accepted) -> None:
    for before in case.after:
        stage.done(before)
    stage.prepare(case.step)
    head = stage.head()
    answer = stage.post(case.step, **{"X-Correlation-Id": "a-case"})
    act, receipt = BY_OPERATION[case.step.operation], answer.json()
    assert answer.status_code == (201 if act.creates else 200), answer.text
    assert tuple(receipt["events"]) == case.events
    assert receipt["position"] == head + len(case.events)
    assert answer.headers["x-position"] == str(receipt["position"])
    assert answer.headers["etag"] == f'"{receipt["version"]}"'
    assert answer.headers["cache-control"] == "no-store"
    read_at_its_location(stage, answer, receipt, act.creates)
    lines = stage.get("/changes", first=head + 1).json()["items"]
    assert [line["name"] for line in lines] == list(case.events)
    for line in lines:
        assert line["account"] == account_of(editor.client, "editor-1")
        assert line["reason"] == case.step.body.get("reason", "")
        assert (line["aggregate"], line["correlation"]) == (receipt["aggregate"], "a-case")
    assert lines[-1]["version"] == receipt["version"]


def read_at_its_location(stage: Stage, answer: httpx2.Response, receipt: dict[str, Any], created: str | None) -> None:
    """Assert that Location can be read, and is what was created where something was."""
    stage.position = receipt["position"]
    location = answer.headers["location"].removeprefix("/api/v1")
    found = stage.get(location)
    assert found.status_code == 200, f"{location}: {found.text}"
    if created is not None:
        assert found.json()[created] == receipt["ids"][created]


@pytest.mark.parametrize("case", EVERY_REFUSAL, ids=names_of(EVERY_REFUSAL))
def test_a_refused_act_says_why_and_leaves_nothing(stage: Stage, case: Refusal) -> None:
    stage.prepare(case.step)
    for before in case.after:
        stage.done(before)
    head = stage.head()
    answer = stage.post(case.step)
    told = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert told["type"] == f"/docs/problems#{case.name}", told
    assert answer.status_code == told["status"] == (404 if names_nothing_in_its_path(case.step) else 409)
    assert told.get("rule", 0) == getattr(refusals, case.name).rule
    assert told["detail"]
    assert told["trace_id"] == answer.headers["x-trace-id"]
    assert stage.head() == head


def names_nothing_in_its_path(step: Step) -> bool:
    """Tell whether the path of an act names a thing that is not there."""
    return any(value in ("$nothing", "zzzzzzzzzzzz") for value in step.where.values())


def leaves(kind: type[Refused]) -> set[str]:
    """Return the names of the refusals that have none below them."""
    below = kind.__subclasses__()
    return {name for child in below for name in leaves(child)} if below else {kind.__name__}


def test_every_refusal_of_the_record_is_provoked() -> None:
    assert {case.name for case in EVERY_REFUSAL} == leaves(Refused)


def test_every_act_has_a_refusal() -> None:
    assert {case.step.operation for case in EVERY_REFUSAL} == {act.operation for act in ACTS}


# The writes that are no acts: files here, imports in test_importing.py.


def test_a_file_is_stored_once_and_recorded_nowhere(stage: Stage, editor: Desk) -> None:
    head = stage.head()
    first, again = (editor.client.post("/files", content=b"a clip of a crossing") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert editor.client.get(first.headers["location"].removeprefix("/api/v1")).content == b"a clip of a crossing"
    assert stage.head() == head


def test_an_empty_file_is_refused(editor: Desk) -> None:
    answer = editor.client.post("/files", content=b"")
    assert (answer.status_code, answer.json()["type"]) == (422, "/docs/problems#EmptyEvidence")


# Reads.


def operations(method: str) -> dict[str, str]:
    """Return the paths of all operations of a method, by their ids."""
    paths = bare_app().openapi()["paths"].items()
    return {one["operationId"]: path for path, methods in paths for name, one in methods.items() if name == method}


def test_there_are_no_other_writes() -> None:
    assert set(operations("post")) == {act.operation for act in ACTS} | {
        "upload_file",
        "import_commands",
        "disclose_text",
    }
    assert not any(operations(method) for method in ("put", "patch", "delete"))


OPERATIONS = {name: path for name, path in operations("get").items() if name not in ("stream_changes", "get_import")}
"""All reads but the endless one (test_live.py) and that of an import, which is no view (test_importing.py)."""
QUERIES: dict[str, dict[str, Any]] = {
    "search": {"q": "miles"},
    "get_timemap": {"of": "/api/v1/incidents"},
    "get_inclusion_proof": {"position": "1"},
    "get_consistency_proof": {"position": "1"},
}
"""What a read cannot be asked without."""
BETWEEN = {"from": "@incident", "to": "@claim"}
"""The two moments of a difference."""
MADE_FIRST = ("source", "claim", "figure", "report", "evidence", "note", "task", "bulletin", "account", "subject")
NO_MOMENT = ("download_file", "get_timemap", "get_inclusion_proof", "get_consistency_proof", "get_log")
"""Files and the map of moments are the same at any moment; a difference names two, a proof the size of a checkpoint."""


@pytest.fixture(scope="module")
def full_stage(served: Served) -> Stage:
    """Give a stage with one of everything, a file too."""
    stage = Stage({"editor": served.editor})
    for name in MADE_FIRST:
        stage.id(name)
    stage.done(ASSESS)  # only then is there a review of the claim
    items = stage.get(f"/incidents/{stage.id('incident')}/review").json()["items"]
    stage.ids["item"] = items[0]["item"]
    stage.ids["file_hash"] = served.editor.post("/files", content=b"on the stage").json()["hash"]
    return stage


def queries(stage: Stage, operation: str) -> dict[str, Any]:
    """Return what a read is asked with."""
    asked: dict[str, Any] = stage.filled(BETWEEN if operation.startswith("diff_") else QUERIES.get(operation, {}))
    return asked


def address(stage: Stage, operation: str, suffix: str = "csv") -> str:
    """Return the path of a read with the ids of the stage."""
    path = OPERATIONS[operation].removeprefix("/api/v1").replace("{suffix}", suffix)
    return stage.path(path)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_read_answers_and_tells_its_position(full_stage: Stage, operation: str) -> None:
    answer = full_stage.get(address(full_stage, operation), **queries(full_stage, operation))
    assert answer.status_code == 200, answer.text
    if operation not in ("download_file", "get_timemap"):
        assert int(answer.headers["x-position"]) > 0
    if operation in NO_MOMENT or operation.startswith("diff_"):
        return
    begun = full_stage.get(address(full_stage, operation), at=0, **queries(full_stage, operation))
    assert begun.status_code in (200, 404)
    if begun.status_code == 200:
        assert begun.headers["x-position"] == "0"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_read_needs_a_key(full_stage: Stage, server: Server, operation: str) -> None:
    with server.client() as nobody:
        answer = nobody.get(address(full_stage, operation), params=queries(full_stage, operation))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["type"] == "/docs/problems#NoKey"


def unknown_addresses() -> list[tuple[str, str]]:
    """Return each read with each thing of its path that may not be there."""
    return [
        (operation, name)
        for operation, path in OPERATIONS.items()
        for name in NAMED.findall(path)
        if name not in ("suffix", "moment")
    ]


@pytest.mark.parametrize(("operation", "name"), unknown_addresses())
def test_a_read_of_what_is_not_there_is_404(full_stage: Stage, operation: str, name: str) -> None:
    nothing = HASH if name == "file_hash" else NOTHING
    template = OPERATIONS[operation].removeprefix("/api/v1").replace("{suffix}", "csv")
    answer = full_stage.get(full_stage.path(template, {name: nothing}), **queries(full_stage, operation))
    assert answer.status_code == 404, answer.text
    assert answer.json()["type"] == "/docs/problems#UnknownThing"
