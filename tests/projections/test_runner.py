"""Keeping views: exactly once whoever keeps them, a failing view alone, a rebuild beside the live rows."""

import re
import threading
from dataclasses import replace

import pytest
from sqlalchemy import inspect

from domain import incident_commands as c
from domain import values as v
from domain.events import Recorded
from projections.catalogue import VIEWS
from projections.checkpoints import OtherVersion
from projections.projecting import NotOfThisLog
from projections.rows import Rows
from projections.runner import Runner, ViewStatus
from projections.view import View
from projections.views import change_log, claims
from tests.places import Place
from tests.projections.histories import CLAIMS, INCIDENT, REPORTS, recorded_from
from tests.projections.test_histories import all_rows, reader

HISTORY = recorded_from([])
CLAIM = c.MakeClaim(incident=INCIDENT, claim=CLAIMS[0], report=REPORTS[0], wording=v.Wording(text="six miles"))


def replaced(claim: c.MakeClaim, number: int) -> c.MakeClaim:
    return claim.model_copy(update={"claim": CLAIMS[number]})


def failing(rows: Rows, recorded: Recorded) -> None:
    if recorded.position == 5:
        raise ValueError("a poisoned event")
    claims.project(rows, recorded)


POISONED = View("claims", claims.VIEW.version, claims.VIEW.tables, claims.VIEW.names | {"figure.defined.v1"}, failing)


def status_of(views: Runner, name: str) -> ViewStatus:
    return next(one for one in views.status() if one.name == name)


def test_a_poisoned_event_stops_only_its_view_and_only_there(place: Place) -> None:
    with place((POISONED, change_log.VIEW)) as views:
        views.catch_up(reader(HISTORY))
        stood, log = views.status()
        assert (stood.state, log.state) == ("failed", "live")
        assert stood.position == 4
        assert stood.error is not None
        assert "at 5: ValueError in test_runner.py, line" in stood.error
        assert "a poisoned event" not in stood.error
        assert log.position == len(HISTORY)
        assert views.position() == views.position("change_log") == len(HISTORY)
        assert views.position("claims", "change_log") == 4
        assert list(views.failures()) == list(views.failures("claims")) == ["claims"]
        assert views.failures("change_log") == {}
        assert not views.wait_for(len(HISTORY), 30, "claims")
        assert views.wait_for(len(HISTORY), 0, "change_log")


def doubling(rows: Rows, recorded: Recorded) -> None:
    """Write a row whose key is taken, which only the database knows once nothing is at hand any more."""
    claims.project(rows, recorded)
    if recorded.position == 7:
        rows.add(claims.reports, report=str(REPORTS[0]), source="another")


def test_a_row_that_the_database_refuses_stops_its_view_before_that_event_and_no_other(place: Place) -> None:
    history = recorded_from([CLAIM, replaced(CLAIM, 1), replaced(CLAIM, 2)])
    poisoned = replace(claims.VIEW, project=doubling)
    with place((poisoned, change_log.VIEW)) as views:
        views.catch_up(reader(history[:6]))
    with place((poisoned, change_log.VIEW)) as views:
        views.catch_up(reader(history))
        stood, log = views.status()
        assert (stood.state, stood.position) == ("failed", 6)
        assert (log.state, log.position) == ("live", len(history))
    with place((poisoned, change_log.VIEW)) as views:
        assert views.catch_up(reader(history)) == len(history)


def test_views_of_a_newer_version_are_left_alone(place: Place) -> None:
    with place((replace(claims.VIEW, version=claims.VIEW.version + 1),)) as newer:
        newer.catch_up(reader(HISTORY))
    with pytest.raises(OtherVersion), place((claims.VIEW,)):
        pass
    with place((replace(claims.VIEW, version=claims.VIEW.version + 1),)) as newer:
        assert newer.position() == len(HISTORY)


