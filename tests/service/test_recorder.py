"""Our recorder is a recorder: the library's own suite says so."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.tests.persistence import ApplicationRecorderTestCase

from service.store.log import RecordLog
from service.store.sqlite import LogRecorder
from tests.service.ledgers import fresh_file


@pytest.fixture
def recorder(tmp_path: Path) -> Any:
    log = RecordLog(fresh_file(tmp_path))
    yield log.log_recorder
    log.close()


LEFT_OPEN: list[RecordLog] = []
"""The suite leaves a thread reading when a test ends, and the library closes what nobody holds any more."""


class TestAsTheLibrarySees(ApplicationRecorderTestCase[Any]):
    """The library's conformance suite for application recorders, over our log."""

    EXPECT_CONTIGUOUS_NOTIFICATION_IDS = True
    INITIAL_VERSION = 1

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.file = fresh_file(tmp_path)

    def create_recorder(self) -> LogRecorder:
        log = RecordLog(self.file)
        LEFT_OPEN.append(log)
        return log.log_recorder


def stored(version: int, aggregate: Any = None) -> StoredEvent:
    return StoredEvent(aggregate or uuid4(), version, "a.name.v1", b"{}")


def test_positions_have_no_gap_after_a_refused_insert(recorder: LogRecorder) -> None:
    first = stored(1)
    assert list(recorder.insert_events([first, stored(1)]) or ()) == [1, 2]
    with pytest.raises(IntegrityError):
        recorder.insert_events([stored(1), first])
    assert list(recorder.insert_events([stored(1)]) or ()) == [3]


def test_nothing_of_a_refused_insert_is_left(recorder: LogRecorder) -> None:
    first = stored(1)
    recorder.insert_events([first])
    with pytest.raises(IntegrityError):
        recorder.insert_events([stored(1), first])
    assert recorder.last()[2] == 1
