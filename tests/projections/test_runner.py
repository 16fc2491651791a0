"""A view that fails stops there, says so, and does not take the others down."""

from pathlib import Path

import pytest

from domain.events import Recorded
from projections.catalogue import VIEWS
from projections.runner import Runner
from projections.temporal import Rows, View
from projections.views import change_log, claims
from tests.projections.histories import recorded_from
from tests.projections.test_histories import reader


def failing(rows: Rows, recorded: Recorded) -> None:
    if recorded.position == 5:
        raise ValueError("a poisoned event")
    claims.project(rows, recorded)


def test_a_poisoned_event_stops_only_its_view(tmp_path: Path) -> None:
    poisoned = View("claims", 1, claims.VIEW.tables, claims.VIEW.names | {"figure.defined.v1"}, failing)
    history = recorded_from([])
    with Runner.open(tmp_path / "views.sqlite", (poisoned, change_log.VIEW)) as views:
        views.catch_up(reader(history))
        stood, log = views.status()
        assert (stood.state, log.state) == ("failed", "live")
        assert stood.error is not None
        assert "5" in stood.error
        assert "a poisoned event" in stood.error
        assert log.position == len(history)


def test_a_restarted_runner_goes_on_where_it_was(tmp_path: Path) -> None:
    history = recorded_from([])
    with Runner.open(tmp_path / "views.sqlite") as views:
        views.catch_up(reader(history[:4]))
        assert views.position() == 4
    with Runner.open(tmp_path / "views.sqlite") as views:
        assert views.position() == 4
        assert views.catch_up(reader(history)) == len(history)


def test_a_view_whose_meaning_changed_is_begun_anew(tmp_path: Path) -> None:
    history = recorded_from([])
    with Runner.open(tmp_path / "views.sqlite") as views:
        views.catch_up(reader(history))
    newer = View("claims", 2, claims.VIEW.tables, claims.VIEW.names, claims.project)
    with Runner.open(tmp_path / "views.sqlite", (newer,)) as views:
        assert views.status()[0].position == 0
        assert views.catch_up(reader(history)) == len(history)


def test_an_unknown_view_cannot_be_rebuilt(tmp_path: Path) -> None:
    with Runner.open(tmp_path / "views.sqlite", VIEWS) as views, pytest.raises(KeyError):
        views.rebuild("nothing", reader([]))
