"""The view at a position is the fold to that position, whatever the history and however it was read."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Table, select

from domain import incident_state
from domain.events import Recorded
from domain.incident_state import Incident
from projections.catalogue import VIEWS
from projections.projecting import Read
from projections.runner import Runner
from projections.temporal import key_of
from projections.views import claims, figures, incidents
from tests import places
from tests.projections.histories import FIGURES, INCIDENT, histories

EXAMPLES = settings(max_examples=40, deadline=None)


def reader(history: list[Recorded]) -> Read:
    """Return a log that holds this history."""
    stored = [(one.position, one.event.NAME, one.to_bytes()) for one in history]
    return lambda after, limit: stored[after : after + limit]


@contextmanager
def shown(history: list[Recorded], batch: int = 1_000) -> Iterator[Runner]:
    """Give views that have caught up with a history, in batches of this size."""
    with places.used().empty() as place, place(batch=batch) as views:
        views.catch_up(reader(history))
        assert [one.error for one in views.status() if one.error] == []
        yield views


def all_rows(views: Runner) -> dict[str, list[tuple[str, ...]]]:
    """Return every row of every table, in an order of their own; without what each database writes in its own way."""
    tables: list[Table] = [table for view in VIEWS for table in view.tables]
    with views.connect() as connection:
        return {
            table.name: sorted(tuple(map(repr, row)) for row in connection.execute(select(*_alike(table))))
            for table in tables
        }


def _alike(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if column.name != "terms"]


def standing(state: Incident) -> dict[str, Any]:
    """Return what the fold knows of each claim, in the words of the view."""
    return {
        str(claim.id): (
            state.record_state(claim),
            claim.assessment,
            claim.content.wording.text,
            len(claim.stances),
            sorted(str(one) for one in claim.evidence),
        )
        for claim in state.claims.values()
    }


@EXAMPLES
@given(histories(), st.data())
def test_the_view_at_a_position_is_the_fold_to_it(history: list[Recorded], data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(history)))
    state = incident_state.replay(one for one in history[:position] if one.aggregate == INCIDENT)
    with shown(history) as views, views.connect() as connection:
        seen = {
            one.claim: (
                one.record_state,
                one.assessment,
                one.wording["text"],
                len(one.stances),
                sorted(one.evidence_for + one.evidence_against),
            )
            for one in claims.list_claims(connection, position, incident=str(INCIDENT), limit=1_000)
        }
        brief = incidents.get_incident(connection, position, str(INCIDENT))
        stated = [figures.get_figure(connection, position, str(figure)) for figure in FIGURES]
    assert seen == (standing(state) if state else {})
    assert (brief.version if brief else None) == (state.version if state else None)
    if state and brief:
        assert sum(brief.groups.values()) == len(state.claims)
    expected = sorted(
        str(one.id) for one in (state.claims.values() if state else ()) if one.content.quantity and not one.retracted
    )
    standing_values = [v.claim for one in stated if one for v in one.values if v.standing and v.how == "claimed"]
    assert sorted(standing_values) == expected


@EXAMPLES
@given(histories(), st.integers(1, 7))
def test_batches_of_any_size_give_the_same_rows(history: list[Recorded], batch: int) -> None:
    with shown(history, batch) as few, shown(history) as many:
        assert all_rows(few) == all_rows(many)


@EXAMPLES
@given(histories(), st.data())
def test_the_rows_at_a_position_are_those_of_a_log_that_ends_there(
    history: list[Recorded], data: st.DataObject
) -> None:
    position = data.draw(st.integers(0, len(history)))
    with shown(history) as whole, shown(history[:position]) as begun:
        for table in (table for view in VIEWS for table in view.tables):
            assert rows_at(whole, table, position) == rows_at(begun, table, position), table.name


def rows_at(views: Runner, table: Table, position: int) -> list[tuple[str, ...]]:
    """Return the rows of a table that held at a position, without their end."""
    where = (table.c.since <= position) & (table.c.until.is_(None) | (table.c.until > position))
    columns = [column for column in table.columns if column.name != "until"]
    with views.connect() as connection:
        return sorted(tuple(map(repr, row)) for row in connection.execute(select(*columns).where(where)))


@EXAMPLES
@given(histories())
def test_a_view_that_is_built_anew_has_the_same_rows(history: list[Recorded]) -> None:
    with shown(history) as views:
        before = all_rows(views)
        for view in VIEWS:
            views.rebuild(view.name, reader(history))
        assert all_rows(views) == before


@EXAMPLES
@given(histories())
def test_no_key_holds_twice_at_one_position(history: list[Recorded]) -> None:
    with shown(history, batch=3) as views:
        for table in (table for view in VIEWS for table in view.tables):
            with views.connect() as connection:
                rows = list(connection.execute(select(table)).mappings())
            intervals: dict[tuple[object, ...], list[tuple[int, float]]] = {}
            for row in rows:
                end = float("inf") if row["until"] is None else row["until"]
                assert row["since"] < end
                intervals.setdefault(tuple(row[k] for k in key_of(table)), []).append((row["since"], end))
            for held in intervals.values():
                held.sort()
                assert all(a[1] <= b[0] for a, b in itertools.pairwise(held)), table.name


@EXAMPLES
@given(histories())
def test_what_is_stored_is_what_is_read(history: list[Recorded]) -> None:
    assert [Recorded.from_bytes(one.to_bytes(), one.position) for one in history] == history


@EXAMPLES
@given(histories(), st.data())
def test_prefix_and_rest_are_the_whole(history: list[Recorded], data: st.DataObject) -> None:
    mine = [one for one in history if one.aggregate == INCIDENT]
    cut = data.draw(st.integers(0, len(mine)))
    assert incident_state.replay(mine[cut:], incident_state.replay(mine[:cut])) == incident_state.replay(mine)