def test_a_reader_beside_sees_when_a_view_begun_anew_is_whole(place: Place) -> None:
    with place((claims.VIEW,)) as views:
        views.catch_up(reader(HISTORY))
    newer = (replace(claims.VIEW, version=claims.VIEW.version + 1),)
    with (
        place(newer) as beside,
        place(newer) as views,
    ):
        assert not beside.wait_for(0, 0, "claims")
        views.catch_up(reader(HISTORY))
        beside.reread()
        assert beside.wait_for(len(HISTORY), 0, "claims")


def test_a_failed_view_is_told_to_all_and_tries_again_at_the_next_start(place: Place) -> None:
    with place((POISONED,)) as views:
        views.catch_up(reader(HISTORY))
    with place((claims.VIEW,)) as views:
        views.catch_up(reader(HISTORY))
        assert status_of(views, "claims").state == "failed"
        views.start(reader(HISTORY))
        assert views.wait_for(len(HISTORY), 60, "claims")
        assert status_of(views, "claims").state == "live"


def test_a_failed_view_lives_again_once_it_is_built_anew(place: Place) -> None:
    with place((POISONED,)) as views:
        views.catch_up(reader(HISTORY))
    with place((claims.VIEW,)) as views:
        views.rebuild("claims", reader(HISTORY))
        assert (status_of(views, "claims").state, views.position("claims")) == ("live", len(HISTORY))


def test_a_restarted_runner_goes_on_where_it_was(place: Place) -> None:
    with place() as views:
        views.catch_up(reader(HISTORY[:4]))
        assert views.position() == 4
    with place() as views:
        assert views.position() == 4
        assert views.catch_up(reader(HISTORY)) == len(HISTORY)


def test_two_runners_of_one_file_project_each_event_once(place: Place, other_place: Place) -> None:
    with place(batch=2) as one, place(batch=3) as two:
        one.catch_up(reader(HISTORY[:4]))
        two.catch_up(reader(HISTORY[:6]))
        assert one.catch_up(reader(HISTORY)) == len(HISTORY)
        assert two.catch_up(reader(HISTORY)) == len(HISTORY)
        rows = all_rows(two)
    with other_place() as alone:
        alone.catch_up(reader(HISTORY))
        assert all_rows(alone) == rows


def test_runners_that_race_for_one_file_project_each_event_once(place: Place, other_place: Place) -> None:
    def follow() -> None:
        with place(batch=1) as views:
            views.catch_up(reader(HISTORY))

    with place():
        pass
    racing = [threading.Thread(target=follow) for _ in range(4)]
    for thread in racing:
        thread.start()
    for thread in racing:
        thread.join()
    with place() as raced, other_place() as alone:
        alone.catch_up(reader(HISTORY))
        assert raced.position() == len(HISTORY)
        assert all_rows(alone) == all_rows(raced)


def test_a_view_whose_meaning_changed_is_begun_anew_and_not_read_before_it_is_whole(place: Place) -> None:
    with place((claims.VIEW, change_log.VIEW)) as views:
        views.catch_up(reader(HISTORY))
    newer = replace(claims.VIEW, version=claims.VIEW.version + 1)
    with place((newer, change_log.VIEW)) as views:
        assert (status_of(views, "claims").position, status_of(views, "claims").state) == (0, "rebuilding")
        assert not views.wait_for(0, 0, "claims")
        assert views.wait_for(len(HISTORY), 0, "change_log")
        assert views.catch_up(reader(HISTORY)) == len(HISTORY)
        assert views.wait_for(len(HISTORY), 0, "claims")


def test_a_view_that_is_far_behind_does_not_hold_up_the_others(place: Place) -> None:
    with place((change_log.VIEW,)) as views:
        views.catch_up(reader(HISTORY[:-1]))
    shown: list[tuple[int, int]] = []

    def read(after: int, limit: int) -> list[tuple[int, str, bytes]]:
        shown.append((views.position("claims"), views.position("change_log")))
        return list(reader(HISTORY)(after, limit))

    with place((claims.VIEW, change_log.VIEW), batch=1) as views:
        assert views.catch_up(read) == len(HISTORY)
    assert (2, len(HISTORY)) in shown


