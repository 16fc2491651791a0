"""The ledger under attack: failing disks, faults in the rules, a closing writer, strangers in the file."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from time import time
from uuid import UUID, uuid4

import pytest
from eventsourcing.sqlite import SQLiteConnection

from domain.account_commands import CloseAccount, GrantRole, IssueKey, OpenAccount, RevokeKey, RevokeRole
from domain.events import Actor, Recorded
from domain.incident_commands import AssessClaim
from domain.refusals import AlreadyExists, MayNotOverride
from domain.source_commands import RegisterSource
from domain.values import Role
from service.imports import import_file
from service.keys import make_key
from service.ledger import (
    FutureTime,
    KeyNoLongerValid,
    Ledger,
    NoLedger,
    NotAllowed,
    QueueFull,
    Receipt,
    Request,
    Unavailable,
    batch,
    writer,
)
from service.settings import Settings
from service.store.log import RecordLog, StoreError
from service.store.sqlite.recorder import LogRecorder
from tests.service.command_line import source, write_rows
from tests.service.ledgers import ACTOR, ask, begin, behind_its_back, claim, open_ledger

pytestmark = pytest.mark.usefixtures("store")


def fail(*_given: object, **_beside: object) -> None:
    raise sqlite3.OperationalError("disk I/O error")


def texts(ledger: Ledger) -> list[str]:
    """Return the wordings of all claims, in log order, after checking that positions are whole."""
    events = ledger.read(0, 10_000)
    assert [one.position for one in events] == list(range(1, len(events) + 1))
    return [one.event.wording.text for one in events if one.event.NAME == "claim.made.v1"]  # type: ignore[union-attr]


# Failing disks.


@pytest.mark.of_a_file
def test_a_commit_that_fails_leaves_nothing_and_the_next_goes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        with monkeypatch.context() as broken:
            broken.setattr(SQLiteConnection, "commit", fail)
            with pytest.raises(Unavailable):
                ledger.execute_now(ask(claim(incident, report, "lost")))
        assert ledger.execute_now(ask(claim(incident, report, "kept"))).position == 4
        assert texts(ledger) == ["kept"]


COMMIT = SQLiteConnection.commit


def committed_then_lost(connection: SQLiteConnection) -> None:
    """Commit, and fail as if the answer had been lost."""
    COMMIT(connection)
    fail()


@pytest.mark.of_a_file
def test_a_commit_that_raises_but_is_on_the_disk_is_answered_by_its_receipt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        with monkeypatch.context() as broken:
            broken.setattr(SQLiteConnection, "commit", committed_then_lost)
            assert ledger.execute_now(ask(claim(incident, report, "kept"), "k")).position == 4
        assert ledger.execute_now(ask(claim(incident, report, "kept"), "k")).replayed
        assert ledger.execute_now(ask(claim(incident, report, "next"))).version == 4


@pytest.mark.of_a_file
def test_while_the_log_cannot_be_asked_nothing_is_acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        with monkeypatch.context() as broken:
            broken.setattr(SQLiteConnection, "commit", fail)
            broken.setattr(LogRecorder, "bytes_at", fail)
            broken.setattr(LogRecorder, "last", fail)
            for _ in range(2):
                with pytest.raises(Unavailable):
                    ledger.execute_now(ask(claim(incident, report, "lost"), "k"))
        receipt = ledger.execute_now(ask(claim(incident, report, "kept"), "k"))
        assert (receipt.position, receipt.replayed) == (4, False)


@pytest.mark.of_a_file
def test_a_full_disk_is_unavailable_until_there_is_room(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        with ledger._log.log_recorder.datastore.writing() as cursor:
            cursor.execute("PRAGMA page_count")
            pages = cursor.fetchone()[0]
            cursor.execute(f"PRAGMA max_page_count = {pages + 2}")
        outcomes = ledger.execute_many([ask(claim(incident, report, "x" * 9_000)) for _ in range(3)])
        assert {type(one) for one in outcomes} == {Unavailable}
        # The connection that failed was closed, and the limit with it: there is room again.
        assert ledger.execute_now(ask(claim(incident, report, "kept"))).position == 4
        assert ledger.check_file() == []


@pytest.mark.of_a_file  # on a server it is given again only once a standby, where there is one, has what it tells
def test_an_answer_that_was_given_before_is_given_again_while_nothing_can_be_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        first = ledger.execute_now(ask(claim(incident, report), "k"))
        with monkeypatch.context() as broken:
            broken.setattr(RecordLog, "append", fail)
            new, old = ledger.execute_many([ask(claim(incident, report)), ask(claim(incident, report), "k")])
        assert isinstance(new, Unavailable)
        assert isinstance(old, Receipt)
        assert old.position == first.position


# Faults: of the rules, of an event, of a listener.


def test_an_event_that_cannot_be_written_down_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_down = Recorded.to_bytes

    def unwritable(recorded: Recorded) -> bytes:
        if getattr(getattr(recorded.event, "wording", None), "text", "") == "bad":
            raise TypeError("no bytes for this")
        return write_down(recorded)

    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        monkeypatch.setattr(Recorded, "to_bytes", unwritable)
        outcomes = ledger.execute_many([ask(claim(incident, report, text)) for text in ("one", "bad", "two")])
        assert [type(one) for one in outcomes] == [Receipt, TypeError, Receipt]
        assert texts(ledger) == ["one", "two"]


def test_a_fold_that_fails_half_way_leaves_no_half_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evolve = batch.evolve
    seen: list[str] = []

    def failing_once(state: batch.State | None, recorded: Recorded) -> batch.State:
        evolved = evolve(state, recorded)
        if getattr(getattr(recorded.event, "wording", None), "text", "") == "bad":
            seen.append("bad")
            raise RuntimeError("half way")
        return evolved

    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        monkeypatch.setattr(batch, "evolve", failing_once)
        outcomes = ledger.execute_many([ask(claim(incident, report, text)) for text in ("one", "bad", "two")])
        assert [type(one) for one in outcomes] == [Receipt, RuntimeError, Receipt]
        assert outcomes[2].ids["number"] == "2"  # type: ignore[union-attr]
        assert (texts(ledger), seen) == (["one", "two"], ["bad"])


def test_the_id_of_something_else_is_refused_alone(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        taken = RegisterSource(source=incident, name="A source", kind="outlet")
        outcomes = ledger.execute_many([ask(claim(incident, report)), ask(taken), ask(claim(incident, report))])
        assert [type(one) for one in outcomes] == [Receipt, AlreadyExists, Receipt]
        assert ledger.execute_now(ask(claim(incident, report))).version == 5


def test_a_listener_that_fails_does_not_stop_the_writer(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        ledger.on_commit(lambda head: fail(head))
        incident, report = begin(ledger)
        assert ledger.execute_now(ask(claim(incident, report))).position == 4


# Waiting, closing, dying.


def held_up(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Let the next commit wait; return what tells that it does, and what lets it go."""
    append: Callable[..., None] = RecordLog.append
    reached, go_on = threading.Event(), threading.Event()

    def waiting(log: RecordLog, *given: object, **beside: object) -> None:
        reached.set()
        go_on.wait(60)
        append(log, *given, **beside)

    monkeypatch.setattr(RecordLog, "append", waiting)
    return reached, go_on


