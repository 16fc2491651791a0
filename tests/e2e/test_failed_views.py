"""A view that failed or lags is never served as if it were fresh."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from domain.events import Recorded
from projections.catalogue import VIEWS
from projections.rows import Rows
from projections.runner import Runner
from projections.view import View
from projections.views import claims
from service.api import app as application
from service.ledger import Ledger
from service.settings import Settings
from service.views import open_views
from tests.service.ledgers import ask, begin, claim

FAILING_AT = 5


def _failing(rows: Rows, recorded: Recorded) -> None:
    if recorded.position == FAILING_AT:
        raise ZeroDivisionError("the fault of one view")
    claims.project(rows, recorded)


def _broken() -> tuple[View, ...]:
    kept = {view.name: view for view in VIEWS}
    old = kept["claims"]
    kept["claims"] = View("claims", old.version, old.tables, old.names, _failing)
    return tuple(kept.values())


@pytest.fixture
def client(tmp_path: Path) -> Iterator[tuple[TestClient, str]]:
    """Serve a ledger of six positions whose view of claims stopped after the fourth."""
    settings = Settings(data=tmp_path, open_reading=True)
    with Ledger.open(settings) as ledger, Runner.open(tmp_path / "views.sqlite", _broken(), batch=1) as views:
        incident, report = begin(ledger)
        for n in range(3):
            ledger.execute_now(ask(claim(incident, report, f"claim {n}"), f"{n}"))
        views.catch_up(ledger.read_raw)
        app = application.bare_app()
        application.provide(app, settings, ledger, views)
        yield TestClient(app, raise_server_exceptions=False), f"/api/v1/incidents/{incident}"


def test_a_failed_view_answers_503_and_says_who_is_needed(client: tuple[TestClient, str]) -> None:
    http, incident = client
    answer = http.get(f"{incident}/claims")
    assert answer.status_code == 503
    assert answer.json()["type"].endswith("#view-failed")
    assert "operator" in answer.json()["detail"]
    assert "retry-after" not in answer.headers
    assert http.get(f"{incident}/claims", params={"at": FAILING_AT}).json()["type"].endswith("#view-failed")
    assert http.get(f"{incident}/diff", params={"from": 4, "to": 6}).json()["type"].endswith("#view-failed")


def test_a_failed_view_answers_for_the_positions_that_it_had_reached(client: tuple[TestClient, str]) -> None:
    http, incident = client
    answer = http.get(f"{incident}/claims", params={"at": FAILING_AT - 1})
    assert answer.status_code == 200
    assert len(answer.json()["items"]) == 1
    assert http.get(f"{incident}/claims/diff", params={"from": 3, "to": 4}).status_code == 200


def test_views_that_did_not_fail_go_on(client: tuple[TestClient, str]) -> None:
    http, incident = client
    answer = http.get(incident, headers={"X-Wait-Position": "6"})
    assert (answer.status_code, answer.headers["x-position"]) == (200, "6")
    assert http.get(f"{incident}/reports").headers["x-position"] == "6"
    assert http.get("/api/v1/changes").headers["x-position"] == "6"


def test_anybody_is_told_which_view_failed_and_nobody_why(client: tuple[TestClient, str]) -> None:
    http, _ = client
    ready = http.get("/healthz/ready")
    assert ready.status_code == 503
    (failed,) = [view for view in ready.json()["views"] if view["state"] == "failed"]
    assert failed == {"name": "claims", "state": "failed", "position": FAILING_AT - 1, "lag": 2}
    assert "the fault of one view" not in ready.text


def test_a_view_that_lags_is_waited_for_and_then_told(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, open_reading=True)
    with Ledger.open(settings) as ledger, open_views(Settings(data=tmp_path)) as views:
        incident, _ = begin(ledger)
        app = application.bare_app()
        application.provide(app, settings, ledger, views)
        app.state.began_at = 0
        http = TestClient(app)
        behind = http.get(f"/api/v1/incidents/{incident}", params={"at": 3})
        assert (behind.status_code, behind.headers["retry-after"]) == (503, "1")
        assert behind.json()["type"].endswith("#view-behind")
        assert http.get("/api/v1/incidents").headers["x-position"] == "0"
