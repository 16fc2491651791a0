"""The ledger: an answer after the commit, a refusal alone, a retry the same answer."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain import incident_commands as c
from domain.account_commands import OpenAccount
from domain.commands import Command
from domain.events import REGISTRY
from domain.refusals import AlreadyExists, AlreadyRetracted, Refused, UnknownReport
from domain.source_commands import RegisterSource
from service.ledger import (
    IdempotencyMismatch,
    LedgerDamaged,
    LedgerInUse,
    NotADemonstration,
    Receipt,
    Request,
    StaleVersion,
    Unavailable,
)
from service.ledger.things import made_by
from service.settings import Settings
from service.store import states
from service.store.log import RecordLog
from tests.service.ledgers import ACTOR, ask, begin, behind_its_back, claim, open_ledger

pytestmark = pytest.mark.usefixtures("store")


def test_a_receipt_tells_where_the_events_stand(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        receipt = ledger.execute_now(ask(claim(incident, report)))
        assert (receipt.version, receipt.position, receipt.events) == (3, 4, ("claim.made.v1",))
        assert ledger.read(3, 10)[0].event.NAME == "claim.made.v1"
        assert ledger.recorded_at(4) == receipt.recorded_at


def test_a_refused_command_fails_alone(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        wrong = claim(incident, UUID(int=7))
        outcomes = ledger.execute_many([ask(claim(incident, report)), ask(wrong), ask(claim(incident, report))])
        assert [type(one) for one in outcomes] == [Receipt, UnknownReport, Receipt]
        assert ledger.head() == 5


def test_later_commands_of_a_batch_see_the_earlier_ones(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        made = ledger.execute_now(ask(claim(incident, report)))
        retract = c.RetractClaim(incident=incident, claim=UUID(made.ids["claim"]), by="source", reason="r")
        first, second = ledger.execute_many([ask(retract), ask(retract)])
        assert isinstance(first, Receipt)
        assert isinstance(second, AlreadyRetracted)


def test_a_retry_gets_the_same_answer_and_records_nothing(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        one, two = ledger.execute_many([ask(claim(incident, report), "k"), ask(claim(incident, report), "k")])
    with open_ledger(tmp_path) as ledger:
        three = ledger.execute_now(ask(claim(incident, report), "k"))
        assert isinstance(one, Receipt)
        assert isinstance(two, Receipt)
        assert (one.replayed, two.replayed, three.replayed) == (False, True, True)
        assert one.position == two.position == three.position == ledger.head()
        assert one.ids == three.ids
        with pytest.raises(IdempotencyMismatch):
            ledger.execute_now(ask(claim(incident, report), "k", fingerprint="other"))


def test_a_stale_version_is_refused_with_the_current_one(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        with pytest.raises(StaleVersion) as refusal:
            ledger.execute_now(ask(claim(incident, report), version=1))
        assert refusal.value.current == 2
        assert ledger.execute_now(ask(claim(incident, report), version=2)).version == 3


def test_recorded_times_strictly_increase(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        ledger.execute_many([ask(claim(incident, report)) for _ in range(200)])
        times = [one.recorded_at for one in ledger.read(0, 1_000)]
        assert all(a < b for a, b in itertools.pairwise(times))
        assert ledger.position_at(times[10]) == 11
        assert ledger.position_at(times[0] - timedelta(seconds=1)) == 0


AT = datetime(2024, 8, 8, tzinfo=UTC)


def test_a_record_takes_no_times_from_outside(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger, pytest.raises(NotADemonstration):
        ledger.execute_now(Request(c.OpenIncident(title="Kursk incursion"), ACTOR, at=AT))


def test_a_demonstration_takes_times_from_outside(tmp_path: Path) -> None:
    at, opening = AT, c.OpenIncident(title="Kursk incursion")
    with open_ledger(tmp_path / "demo", demonstration=True) as ledger:
        first = ledger.execute_now(Request(opening, ACTOR, at=at))
        second = ledger.execute_now(Request(opening, ACTOR, at=at))
        assert first.recorded_at == at
        assert second.recorded_at == at + timedelta(microseconds=1)
    with open_ledger(tmp_path / "demo") as ledger:
        assert ledger.is_demonstration


@pytest.mark.of_a_file
def test_two_processes_do_not_write_one_ledger(tmp_path: Path) -> None:
    with open_ledger(tmp_path), pytest.raises(LedgerInUse):
        open_ledger(tmp_path)


def test_a_missing_position_is_damage(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        begin(ledger)
    behind_its_back(tmp_path, "DELETE FROM stored_events WHERE position = 2")
    with pytest.raises(LedgerDamaged):
        open_ledger(tmp_path)


def test_a_snapshot_gives_the_same_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "SNAPSHOT_EVERY", 20)
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        ledger.execute_many([ask(claim(incident, report)) for _ in range(50)])
        first = ledger.read(3, 1)[0].event
    assert behind_its_back(tmp_path, "SELECT originator_version FROM stored_snapshots")
    with open_ledger(tmp_path) as ledger:
        assert ledger.execute_now(ask(claim(incident, report))).ids["number"] == "51"
        retract = c.RetractClaim(incident=incident, claim=first.claim, by="source", reason="r")  # type: ignore[union-attr]
        ledger.execute_now(ask(retract))
        with pytest.raises(Refused):
            ledger.execute_now(ask(retract))


def test_callers_of_one_loop_share_commits(tmp_path: Path) -> None:
    async def many(ledger_path: Path) -> list[Receipt]:
        with open_ledger(ledger_path) as ledger:
            incident, report = begin(ledger)
            asked = [ledger.execute(ask(claim(incident, report))) for _ in range(100)]
            return list(await asyncio.gather(*asked))

    receipts = asyncio.run(many(tmp_path))
    assert sorted(one.position for one in receipts) == list(range(4, 104))


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONRECORD_QUEUE_SIZE", "7")
    assert Settings().queue_size == 7


def test_a_fault_in_saving_does_not_stop_the_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        with monkeypatch.context() as broken:
            broken.setattr(RecordLog, "append", lambda *_given, **_beside: 1 / 0)
            with pytest.raises(Unavailable):
                ledger.execute_now(ask(claim(incident, report), "k"))
        receipt = ledger.execute_now(ask(claim(incident, report), "k"))
        assert (receipt.position, receipt.replayed, receipt.ids["number"]) == (4, False, "1")


# Ids.


def with_id(incident: UUID, report: UUID, id_: UUID) -> c.MakeClaim:
    """Return the command that makes a claim of this id."""
    return claim(incident, report).model_copy(update={"claim": id_})


def test_an_id_is_taken_in_every_incident_once_a_thing_of_one_has_it(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        (one, its_report), (other, report) = begin(ledger), begin(ledger)
        ledger.execute_now(ask(with_id(one, its_report, UUID(int=77))))
        with pytest.raises(AlreadyExists):
            ledger.execute_now(ask(with_id(other, report, UUID(int=77))))
    with open_ledger(tmp_path) as ledger, pytest.raises(AlreadyExists):
        ledger.execute_now(ask(with_id(other, report, UUID(int=77))))


def test_an_id_is_taken_by_an_earlier_command_of_the_same_batch(tmp_path: Path) -> None:
    """A trial saves nothing: all that it decides waits, as in one batch."""
    with open_ledger(tmp_path) as ledger:
        (one, its_report), (other, report) = begin(ledger), begin(ledger)
        asked = [ask(with_id(one, its_report, UUID(int=77))), ask(with_id(other, report, UUID(int=77)))]
        with open_ledger(tmp_path, trial=True) as trial:
            assert [type(outcome) for outcome in trial.execute_many(asked)] == [Receipt, AlreadyExists]
            assert isinstance(trial.execute_many(asked)[1], AlreadyExists)
        assert [type(outcome) for outcome in ledger.execute_many(asked)] == [Receipt, AlreadyExists]


def test_the_id_of_a_claim_is_no_id_for_anything_else(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        taken = UUID(int=77)
        ledger.execute_now(ask(with_id(incident, report, taken)))
        source = ledger.execute_now(ask(RegisterSource(name="Another", kind="outlet"))).aggregate
        stance = {"claim": taken, "source": source, "report": report, "kind": "confirms"}
        others: list[Command] = [
            c.TakeStance.model_validate({"incident": incident, "stance": taken, **stance}),
            c.ReceiveReport(incident=incident, report=taken, source=source, title="A report"),
            c.AddNote.model_validate({"incident": incident, "note": taken, "on": _on(taken), "text": "t"}),
            c.OpenIncident(incident=taken, title="Another incident"),
            RegisterSource(source=taken, name="A third", kind="outlet"),
            OpenAccount(account=taken, name="Reporter"),
        ]
        assert [type(one) for one in ledger.execute_many(ask(one) for one in others)] == [AlreadyExists] * len(others)
        own = c.TakeStance.model_validate({"incident": incident, "stance": UUID(int=78), **stance})
        assert ledger.execute_now(ask(own)).ids["stance"] == str(UUID(int=78))


def test_an_id_that_was_refused_is_free(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        wrong, right = with_id(incident, UUID(int=7), UUID(int=77)), with_id(incident, report, UUID(int=77))
        assert [type(one) for one in ledger.execute_many([ask(wrong), ask(right)])] == [UnknownReport, Receipt]


def test_the_short_id_of_an_incident_is_no_other_incidents(tmp_path: Path) -> None:
    def opened(number: int, title: str = "Kursk incursion") -> Request:
        return ask(c.OpenIncident(incident=UUID(int=number), title=title))

    same_end = 77 + (1 << 30)
    with open_ledger(tmp_path) as ledger:
        together = ledger.execute_many([opened(77), opened(same_end), opened(same_end, "Another title")])
        assert [type(one) for one in together] == [Receipt, AlreadyExists, Receipt]
    with open_ledger(tmp_path) as ledger, pytest.raises(AlreadyExists, match="KUR-00002D"):
        ledger.execute_now(opened(77 + (2 << 30)))


def test_every_kind_of_thing_has_an_event_that_makes_it() -> None:
    made = {made_by(kind): kind for kind in REGISTRY.values() if made_by(kind) is not None}
    expected = "incident source account figure report claim stance evidence note task bulletin"
    assert set(made) == set(expected.split())
    assert all(name in kind.model_fields for name, kind in made.items())


def _on(claim_id: UUID) -> dict[str, object]:
    return {"kind": "claim", "id": claim_id}
