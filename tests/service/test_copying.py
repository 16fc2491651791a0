"""A copy of a record in another database is that record: every byte, and all that goes on from it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from domain.events import Actor
from domain.incident_commands import RetractClaim
from domain.refusals import AlreadyExists
from domain.source_commands import RegisterSource
from service.cli import copying as command
from service.cli.exits import Stopped
from service.imports import import_file
from service.ledger import LedgerInUse
from service.store import copying
from service.store.copying import AnotherLog, Busy, Damaged, Differs, NotWhole, Row
from service.store.postgres.copying import ServerTarget
from service.store.recorder import NewerSchema
from service.store.sqlite.copying import FileTarget
from tests import postgres
from tests.service.command_line import many_sources
from tests.service.copies import COPYING, Place, Places, copy, fill, held, places
from tests.service.ledgers import ask, behind_its_back, claim
from tests.service.test_killed import killed_after

PAIRS = [("sqlite", "postgres"), ("postgres", "sqlite"), ("sqlite", "sqlite"), ("postgres", "postgres")]
both_ways = pytest.mark.parametrize("kinds", PAIRS, ids="-to-".join)


@pytest.fixture
def make(postgres_server: postgres.Server, tmp_path: Path) -> Iterator[Places]:
    """Return what makes places for records."""
    with places(postgres_server, tmp_path) as made:
        yield made


def statement(place: Place, text: str) -> None:
    """Change what a place holds, behind the program's back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONRECORD_DATABASE", place.database)
        behind_its_back(place.folder, text)


@both_ways
def test_a_copy_is_the_record_to_the_last_byte_and_goes_on_as_it_would(make: Places, kinds: tuple[str, str]) -> None:
    one, other = map(make.make, kinds)
    known = fill(one)
    copied = copy(one, other)
    assert held(one) == held(other)
    assert copied.position == copied.new == len(held(one)["stored_events"])
    with one.open(read_only=True) as old, other.open() as ledger:
        assert ledger.id == old.id
        assert ledger.execute_now(ask(claim(known.incident, known.report, "claim 3"), "key 3")).replayed
        holder = ledger.holder(known.key)
        assert holder is not None
        assert holder == old.holder(known.key)
        taken = claim(known.incident, known.report).model_copy(update={"claim": known.claim})
        with pytest.raises(AlreadyExists):
            ledger.execute_now(ask(taken))
        again = import_file(ledger, many_sources(one.folder.parent / "rows.ndjson", 13), Actor())
        assert (again.before, again.recorded) == (12, 1)
        retract = RetractClaim(incident=known.incident, claim=known.claim, by="source", reason="r")
        assert ledger.execute_now(ask(retract)).position == copied.position + 2


@both_ways
def test_what_was_recorded_since_is_copied_by_the_next_copy(make: Places, kinds: tuple[str, str]) -> None:
    one, other = map(make.make, kinds)
    known = fill(one)
    copy(one, other)
    with one.open() as ledger:
        ledger.execute_now(ask(claim(known.incident, known.report, "since"), "since"))
    copied = copy(one, other)
    assert copied.new == 1
    assert held(one) == held(other)
    assert copy(one, other).new == 0
    with other.open() as ledger:
        assert ledger.execute_now(ask(claim(known.incident, known.report, "since"), "since")).replayed


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def ending_at(monkeypatch: pytest.MonkeyPatch, step: int) -> Iterator[None]:
    """Let the copying end before its n-th change of the target, as if by kill -9."""
    steps = count(1)

    def ending(method: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any) -> Any:
            if next(steps) == step:
                raise Killed
            return method(*given)

        return wrapped

    with monkeypatch.context() as patch:
        for target in (FileTarget, ServerTarget):
            for name in ("mark", "append", "replace"):
                patch.setattr(target, name, ending(getattr(target, name)))
        yield


def assert_not_opened(place: Place) -> None:
    for read_only in (False, True):
        with pytest.raises(NotWhole, match="run the same"):
            place.open(read_only=read_only)


