"""Logging never gets in the way of what is logged about."""

import io
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from service import logs
from service.ledger import Unavailable
from service.store.log import RecordLog
from tests.service.ledgers import ask, begin, claim, open_ledger


@pytest.fixture
def standard_error_gone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Log as the service does, to a standard error that has been closed."""
    gone, root = io.StringIO(), logging.getLogger()
    before = root.handlers[:], root.level, structlog.get_config()
    monkeypatch.setattr(sys, "stderr", gone)
    logs.configure("warning")
    gone.close()
    yield
    root.handlers[:], root.level = before[0], before[1]
    structlog.configure(**before[2])


@pytest.mark.usefixtures("standard_error_gone")
def test_a_writer_that_cannot_log_a_fault_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        with monkeypatch.context() as broken:
            broken.setattr(RecordLog, "append", lambda *_given, **_beside: 1 / 0)
            with pytest.raises(Unavailable):
                ledger.execute_now(ask(claim(incident, report), "k"))
        assert ledger.execute_now(ask(claim(incident, report), "k")).position == 4
