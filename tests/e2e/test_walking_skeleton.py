"""A claim is made, retracted, and read at both moments, over HTTP."""

from tests.e2e.desk import Desk, Server


def test_a_retracted_claim_is_read_as_it_stood_at_either_moment(editor: Desk) -> None:
    claim = editor.claim()
    made = editor.position
    body = {"by": "desk", "code": "error", "reason": "Misheard"}
    receipt = editor.post(f"{editor.incident}/claims/{claim}/retraction", body, expect=200)
    assert receipt["events"] == ["claim.retracted.v1"]
    path = f"{editor.incident}/claims/{claim}"
    assert editor.get(path)["record_state"] == "retracted_by_desk"
    assert editor.get(path, at=made)["record_state"] == "standing"
    assert editor.get(path, at=receipt["position"])["retraction"]["reason"] == "Misheard"


def test_a_claim_cannot_be_read_before_it_was_made(editor: Desk) -> None:
    claim = editor.claim()
    problem = editor.get(f"{editor.incident}/claims/{claim}", at=editor.position - 1, expect=404)
    assert problem["type"].endswith("#UnknownThing")


def test_a_refused_command_leaves_nothing_behind(editor: Desk) -> None:
    claim = editor.claim()
    before = editor.position
    problem = editor.post(f"{editor.incident}/claims/{claim}/retraction", {"by": "desk", "code": "error"}, expect=409)
    assert problem["rule"] == 9
    assert editor.get("/changes", first=before + 1)["items"] == []


def test_the_change_log_tells_who_and_why(editor: Desk) -> None:
    claim = editor.claim()
    body = {"assessment": "unverified", "credibility": 3, "reason": "Single source"}
    editor.post(f"{editor.incident}/claims/{claim}/assessment", body, expect=200)
    lines = editor.get("/changes", subject=claim)["items"]
    assert [line["name"] for line in lines] == ["claim.made.v1", "claim.assessed.v1"]
    assert lines[1]["reason"] == "Single source"
    assert lines[1]["account"] is not None
    assert lines[1]["changes"][0] == {"field": "assessment", "before": "unassessed", "after": "unverified"}


def test_nobody_writes_without_a_key(server: Server) -> None:
    with server.client() as anybody:
        assert anybody.post("/sources", json={"name": "A", "kind": "outlet"}).status_code == 401
        assert anybody.get("/incidents").status_code == 401
        assert anybody.get("/incidents", headers={"Authorization": "Bearer orc_x"}).status_code == 401