to_both = pytest.mark.parametrize("kind", ["sqlite", "postgres"])


@to_both
def test_a_copy_that_ended_anywhere_is_not_opened_and_goes_on_where_it_was(
    make: Places, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "EVENTS", 9)
    one, other = make.make("sqlite"), make.make(kind)
    fill(one)
    whole, saved = held(one)["stored_events"], list[Row]()
    for step in (1, 2):  # before the mark, and before the first event
        with pytest.raises(Killed), ending_at(monkeypatch, step):
            copy(one, other)
    while len(saved) < len(whole):
        assert_not_opened(other)
        with pytest.raises(Killed), ending_at(monkeypatch, 3):
            copy(one, other)
        more = held(other)["stored_events"]
        assert len(more) > len(saved)
        assert more == whole[: len(more)]
        saved = more
    with pytest.raises(Killed), ending_at(monkeypatch, 3):  # all is there, and still marked
        copy(one, other)
    assert_not_opened(other)
    with pytest.raises(NotWhole):
        copy(other, make.make("sqlite"))
    assert copy(one, other).new == 0
    assert held(one) == held(other)
    other.open().close()


@to_both
def test_a_copy_that_was_killed_goes_on_where_it_was(make: Places, kind: str) -> None:
    one, other = make.make("sqlite"), make.make(kind)
    fill(one, claims=100)
    given = (one.folder, one.database, other.folder, other.database)
    assert killed_after(4, COPYING, *given, 4) == ["5", "10", "15", "20"]
    assert_not_opened(other)
    assert killed_after(2, COPYING, *given, 2) == ["25", "30"]
    killed_after(3, COPYING, *given, 0)  # while it goes on: wherever that is
    copy(one, other)
    assert held(one) == held(other)


@both_ways
def test_a_copy_of_a_record_that_is_written_to_is_of_one_moment(
    make: Places, kinds: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "EVENTS", 9)
    one, other = map(make.make, kinds)
    known = fill(one)
    head, over = len(held(one)["stored_events"]), threading.Event()
    with one.open() as ledger:

        def write() -> None:
            for n in count():
                ledger.execute_now(ask(claim(known.incident, known.report, f"new {n}"), f"new {n}"))
                if over.is_set():
                    return

        writer = threading.Thread(target=write)
        writer.start()
        try:
            copied = copy(one, other)
        finally:
            over.set()
            writer.join()
        assert head <= copied.position <= ledger.head()
        caught_up = copy(one, other)
        assert caught_up.position == ledger.head()
    assert held(one) == held(other)


@both_ways
def test_a_place_that_holds_another_record_is_left_as_it_is(make: Places, kinds: tuple[str, str]) -> None:
    one, other = map(make.make, kinds)
    fill(one)
    fill(other, claims=3)
    before = held(other)
    with pytest.raises(AnotherLog, match="another record"):
        copy(one, other)
    with pytest.raises(AnotherLog, match="another record"):
        copy(other, one)
    assert held(other) == before


@to_both
def test_a_copy_that_has_gone_on_by_itself_is_left_as_it_is(make: Places, kind: str) -> None:
    one, other = make.make("sqlite"), make.make(kind)
    known = fill(one)
    copy(one, other)
    with other.open() as ledger:
        ledger.execute_now(ask(claim(known.incident, known.report, "own"), "own"))
    before = held(other)
    with pytest.raises(AnotherLog, match="gone on by itself"):
        copy(one, other)
    with one.open() as ledger:
        ledger.execute_many([ask(claim(known.incident, known.report, "other"))] * 2)
    with pytest.raises(AnotherLog, match="is not the same event"):
        copy(one, other)
    assert held(other) == before


