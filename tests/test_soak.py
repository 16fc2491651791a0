"""A minute of a desk at work: nothing that a client could not act on, memory within bounds, views that catch up."""

from pathlib import Path

import pytest

from bench.soak import Soaked, soak
from bench.soak_load import Seen
from bench.soak_watch import Memory, Watched, slope

ENOUGH = 500.0
"""MB that no process comes near in a minute, unless it keeps what it should let go."""


@pytest.mark.parametrize("on_postgres", [True, False])
def test_a_desk_at_work_is_answered_and_shown(on_postgres: bool, tmp_path: Path) -> None:
    minutes = 1.0 if on_postgres else 0.25
    soaked = soak(tmp_path, minutes, on_postgres=on_postgres, rest=0.4, every=2.0)
    assert soaked.failures == []
    assert soaked.watched.at_the_end == 0
    kinds = {"report", "claim", "assessment", "page, now", "page, in the past", "difference", "search", "download"}
    assert kinds <= soaked.seen.seconds.keys()
    assert soaked.seen.heard > soaked.seen.begun
    assert all(max(one.sizes) < ENOUGH for one in soaked.watched.memories.values())
    assert len(soaked.watched.memories) == (4 if on_postgres else 2)  # each service, and who keeps its views
    assert all(table.rows for table in soaked.tables())


def test_what_a_client_cannot_act_on_and_views_that_do_not_catch_up_are_failures() -> None:
    seen, watched = Seen(), Watched(at_the_end=7)
    seen.failed("claim", "500")
    assert [one.partition(":")[0] for one in Soaked("", 1.0, seen, watched).failures] == ["claim", "views"]


def test_memory_is_flat_where_it_does_not_grow_once_it_has_begun() -> None:
    assert slope([0, 1, 2], [5, 7, 9]) == 2
    hours = [n / 10 for n in range(30)]
    seconds = [3_600 * hour for hour in hours]
    settles, leaks = Memory("one"), Memory("other")
    for time, hour in zip(seconds, hours, strict=True):
        settles.note(time, 100 + 50 * min(hour, 1))
        leaks.note(time, 100 + 50 * hour)
    assert (round(settles.slope()), settles.is_flat()) == (0, True)
    assert (round(leaks.slope()), leaks.is_flat()) == (50, False)
