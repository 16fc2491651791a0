"""Our recorder is a recorder: the library's own suite says so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.tests.persistence import ApplicationRecorderTestCase

from domain.events import REGISTRY, mark_of
from service.store.log import RecordLog
from service.store.recorder import End, KeptAnswer, KeySecret, Recorder
from tests.service.ledgers import fresh_file, fresh_server


@pytest.fixture(params=["sqlite", "postgres"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RecordLog]:
    """Return an empty log, on each database."""
    on_server = request.param == "postgres"
    place = fresh_server(request.getfixturevalue("database")) if on_server else fresh_file(tmp_path)
    log = RecordLog(place)
    yield log
    log.close()


@pytest.fixture
def recorder(log: RecordLog) -> Recorder:
    """Return the recorder of an empty log."""
    return log.log_recorder


LEFT_OPEN: list[RecordLog] = []
"""The suite leaves a thread reading when a test ends, and the library closes what nobody holds any more."""


class TestAsTheLibrarySees(ApplicationRecorderTestCase[Any]):
    """The library's conformance suite for application recorders, over our log."""

    EXPECT_CONTIGUOUS_NOTIFICATION_IDS = True
    INITIAL_VERSION = 1

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.file = fresh_file(tmp_path)

    def create_recorder(self) -> Any:
        log = RecordLog(self.file)
        LEFT_OPEN.append(log)
        return log.log_recorder


class TestAsTheLibrarySeesItOnPostgreSQL(ApplicationRecorderTestCase[Any]):
    """The same suite over our log on PostgreSQL."""

    EXPECT_CONTIGUOUS_NOTIFICATION_IDS = True
    INITIAL_VERSION = 1

    @pytest.fixture(autouse=True)
    def _server(self, database: str) -> Iterator[None]:
        self.log = RecordLog(fresh_server(database))
        yield
        self.log.close()

    def create_recorder(self) -> Any:
        return self.log.log_recorder


def stored(version: int, aggregate: Any = None) -> StoredEvent:
    return StoredEvent(aggregate or uuid4(), version, "a.name.v1", b"{}")


def test_positions_have_no_gap_after_a_refused_insert(recorder: Recorder) -> None:
    first = stored(1)
    assert list(recorder.insert_events([first, stored(1)]) or ()) == [1, 2]
    with pytest.raises(IntegrityError):
        recorder.insert_events([stored(1), first])
    assert list(recorder.insert_events([stored(1)]) or ()) == [3]


def test_nothing_of_a_refused_insert_is_left(recorder: Recorder) -> None:
    first = stored(1)
    recorder.insert_events([first])
    with pytest.raises(IntegrityError):
        recorder.insert_events([stored(1), first])
    assert recorder.last()[2] == 1


def test_all_that_an_insert_brings_along_is_there_with_it_or_not_at_all(recorder: Recorder) -> None:
    beside: dict[str, Any] = {
        "recorded_at": ["2026-01-01T00:00:00.000001Z"],
        "answers": [KeptAnswer("me", "k", "f", b"receipt", "2026-01-01T00:00:00.000001Z")],
        "secrets": [KeySecret("key", UUID(int=1), b"hash")],
        "marks": [("import", "7")],
        "things": ["a", "KUR-1"],
    }
    first = stored(1)
    assert list(recorder.insert_events([first], **beside) or ()) == [1]
    more = {**beside, "things": ["b"], "marks": [("import", "8")], "secrets": [KeySecret("two", UUID(int=1), b"")]}
    for wrong in ({"things": ["b", "a"]}, {"after": 0}, {"secrets": beside["secrets"]}):
        with pytest.raises(IntegrityError):
            recorder.insert_events([stored(1)], **(more | wrong))
    assert recorder.last() == (1, "2026-01-01T00:00:00.000001Z", 1)
    assert recorder.answers([("me", "k"), ("me", "other"), ("she", "k")], "2026") == beside["answers"]
    assert recorder.answers([("me", "k")], "2027") == []
    assert (recorder.secret("key"), recorder.secret("two")) == (beside["secrets"][0], None)
    assert (recorder.meta("import"), recorder.meta("other")) == ("7", None)
    assert recorder.things_among({"a", "b", "KUR-1"}) == {"a", "KUR-1"}