def test_who_stops_a_copy_is_told_how_it_goes_on(make: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "EVENTS", 9)
    one, other, steps = make.make("sqlite"), make.make("sqlite"), copying.copy
    fill(one)

    def stopped(*given: Any) -> Iterator[int]:
        yield next(steps(*given))
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(copying, "copy", stopped)
        with pytest.raises(Stopped, match="9 of 38 events are copied, and the same command goes on there"):
            copy(one, other)
    assert copy(one, other).new == 29


def test_an_empty_record_is_a_place_to_copy_to(make: Places) -> None:
    one, other = make.make("sqlite"), make.make("postgres")
    fill(one)
    other.open().close()
    copy(one, other)
    assert held(one) == held(other)


def test_who_writes_to_the_copy_meanwhile_stops_it(make: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "EVENTS", 9)
    one, other = make.make("sqlite"), make.make("postgres")
    fill(one)
    steps = copying.copy
    with other.open() as ledger:

        def disturbed(*given: Any) -> Iterator[int]:
            for at in steps(*given):
                ledger.execute_now(ask(RegisterSource(name=f"Source {at}", kind="outlet")))
                yield at

        monkeypatch.setattr(copying, "copy", disturbed)
        with pytest.raises(AnotherLog, match="somebody else writes to it"):
            copy(one, other)
    assert_not_opened(other)


def test_a_folder_that_is_served_is_not_copied_to_and_a_database_by_one_at_a_time(make: Places) -> None:
    one, other, server = make.make("sqlite"), make.make("sqlite"), make.make("postgres")
    fill(one)
    with other.open(), pytest.raises(LedgerInUse):
        copy(one, other)
    with command._writing(server.side), pytest.raises(Busy):
        copy(one, server)
    copy(one, server)
    with pytest.raises(Busy, match="the same database"):
        copy(server, Place("the same", server.folder / "elsewhere", server.database))


@to_both
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE stored_events SET recorded_at = '2024' WHERE position = 7", "position 7 is not the same"),
        ("UPDATE idempotency SET fingerprint = 'other' WHERE key = 'key 7'", "of idempotency is not the same"),
        ("DELETE FROM things", "row 1 of things is not the same"),
    ],
)
def test_a_row_that_is_not_what_was_copied_is_found_and_the_copy_stays_marked(
    make: Places, kind: str, change: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = make.make("sqlite"), make.make(kind)
    fill(one)
    finish = copying.finish

    def changed(*given: Any) -> Any:
        statement(other, change)
        return finish(*given)

    monkeypatch.setattr(copying, "finish", changed)
    with pytest.raises(Differs, match=said):
        copy(one, other)
    assert_not_opened(other)


def test_a_record_with_a_hole_is_not_copied(make: Places) -> None:
    one, other = make.make("sqlite"), make.make("postgres")
    fill(one)
    statement(one, "DELETE FROM stored_events WHERE position = 7")
    with pytest.raises(Damaged, match="position 7 is missing"):
        copy(one, other)


def test_an_id_that_is_none_is_told(make: Places) -> None:
    one, other = make.make("sqlite"), make.make("postgres")
    fill(one)
    statement(one, "UPDATE stored_events SET originator_id = 'c0ffee' WHERE position = 7")
    with pytest.raises(Damaged, match="'c0ffee' is no id"):
        copy(one, other)


@to_both
def test_a_record_of_another_version_is_not_copied(make: Places, kind: str) -> None:
    one = make.make(kind)
    fill(one)
    statement(one, "PRAGMA user_version = 99" if kind == "sqlite" else "UPDATE onrecord.schema SET version = 99")
    with pytest.raises(NewerSchema):
        copy(one, make.make("sqlite"))


def test_events_are_saved_together_up_to_so_many_and_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "EVENTS", 3)
    monkeypatch.setattr(copying, "BYTES", 10)
    sizes = [1, 1, 1, 9, 1, 20, 1]
    events = [(n, "", 0, "", b"x" * size, None) for n, size in enumerate(sizes, start=1)]
    assert [len(chunk) for chunk in copying._chunks(iter(events))] == [3, 2, 1, 1]