@pytest.mark.parametrize("log", [HISTORY[:3], [], [one._replace(reason="another") for one in HISTORY]])
def test_views_of_another_log_are_not_taken_for_this_ones(place: Place, log: list[Recorded]) -> None:
    with place() as views:
        views.catch_up(reader(HISTORY))
    with place() as views:
        with pytest.raises(NotOfThisLog, match=r"onrecord views rebuild"):
            views.start(reader(log))
        with pytest.raises(NotOfThisLog):
            views.catch_up(reader(log))


def test_a_rebuild_beside_the_live_view_goes_on_while_events_come_in(place: Place, other_place: Place) -> None:
    with place(batch=1) as views:
        views.catch_up(reader(HISTORY[:4]))
        seen: list[str] = []

        def told(position: int) -> None:
            seen.append(status_of(views, "claims").state)
            views.catch_up(reader(HISTORY))

        rebuilt = views.rebuild("claims", reader(HISTORY), told)
        assert (rebuilt.position, rebuilt.differing) == (len(HISTORY), 0)
        assert set(seen) == {"rebuilding"}
        rows = all_rows(views)
    with other_place() as alone:
        alone.catch_up(reader(HISTORY))
        assert all_rows(alone) == rows


def test_a_rebuild_says_how_many_rows_were_not_what_the_log_says(place: Place) -> None:
    with place() as views:
        views.catch_up(reader(HISTORY))
        with views.connect() as connection:
            connection.exec_driver_sql("UPDATE change_log SET reason = 'altered' WHERE position = 2")
            connection.commit()
        assert views.rebuild("change_log", reader(HISTORY)).differing == 2
        assert views.rebuild("change_log", reader(HISTORY)).differing == 0


def test_a_view_can_be_built_anew_again_and_again(place: Place) -> None:
    with place() as views:
        views.catch_up(reader(HISTORY))
        before = all_rows(views)
        for view in (*VIEWS, *VIEWS):
            views.rebuild(view.name, reader(HISTORY))
        assert all_rows(views) == before


INDEXES = {
    "sqlite": "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    "postgresql": "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = current_schema()",
}


def indexes(views: Runner) -> dict[str, list[str]]:
    """Return what the indexes of each table are on, and over which rows, whatever their names."""
    with views.connect() as connection:
        found = connection.exec_driver_sql(INDEXES[connection.dialect.name]).all()
    kept: dict[str, list[str]] = {}
    for table, sql in found:
        made, _, named = sql.partition(" INDEX ")
        kept.setdefault(table, []).append(f"{made} {named.partition('(')[2]}")
    return {table: sorted(each) for table, each in kept.items()}


def test_a_view_that_is_built_anew_has_the_same_indexes(place: Place) -> None:
    with place() as views:
        views.catch_up(reader(HISTORY))
        before = indexes(views)
        assert any(re.search(r"WHERE \(?since = made_at", each) for each in before["claims"])
        for view in VIEWS:
            views.rebuild(view.name, reader(HISTORY))
        assert indexes(views) == before


def test_what_a_crash_left_of_a_rebuild_is_dropped_by_the_next(place: Place) -> None:
    class Crash(Exception):
        pass

    def crash(_position: int) -> None:
        raise Crash

    with place() as views:
        views.catch_up(reader(HISTORY))
        before = all_rows(views)
        with pytest.raises(Crash):
            views.rebuild("claims", reader(HISTORY), crash)
        assert status_of(views, "claims").state == "live"
        assert all_rows(views) == before
        views.rebuild("claims", reader(HISTORY))
        with views.connect() as connection:
            assert [name for name in inspect(connection).get_table_names() if "next" in name] == []


def test_an_unknown_view_cannot_be_rebuilt(place: Place) -> None:
    with place(VIEWS) as views, pytest.raises(KeyError):
        views.rebuild("nothing", reader([]))
