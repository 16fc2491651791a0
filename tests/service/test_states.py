"""States in memory: snapshots that are true, and only those; a cache that stays within its bounds."""

from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given

from domain import incident_commands as c
from domain import incident_state
from domain.events import Recorded, mark_of
from domain.refusals import AlreadyExists
from service.ledger import writer
from service.store import states
from service.store.states import KINDS
from tests.projections.histories import INCIDENT, histories
from tests.service.ledgers import ask, begin, behind_its_back, claim, open_ledger

pytestmark = pytest.mark.usefixtures("store")


@given(histories())
def test_a_state_comes_back_whole_from_its_snapshot(log: list[Recorded]) -> None:
    state = incident_state.replay(one for one in log if one.aggregate == INCIDENT)
    adapter = KINDS["incident"].adapter
    assert adapter.validate_json(adapter.dump_json(state)) == state


def snapshots(folder: Path) -> int:
    return len(behind_its_back(folder, "SELECT originator_version FROM stored_snapshots"))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param("SELECT 1", id="sound"),
        pytest.param("UPDATE stored_snapshots SET state = substr(state, 1, 100)", id="cut off"),
        pytest.param(
            "UPDATE stored_snapshots SET originator_version = originator_version + 1", id="of another version"
        ),
        pytest.param("UPDATE stored_snapshots SET topic = 'incident.v0'", id="of old shape"),
        pytest.param("DELETE FROM stored_events WHERE position > 10", id="ahead of the log"),
    ],
)
def test_a_snapshot_is_only_an_aid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: str) -> None:
    monkeypatch.setattr(states, "SNAPSHOT_EVERY", 20)
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        ledger.execute_many([ask(claim(incident, report)) for _ in range(50)])
    assert snapshots(tmp_path) > 0
    behind_its_back(tmp_path, spoil)
    with open_ledger(tmp_path) as ledger:
        head = ledger.head()
        receipt = ledger.execute_now(ask(claim(incident, report)))
        assert (receipt.position, receipt.version, receipt.ids["number"]) == (head + 1, head, str(head - 2))


def test_linked_claims_come_back_from_a_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "SNAPSHOT_EVERY", 5)
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        one, two = (UUID(ledger.execute_now(ask(claim(incident, report))).ids["claim"]) for _ in range(2))
        ledger.execute_now(ask(c.LinkClaims(incident=incident, claim=two, other=one, relation="updates")))
    assert snapshots(tmp_path) > 0
    folded: list[int] = []
    evolve = states.evolve
    monkeypatch.setattr(states, "evolve", lambda state, event: folded.append(event.version) or evolve(state, event))
    with open_ledger(tmp_path) as ledger:
        ledger.execute_now(ask(claim(incident, report)))
    assert 3 not in folded


def test_what_a_trial_has_no_room_for_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "TRIED_EVENTS", 10)
    with open_ledger(tmp_path) as ledger:
        known = begin(ledger)
        with open_ledger(tmp_path, trial=True) as trial:
            desks = [known, *(begin(trial) for _ in range(6))]
            for _ in range(3):
                trial.execute_many([ask(claim(*desk)) for desk in desks])
            numbers = [trial.execute_now(ask(claim(*desk))).ids["number"] for desk in desks]
            taken = trial.execute_many([ask(c.OpenIncident(incident=desks[1][0], title="Another"))])
        assert trial._writer is not None
        assert len(trial._writer._states) < 6
        assert numbers == ["4"] * 7
        assert isinstance(taken[0], AlreadyExists)
        assert ledger.head() == 3


def test_the_cache_stays_within_its_bounds_and_forgets_nothing_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CACHED_EVENTS", 10)
    with open_ledger(tmp_path) as ledger:
        desks = [begin(ledger) for _ in range(6)]
        for _ in range(3):
            ledger.execute_many([ask(claim(*desk)) for desk in desks])
        assert ledger._writer is not None
        assert len(ledger._writer._states) < 6
        numbers = [ledger.execute_now(ask(claim(*desk))).ids["number"] for desk in desks]
        assert numbers == ["4"] * 6


def test_an_event_that_the_log_does_not_hold_marks_nothing(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, _ = begin(ledger)
        kept = states.States(ledger._log, 10)
        assert kept.mark_of(incident, 0) is None
        assert kept.mark_of(incident, 2) == mark_of(ledger.read_raw(2, 1)[0][2])
        with pytest.raises(LookupError, match="does not hold version 3"):
            kept.mark_of(incident, 3)
