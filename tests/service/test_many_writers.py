"""Several processes write to one log: each decides on all that the others have saved."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from domain import incident_commands as c
from domain.account_commands import IssueKey, OpenAccount, RevokeKey
from domain.events import Actor
from domain.refusals import AlreadyExists, AlreadyRetracted
from domain.source_commands import DescribeSource, JudgeSource, RegisterSource, RelateSource
from service.keys import make_key
from service.ledger import KeyNoLongerValid, Ledger, Receipt, Request, StaleVersion, Unavailable, keyring, others
from service.store.log import StoreError
from service.store.states import load
from tests import postgres
from tests.service.ledgers import ACTOR, ask, begin, claim, open_ledger


@pytest.fixture
def two(database: str, tmp_path: Path):  # type: ignore[no-untyped-def]
    """Return two ledgers of one record, each with its own cache, as two processes have them."""
    with ExitStack() as held:
        yield tuple(held.enter_context(open_ledger(tmp_path / name, database)) for name in ("one", "two"))


Two = tuple[Ledger, Ledger]


def numbers(ledger: Ledger) -> list[int]:
    """Return the versions of the first incident of the log, in log order, after checking that positions are whole."""
    events = ledger.read(0, 10_000)
    assert [one.position for one in events] == list(range(1, len(events) + 1))
    assert all(a.recorded_at < b.recorded_at for a, b in itertools.pairwise(events))
    return [one.version for one in events if one.aggregate == events[1].aggregate]


def test_each_decides_on_what_the_other_has_saved(two: Two) -> None:
    one, other = two
    incident, report = begin(one)
    made = other.execute_now(ask(claim(incident, report)))
    retract = c.RetractClaim(incident=incident, claim=UUID(made.ids["claim"]), by="source", reason="r")
    assert one.execute_now(ask(retract)).version == made.version + 1
    with pytest.raises(AlreadyRetracted):
        other.execute_now(ask(retract))
    assert numbers(one) == [1, 2, 3, 4]


def test_a_version_that_the_other_has_passed_is_stale(two: Two) -> None:
    one, other = two
    incident, report = begin(one)
    assert other.execute_now(ask(claim(incident, report), version=2)).version == 3
    with pytest.raises(StaleVersion) as refusal:
        one.execute_now(ask(claim(incident, report), version=2))
    assert refusal.value.current == 3
    assert one.execute_now(ask(claim(incident, report), version=3)).version == 4


def test_a_retry_at_the_other_gets_the_same_answer(two: Two) -> None:
    one, other = two
    incident, report = begin(one)
    first = one.execute_now(ask(claim(incident, report), "k"))
    again = other.execute_now(ask(claim(incident, report), "k"))
    assert (again.position, again.replayed, again.ids) == (first.position, True, first.ids)


def test_of_the_same_request_at_both_at_once_one_is_recorded(two: Two) -> None:
    incident, report = begin(two[0])
    start = threading.Barrier(2)

    def give(ledger: Ledger) -> list[Receipt]:
        start.wait()
        return [ledger.execute_now(ask(claim(incident, report), f"k{n}")) for n in range(20)]

    with ThreadPoolExecutor(2) as pool:
        left, right = pool.map(give, two)
    assert [one.position for one in left] == [one.position for one in right]
    assert [one.replayed for one in left] == [not one.replayed for one in right]
    assert two[0].head() == 3 + 20


def test_nobody_loses_a_race(two: Two) -> None:
    incident, report = begin(two[0])

    def give(ledger: Ledger) -> list[object]:
        return [ledger.execute_now(ask(claim(incident, report), f"{id(ledger)} {n}")) for n in range(50)]

    with ThreadPoolExecutor(2) as pool:
        answers = [one for given in pool.map(give, two) for one in given]
    assert {type(one) for one in answers} == {Receipt}
    assert numbers(two[0]) == list(range(1, 103))


def test_an_id_and_a_short_id_are_taken_in_both(two: Two) -> None:
    one, other = two
    (first, its_report), (second, report) = begin(one), begin(other)
    taken = claim(first, its_report).model_copy(update={"claim": UUID(int=77)})
    one.execute_now(ask(taken))
    with pytest.raises(AlreadyExists):
        other.execute_now(ask(claim(second, report).model_copy(update={"claim": UUID(int=77)})))
    one.execute_now(ask(c.OpenIncident(incident=UUID(int=78), title="Kursk incursion")))
    with pytest.raises(AlreadyExists):
        other.execute_now(ask(c.OpenIncident(incident=UUID(int=78 + (1 << 30)), title="Kursk incursion")))


def test_ties_that_the_other_has_recorded_count(two: Two) -> None:
    one, other = two
    a, b = (one.execute_now(ask(RegisterSource(name=name, kind="outlet"))).aggregate for name in "ab")
    relate = RelateSource(source=a, other=b, relation="same_operator", reason="r")
    other.execute_now(
        ask(DescribeSource(source=b, name="c", kind="outlet", reason="r"))
    )  # it has folded the ties by now
    one.execute_now(ask(relate))
    with pytest.raises(Exception, match="already") as refusal:
        other.execute_now(ask(RelateSource(source=b, other=a, relation="same_operator", reason="r")))
    assert not isinstance(refusal.value, Unavailable)
    other.execute_now(ask(JudgeSource(source=a, other=b, judgement="different", reason="r")))
    assert one.execute_now(ask(DescribeSource(source=a, name="d", kind="outlet", reason="r"))).version == 4


def test_who_was_away_for_long_loads_anew_what_is_asked_for(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = two
    incident, report = begin(one)
    other.execute_now(ask(claim(incident, report)))
    monkeypatch.setattr(others, "MANY", 5)
    one.execute_many([ask(claim(incident, report)) for _ in range(10)])
    assert other.execute_now(ask(claim(incident, report))).version == 14
    monkeypatch.setattr(others, "MANY", 10_000)
    monkeypatch.setattr(others, "PAGE", 4)
    one.execute_many([ask(claim(incident, report)) for _ in range(10)])
    assert other.execute_now(ask(claim(incident, report))).version == 25
    assert numbers(other) == list(range(1, 26))


def test_what_is_at_hand_is_what_the_log_says_whoever_wrote_it(two: Two) -> None:
    desks = [begin(ledger) for ledger in two]

    def give(ledger: Ledger) -> None:
        for n in range(30):
            made = ledger.execute_now(ask(claim(*desks[n % 2])))
            retract = c.RetractClaim(incident=desks[n % 2][0], claim=UUID(made.ids["claim"]), by="source", reason="r")
            ledger.execute_many([ask(retract), ask(RegisterSource(name=f"Source {n}", kind="outlet"))])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(give, two))
    for ledger in two:
        ledger.execute_now(ask(claim(*desks[0])))  # it takes in what the other wrote last
        assert ledger._writer is not None
        at_hand = ledger._writer._states
        assert len(at_hand) > 20
        for aggregate in list(at_hand._states):
            assert at_hand.find(aggregate) == load(ledger._log, aggregate)


def test_a_log_that_has_lost_its_end_is_told_and_gone_on_with(two: Two, database: str) -> None:
    one, _ = two
    incident, report = begin(one)
    one.execute_many([ask(claim(incident, report)) for _ in range(3)])
    with psycopg.connect(database) as connection:  # as a standby does that has not all of it
        connection.execute("DELETE FROM onrecord.stored_events WHERE position > 4")
    assert one.execute_now(ask(claim(incident, report))).version == 4
    assert numbers(one) == [1, 2, 3, 4]


# Keys.


def with_key(ledger: Ledger) -> tuple[Actor, str]:
    account = ledger.execute_now(ask(OpenAccount(name="Reporter"))).aggregate
    made = make_key()
    ledger.execute_now(Request(IssueKey(account=account, key=made.id), ACTOR, secret=made.hash))
    return Actor(account=account, key=made.id), made.id


def test_a_key_that_was_revoked_at_the_other_writes_nothing_more(two: Two) -> None:
    one, other = two
    actor, key = with_key(one)
    incident, report = begin(one)
    assert actor.account is not None
    asked = Request(claim(incident, report), actor)
    with pytest.raises(Exception, match="role"):
        other.execute_now(asked)
    one.execute_now(ask(RevokeKey(account=actor.account, key=key, reason="r")))
    with pytest.raises(KeyNoLongerValid):
        other.execute_now(asked)


def test_a_key_that_was_revoked_at_the_other_reads_nothing_more_once_it_is_looked_for(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    actor, key = with_key(one)
    assert actor.account is not None
    holder = other.holder(key)
    assert holder is not None
    assert not holder.account.keys[key].revoked
    one.execute_now(ask(RevokeKey(account=actor.account, key=key, reason="r")))
    now = keyring.time.monotonic() + keyring.NOTICED
    monkeypatch.setattr(keyring.time, "monotonic", lambda: now)
    holder = other.holder(key)
    assert holder is not None
    assert holder.account.keys[key].revoked


# Failures.


def test_a_commit_whose_answer_is_lost_is_answered_by_its_receipt(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = two
    incident, report = begin(one)
    execute = psycopg.Connection.execute
    lost: list[str] = []

    def committed_then_lost(connection: "psycopg.Connection[object]", query: str, *given: object) -> object:
        done = execute(connection, query, *given)
        if query == "COMMIT" and not lost:
            lost.append(query)
            connection.pgconn.pipeline_sync()
            while connection.pgconn.is_busy():
                connection.pgconn.consume_input()
            raise psycopg.OperationalError("the connection was lost")
        return done

    with monkeypatch.context() as broken:
        broken.setattr(psycopg.Connection, "execute", committed_then_lost)
        receipt = one.execute_now(ask(claim(incident, report, "kept"), "k"))
    assert (receipt.position, receipt.version) == (4, 3)
    assert other.execute_now(ask(claim(incident, report, "kept"), "k")).replayed
    assert one.execute_now(ask(claim(incident, report))).version == 4


def test_a_commit_that_is_refused_leaves_nothing_and_the_next_goes_through(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = two
    incident, report = begin(one)
    execute = psycopg.Connection.execute

    def fails(connection: "psycopg.Connection[object]", query: str, *given: object) -> object:
        return execute(connection, "SELECT 1 / 0" if query == "COMMIT" else query, *given)

    with monkeypatch.context() as broken:
        broken.setattr(psycopg.Connection, "execute", fails)
        with pytest.raises(Unavailable):
            one.execute_now(ask(claim(incident, report, "lost"), "k"))
    assert not one.execute_now(ask(claim(incident, report, "kept"), "k")).replayed
    assert numbers(one) == [1, 2, 3]


def test_while_the_server_is_away_nothing_is_acknowledged_and_all_goes_on_when_it_is_back(
    postgres_server: postgres.Server, two: Two
) -> None:
    one, other = two
    incident, report = begin(one)
    assert other.execute_now(ask(claim(incident, report), "k")).position == 4
    postgres_server.stop()
    try:
        for ledger in two:
            for _ in range(2):
                with pytest.raises(Unavailable):
                    ledger.execute_now(ask(claim(incident, report), "k2"))
                with pytest.raises(StoreError):
                    ledger.head()
    finally:
        postgres_server.start()
    assert _when_back(one, ask(claim(incident, report), "k")).replayed
    assert _when_back(other, ask(claim(incident, report), "k2")).position == 5
    assert one.execute_now(ask(claim(incident, report), "k2")).replayed
    assert one.read(4, 1)[0].recorded_at < datetime.now(UTC)


def _when_back(ledger: Ledger, request: Request) -> Receipt:
    pause = threading.Event()
    while True:
        try:
            return ledger.execute_now(request)
        except Unavailable:
            pause.wait(0.05)