def test_one_more_than_may_wait_is_refused_and_the_others_are_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main(ledger: Ledger, incident: UUID, report: UUID) -> list[Receipt]:
        reached, go_on = held_up(monkeypatch)
        first = asyncio.create_task(ledger.execute(ask(claim(incident, report))))
        await asyncio.to_thread(reached.wait)
        second = asyncio.create_task(ledger.execute(ask(claim(incident, report))))
        await asyncio.sleep(0)
        with pytest.raises(QueueFull):
            await ledger.execute(ask(claim(incident, report)))
        go_on.set()
        return [await first, await second]

    with Ledger.open(Settings(data=tmp_path, queue_size=1)) as ledger:
        incident, report = begin(ledger)
        assert [one.position for one in asyncio.run(main(ledger, incident, report))] == [4, 5]


def test_who_stops_waiting_does_not_stop_the_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(ledger: Ledger, incident: UUID, report: UUID) -> None:
        reached, go_on = held_up(monkeypatch)
        given_up = asyncio.create_task(ledger.execute(ask(claim(incident, report, "given up"))))
        await asyncio.to_thread(reached.wait)
        given_up.cancel()
        go_on.set()
        await ledger.execute(ask(claim(incident, report, "awaited")))

    with open_ledger(tmp_path) as ledger:
        asyncio.run(main(ledger, *begin(ledger)))
        assert texts(ledger) == ["given up", "awaited"]