def test_answers_that_are_too_old_go_as_new_ones_come(recorder: Recorder) -> None:
    def answer(key: str, at: str) -> KeptAnswer:
        return KeptAnswer("me", key, "f", b"{}", at)

    recorder.insert_events([stored(1)], answers=[answer(key, "2025") for key in "abc"])
    recorder.insert_events([stored(1)], answers=[answer("d", "2026")], forget_before="2026")
    assert [one.key for one in recorder.answers([("me", key) for key in "abcd"], "")] == ["c", "d"]


def test_the_turn_tells_what_was_answered(recorder: Recorder) -> None:
    keys = ["k", "it's", 'a "key", {two}, \\', "%s"]
    kept = [KeptAnswer("me", key, "f", b"\x00\xff", "2026-02") for key in keys]
    recorder.insert_events([stored(1)], answers=kept)
    with recorder.turn([("me", key) for key in [*keys, "other"]] + [("she", "k")], "2026-01") as turn:
        assert list(turn.answers) == kept
    with recorder.turn([("me", "k")], "2026-03") as turn:
        assert list(turn.answers) == []


def test_the_log_is_found_by_position_time_aggregate_and_kind(recorder: Recorder) -> None:
    one, two = UUID(int=1), UUID(int=2)
    times = [f"2026-01-01T00:00:00.{n:06d}Z" for n in range(4)]
    events = [
        StoredEvent(one, 1, "source.registered.v1", b"1"),
        StoredEvent(two, 1, "account.opened.v1", b"2"),
        StoredEvent(one, 2, "source.described.v1", b"3"),
        StoredEvent(two, 2, "sourced.v1", b"4"),
    ]
    recorder.insert_events(events, recorded_at=times)
    assert recorder.rows(1, 2) == [(2, "account.opened.v1", b"2"), (3, "source.described.v1", b"3")]
    assert recorder.whole_rows(3, 9) == [(4, two.hex, 2, "sourced.v1", b"4", times[3])]
    assert recorder.aggregate_rows(one, 1, 9) == [(3, b"3")]
    assert recorder.rows_of_sources(0, 9) == [(1, b"1"), (3, b"3")]
    assert recorder.recent(2) == [one, two]
    assert (recorder.last_position(), recorder.last()) == (4, (4, times[3], 4))
    assert (recorder.end(), recorder.last_of_accounts()) == (
        End(4, times[3], mark_of(b"4")),
        End(2, times[1], mark_of(b"2")),
    )
    assert [recorder.position_at(moment) for moment in ("2025", times[2], "2027")] == [0, 3, 4]
    assert (recorder.recorded_at(2), recorder.bytes_at(2), recorder.bytes_at(5)) == (times[1], b"2", None)
    assert (recorder.has(one, 2), recorder.has(one, 3)) == (True, False)
    with pytest.raises(KeyError):
        recorder.recorded_at(5)


def test_what_changes_an_account_is_found_by_its_name_and_nothing_else_is(recorder: Recorder) -> None:
    assert recorder.last_of_accounts() == recorder.end() == End()
    found = 0
    for position, (name, kind) in enumerate(REGISTRY.items(), start=1):
        recorder.insert_events([StoredEvent(uuid4(), 1, name, b"{}")])
        found = position if kind.AGGREGATE == "account" else found
        assert recorder.last_of_accounts().position == found


def test_the_newest_snapshot_is_found_and_kept_twice_does_no_harm_on_a_server(log: RecordLog) -> None:
    aggregate = uuid4()
    kept = [StoredEvent(aggregate, version, "a.snapshot.v1", b"{}") for version in (1, 2)]
    log.snapshot_recorder.insert_events(kept)
    assert log.snapshot_recorder.select_events(aggregate, desc=True, limit=1) == kept[1:]
    assert log.snapshot_recorder.select_events(aggregate, gt=1, lte=2) == kept[1:]
    if log.log_recorder.is_shared:
        log.snapshot_recorder.insert_events(kept)
        assert log.snapshot_recorder.select_events(aggregate) == kept
