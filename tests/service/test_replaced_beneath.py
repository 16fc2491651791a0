"""A database that is put back to an older state beneath running processes: none of them decides on what it lost."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from structlog.testing import capture_logs

from domain.account_commands import GrantRole, IssueKey, OpenAccount, RevokeKey
from domain.incident_commands import RetractClaim
from domain.refusals import AlreadyRetracted
from service.keys import make_key
from service.ledger import Ledger, Request, StaleVersion, keyring
from tests import postgres
from tests.service.ledgers import ACTOR, ask, begin, claim, open_ledger

LOST = "the log is not what it was: it has lost events, or another one was put in its place"


@pytest.fixture
def ledger(database: str, tmp_path: Path) -> Iterator[Ledger]:
    """Return a ledger that goes on while its database is replaced."""
    with open_ledger(tmp_path / "served", database) as opened:
        yield opened


def retraction(incident: UUID, made: UUID) -> RetractClaim:
    return RetractClaim(incident=incident, claim=made, by="source", reason="r")


def test_what_was_lost_with_the_end_of_the_log_is_not_decided_on(ledger: Ledger, database: str, tmp_path: Path) -> None:
    incident, report = begin(ledger)
    made = UUID(ledger.execute_now(ask(claim(incident, report), "k")).ids["claim"])
    postgres.dump(database, tmp_path / "dump")
    ledger.execute_now(ask(retraction(incident, made), "lost"))
    with pytest.raises(AlreadyRetracted):
        ledger.execute_now(ask(retraction(incident, made)))
    postgres.restore(database, tmp_path / "dump")
    with capture_logs() as told:
        again = ledger.execute_now(ask(retraction(incident, made), "lost"))
    assert (again.position, again.version, again.replayed) == (5, 4, False)
    assert [one["log_level"] for one in told if one["event"] == LOST] == ["error"]
    assert ledger.execute_now(ask(claim(incident, report), "k")).replayed


def test_an_older_log_that_was_written_to_since_is_told_from_the_one_that_was(
    ledger: Ledger, database: str, tmp_path: Path
) -> None:
    incident, report = begin(ledger)
    made = UUID(ledger.execute_now(ask(claim(incident, report))).ids["claim"])
    postgres.dump(database, tmp_path / "dump")
    ledger.execute_now(ask(retraction(incident, made)))
    postgres.restore(database, tmp_path / "dump")
    with open_ledger(tmp_path / "another", database) as another:  # position 5 is another event now, and there is a 6
        another.execute_many([ask(claim(incident, report, text)) for text in ("one", "two")])
    with capture_logs() as told:
        assert ledger.execute_now(ask(retraction(incident, made))).position == 7
    assert LOST in [one["event"] for one in told]


def test_another_event_of_the_same_position_and_time_is_told_from_the_one_that_was(
    ledger: Ledger, database: str
) -> None:
    incident, report = begin(ledger)
    ledger.execute_now(ask(claim(incident, report, "six miles")))
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE onrecord.stored_events SET state = convert_to(replace(convert_from(state, 'UTF8'), 'six', 'ten'),"
            " 'UTF8') WHERE position = 4"
        )
    with capture_logs() as told, pytest.raises(StaleVersion):
        ledger.execute_now(ask(claim(incident, report), version=1))
    assert LOST in [one["event"] for one in told]


def test_a_right_that_was_lost_is_not_believed_by_who_only_reads(
    ledger: Ledger, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, made = ledger.execute_now(ask(OpenAccount(name="Anna"))).aggregate, make_key()
    ledger.execute_now(Request(IssueKey(account=account, key=made.id), ACTOR, secret=made.hash))
    postgres.dump(database, tmp_path / "dump")
    ledger.execute_now(ask(GrantRole(account=account, role="admin")))
    holder = ledger.holder(made.id)
    assert holder is not None
    assert holder.account.grants
    postgres.restore(database, tmp_path / "dump")
    with open_ledger(tmp_path / "another", database) as another:  # the last change of an account has the same position
        another.execute_now(ask(RevokeKey(account=account, key=made.id, reason="r")))
    now = keyring.time.monotonic() + keyring.NOTICED
    monkeypatch.setattr(keyring.time, "monotonic", lambda: now)
    holder = ledger.holder(made.id)
    assert holder is not None
    assert not holder.account.grants
    assert holder.account.keys[made.id].revoked