def test_whoever_asks_while_the_ledger_closes_is_answered(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    incident, report = begin(ledger)
    ends: list[list[str]] = [[] for _ in range(8)]

    def ask_until_closed(end: list[str]) -> None:
        while True:
            try:
                ledger.execute_now(ask(claim(incident, report)))
            except Unavailable as closed:
                end.append(str(closed))
                return

    askers = [threading.Thread(target=ask_until_closed, args=(end,), daemon=True) for end in ends]
    for asker in askers:
        asker.start()
    ledger.close()
    for asker in askers:
        asker.join(60)
    assert [len(end) for end in ends] == [1] * 8


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_that_dies_leaves_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_given: object) -> None:
        raise SystemExit

    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        monkeypatch.setattr(batch.Batch, "decide", die)
        for _ in range(2):
            with pytest.raises(Unavailable):
                ledger.execute_now(ask(claim(incident, report)))
        assert ledger.head() == 3


# Keys.


def test_a_revoked_key_is_revoked_from_the_answer_on(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        account, made = ledger.execute_now(ask(OpenAccount(name="Reporter"))).aggregate, make_key()
        ledger.execute_now(Request(IssueKey(account=account, key=made.id), ACTOR, secret=made.hash))
        holder = ledger.holder(made.id)
        assert holder is not None
        assert (holder.hash, holder.account.keys[made.id].revoked) == (made.hash, False)
        assert ledger.holder(made.id) is holder
        ledger.execute_now(ask(RevokeKey(account=account, key=made.id, reason="lost")))
        holder = ledger.holder(made.id)
        assert holder is not None
        assert holder.account.keys[made.id].revoked
        assert ledger.holder("nobodys00key") is None


@pytest.mark.of_a_file
def test_a_key_is_revoked_though_the_commit_raised_and_the_log_could_not_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ledger(tmp_path) as ledger:
        account, made = ledger.execute_now(ask(OpenAccount(name="Reporter"))).aggregate, make_key()
        ledger.execute_now(Request(IssueKey(account=account, key=made.id), ACTOR, secret=made.hash))
        assert ledger.holder(made.id) is ledger.holder(made.id)
        revoke = ask(RevokeKey(account=account, key=made.id, reason="lost"), "k")
        with monkeypatch.context() as broken:
            broken.setattr(SQLiteConnection, "commit", committed_then_lost)
            broken.setattr(LogRecorder, "bytes_at", fail)
            with pytest.raises(Unavailable):
                ledger.execute_now(revoke)
        assert ledger.execute_now(revoke).replayed
        holder = ledger.holder(made.id)
        assert holder is not None
        assert holder.account.keys[made.id].revoked


def keyed(ledger: Ledger, *roles: Role) -> Actor:
    """Open an account with a key and roles, that of a reporter if nothing is said, and return both as an actor."""
    account, made = ledger.execute_now(ask(OpenAccount(name="Reporter"))).aggregate, make_key()
    for role in roles or ("reporter",):
        ledger.execute_now(ask(GrantRole(account=account, role=role)))
    ledger.execute_now(Request(IssueKey(account=account, key=made.id), ACTOR, secret=made.hash))
    return Actor(account=account, key=made.id)


def test_what_waits_behind_the_revocation_of_its_key_is_not_recorded(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        actor = keyed(ledger)
        assert actor.account is not None
        assert actor.key is not None
        made = Request(claim(incident, report), actor)
        revoked = ask(RevokeKey(account=actor.account, key=actor.key, reason="lost"))
        before, _, after = ledger.execute_many([made, revoked, made])
        assert (type(before), type(after)) == (Receipt, KeyNoLongerValid)
        assert len(texts(ledger)) == 1
        no_key = Request(claim(incident, report), Actor(account=actor.account))
        assert isinstance(ledger.execute_now(no_key), Receipt)


def test_what_waits_behind_the_revocation_of_its_role_is_not_recorded(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        actor = keyed(ledger)
        assert actor.account is not None
        made = Request(claim(incident, report), actor)
        revoked = ask(RevokeRole(account=actor.account, role="reporter", reason="left the desk"))
        before, _, after = ledger.execute_many([made, revoked, made])
        assert (type(before), type(after)) == (Receipt, NotAllowed)
        assert len(texts(ledger)) == 1


def test_a_role_for_one_incident_does_not_last_for_what_waits_on_another(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        (incident, report), (other, other_report) = begin(ledger), begin(ledger)
        actor = keyed(ledger)
        assert actor.account is not None
        narrowed = [
            ask(GrantRole(account=actor.account, role="reporter", incident=other)),
            ask(RevokeRole(account=actor.account, role="reporter", reason="works on the other one now")),
        ]
        made = [Request(claim(incident, report), actor), Request(claim(other, other_report), actor)]
        *_, there, here = ledger.execute_many([*narrowed, *made])
        assert (type(there), type(here)) == (NotAllowed, Receipt)


def test_who_is_no_editor_any_more_overrides_nothing_that_waited(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        said = UUID(ledger.execute_now(ask(claim(incident, report))).ids["claim"])
        actor = keyed(ledger, "verifier", "editor")
        assert actor.account is not None
        command = AssessClaim(incident=incident, claim=said, assessment="confirmed", override=True, reason="seen")
        asked = Request(command, actor, may_override=True)
        revoked = ask(RevokeRole(account=actor.account, role="editor", reason="on leave"))
        assert isinstance(ledger.execute_many([revoked, asked])[1], MayNotOverride)


def test_a_retry_with_a_key_that_was_revoked_gets_no_answer(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        actor = keyed(ledger)
        assert actor.account is not None
        assert actor.key is not None
        made = replace(ask(claim(incident, report), "k"), actor=actor)
        assert not ledger.execute_now(made).replayed
        ledger.execute_now(ask(RevokeKey(account=actor.account, key=actor.key, reason="lost")))
        with pytest.raises(KeyNoLongerValid):
            ledger.execute_now(made)


def test_what_waits_behind_the_closing_of_its_account_is_not_recorded(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        actor = keyed(ledger)
        assert actor.account is not None
        made = Request(claim(incident, report), actor)
        _, after = ledger.execute_many([ask(CloseAccount(account=actor.account, reason="left")), made])
        assert isinstance(after, KeyNoLongerValid)


def test_a_key_that_expires_while_its_request_waits_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        account = ledger.execute_now(ask(OpenAccount(name="Reporter"))).aggregate
        ledger.execute_now(ask(GrantRole(account=account, role="reporter")))
        expires = datetime.now(UTC) + timedelta(hours=1)
        issued = IssueKey(account=account, key=make_key().id, expires=expires)
        ledger.execute_now(ask(issued))
        made = Request(claim(incident, report), Actor(account=account, key=issued.key))
        assert not ledger.execute_now(made).replayed
        monkeypatch.setattr(batch, "datetime", Later)
        with pytest.raises(KeyNoLongerValid):
            ledger.execute_now(made)


class Later(datetime):
    """A clock that is a day ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Later":
        return cls.fromtimestamp(time() + 86_400, tz)


def test_a_row_of_an_import_whose_key_was_revoked_is_a_problem_of_that_row(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "rows.ndjson", source("a"), source("b"))
    with open_ledger(tmp_path) as ledger:
        actor = keyed(ledger)
        assert actor.account is not None
        assert actor.key is not None
        ledger.execute_now(ask(RevokeKey(account=actor.account, key=actor.key, reason="lost")))
        summary = import_file(ledger, file, actor)
    assert (summary.recorded, summary.failed) == (0, 2)
    assert all(one.reason.startswith("KeyNoLongerValid") for one in summary.problems)


def test_a_role_that_was_not_saved_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_ledger(tmp_path) as ledger:
        account = ledger.execute_now(ask(OpenAccount(name="Reporter"))).aggregate
        reached, go_on = held_up(monkeypatch)
        granting = threading.Thread(
            target=lambda: ledger.execute_many([ask(GrantRole(account=account, role="admin", reason="r"))])
        )
        granting.start()
        reached.wait(60)
        asked_meanwhile = ledger.account(account)
        go_on.set()
        granting.join(60)
        asked_after = ledger.account(account)
        assert asked_meanwhile is not None
        assert asked_after is not None
        assert (len(asked_meanwhile.grants), len(asked_after.grants)) == (0, 1)


# Strangers, clocks, folders.


@pytest.mark.of_a_file
def test_events_of_a_stranger_are_never_taken_for_ours(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        stranger = sqlite3.connect(tmp_path / "ledger.sqlite")
        stranger.execute(
            "INSERT INTO stored_events SELECT 4, ?, 1, topic, replace(state, 'A source', 'A stranger'), recorded_at"
            " FROM stored_events WHERE position = 1",
            (uuid4().hex,),
        )
        stranger.commit()
        stranger.close()
        with pytest.raises(Unavailable):
            ledger.execute_now(ask(claim(incident, report, "late")))
        assert ledger.execute_now(ask(claim(incident, report, "later"))).position == 5
        assert texts(ledger) == ["later"]


def test_a_scripted_time_does_not_lie_in_the_future(tmp_path: Path) -> None:
    with open_ledger(tmp_path, demonstration=True) as ledger:
        ahead = datetime.now(UTC) + timedelta(days=1)
        with pytest.raises(FutureTime):
            ledger.execute_now(Request(RegisterSource(name="A source", kind="outlet"), ACTOR, at=ahead))
        assert ledger.head() == 0


def test_answers_that_are_no_longer_kept_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "ANSWERS_KEPT", timedelta(hours=-1))  # expired as soon as they are written
    with open_ledger(tmp_path) as ledger:
        incident, report = begin(ledger)
        for n in range(20):
            ledger.execute_now(ask(claim(incident, report), f"key-{n}"))
        assert not ledger.execute_now(ask(claim(incident, report), "key-19")).replayed
    assert len(behind_its_back(tmp_path, "SELECT key FROM idempotency")) <= 2


def test_reading_makes_no_record_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(NoLedger):
        open_ledger(tmp_path / "nothing", read_only=True)
    assert not (tmp_path / "nothing").exists()


def test_a_reader_beside_the_writer_sees_what_is_committed_and_writes_nothing(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger, open_ledger(tmp_path, read_only=True) as reader:
        incident, report = begin(ledger)
        ledger.execute_now(ask(claim(incident, report, "seen")))
        assert texts(reader) == ["seen"]
        with pytest.raises(Unavailable):
            reader.execute_now(ask(claim(incident, report)))
        with pytest.raises(StoreError):
            reader._log.log_recorder.insert_events([], marks=[("name", "value")])


def test_the_name_of_the_folder_may_hold_any_sign(tmp_path: Path) -> None:
    folder = tmp_path / "what? 100%25 #1 бюро"
    with open_ledger(folder) as ledger:
        begin(ledger)
    with open_ledger(folder, read_only=True) as ledger:
        assert ledger.head() == 3
    assert sorted(one.name for one in tmp_path.iterdir()) == [folder.name]
