"""Rows in are rows out, a row is recorded once, and an import that stopped goes on where it was."""

import gzip
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from domain.events import Actor
from service.imports import CHUNK, FileChanged, Summary, import_file
from service.ledger import Ledger
from service.rows import MAX_LINE, Place, open_rows
from tests.service.command_line import many_sources, source, write_rows
from tests.service.ledgers import behind_its_back, open_ledger

pytestmark = pytest.mark.usefixtures("store")

SILENT = Actor()


class StopHere(Exception):
    """The import is stopped."""


def stopped_after(chunks: int, ledger: Ledger, file: Path) -> Summary:
    """Import a file, and stop after so many chunks."""
    heard = 0
    summary = Summary()

    def told(now: Summary) -> None:
        nonlocal heard
        heard += 1
        if heard == chunks:
            raise StopHere

    with pytest.raises(StopHere):
        import_file(ledger, file, SILENT, told=told, summary=summary)
    return summary


@contextmanager
def years_later(folder: Path) -> Iterator[None]:
    """Let every answer that is not kept for good be forgotten in the block, as the ledger may after a day."""
    behind_its_back(folder, "DELETE FROM idempotency WHERE recorded_at < '2999'")
    yield


def test_every_row_is_recorded_was_recorded_or_is_refused_with_its_line(tmp_path: Path) -> None:
    file = write_rows(
        tmp_path / "rows.ndjson",
        source("a"),
        "not json",
        "",
        {"command": "claim.think"},
        {"command": "source.register", "name": "No kind"},
        source("b"),
        {**source("b"), "name": "The same source, otherwise"},
        "[1]",
        {**source("c"), "recorded_at": "2024-01-01T00:00:00Z"},
    )
    with open_ledger(tmp_path) as ledger:
        summary = import_file(ledger, file, SILENT)
    assert (summary.rows, summary.recorded, summary.before, summary.failed) == (8, 2, 0, 6)
    assert sorted(problem.line for problem in summary.problems) == [2, 4, 5, 7, 8, 9]
    reasons = {problem.line: problem.reason for problem in summary.problems}
    assert reasons[2].startswith("not JSON")
    assert "'claim.think' is none of" in reasons[4]
    assert reasons[5].startswith("/kind: ")
    assert "only a demonstration" in reasons[9]
    assert str(summary.problems[0]) == f"{file}:2: {reasons[2]}"


def test_importing_again_records_nothing_even_when_a_day_and_more_has_passed(tmp_path: Path) -> None:
    file = many_sources(tmp_path / "rows.ndjson", 20)
    with open_ledger(tmp_path) as ledger:
        import_file(ledger, file, SILENT)
        with years_later(tmp_path):
            again = import_file(ledger, file, SILENT)
        assert (again.recorded, again.before, ledger.head()) == (0, 20, 20)


def test_a_row_that_was_mended_is_recorded_and_the_others_are_not_doubled(tmp_path: Path) -> None:
    good = [source("a"), source("b"), source("c")]
    with open_ledger(tmp_path) as ledger:
        import_file(ledger, write_rows(tmp_path / "rows.ndjson", good[0], "{", *good[1:]), SILENT)
        mended = write_rows(tmp_path / "rows.ndjson", source("new"), *good, source("last"))
        summary = import_file(ledger, mended, SILENT)
    assert (summary.recorded, summary.before) == (2, 3)


def test_two_equal_rows_are_two_rows(tmp_path: Path) -> None:
    row = {"command": "incident.open", "title": "Opened twice on purpose"}
    file = write_rows(tmp_path / "rows.ndjson", row, row)
    with open_ledger(tmp_path) as ledger:
        assert import_file(ledger, file, SILENT).recorded == 2
        assert import_file(ledger, file, SILENT).before == 2


def test_a_stopped_import_goes_on_without_giving_what_was_dealt_with(tmp_path: Path) -> None:
    file = many_sources(tmp_path / "rows.ndjson", 3 * CHUNK)
    with open_ledger(tmp_path) as ledger:
        stopped_after(2, ledger, file)
        with years_later(tmp_path):
            summary = import_file(ledger, file, SILENT, resume=True)
        assert ledger.head() == 3 * CHUNK
    assert (summary.passed, summary.recorded, summary.before) == (CHUNK, CHUNK, CHUNK)
    assert summary.rows == 3 * CHUNK


def test_going_on_keeps_the_space_that_the_file_declared(tmp_path: Path) -> None:
    file = many_sources(tmp_path / "rows.ndjson", 2 * CHUNK)
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines, json.dumps({**source("s0"), "name": "Again"})]) + "\n")
    with open_ledger(tmp_path) as ledger:
        stopped_after(2, ledger, file)
        summary = import_file(ledger, file, SILENT, resume=True)
    assert [problem.reason.partition(":")[0] for problem in summary.problems] == ["AlreadyExists"]


def test_going_on_with_a_file_that_changed_before_the_stop_is_refused(tmp_path: Path) -> None:
    file = many_sources(tmp_path / "rows.ndjson", 2 * CHUNK)
    with open_ledger(tmp_path) as ledger:
        stopped_after(2, ledger, file)
        file.write_text(file.read_text().replace('Source s7"', 'Source s7!"'))
        with pytest.raises(FileChanged, match=f"lines 1 to {CHUNK + 1}"):
            import_file(ledger, file, SILENT, resume=True)


def test_going_on_with_what_never_began_begins(tmp_path: Path) -> None:
    with open_ledger(tmp_path) as ledger:
        summary = import_file(ledger, many_sources(tmp_path / "rows.ndjson", 3), SILENT, resume=True)
    assert (summary.passed, summary.recorded) == (0, 3)


def test_a_note_and_a_task_are_on_what_the_file_gave_a_name_to(tmp_path: Path) -> None:
    incident = {"incident": "kursk"}
    notes = [
        {"command": command, **incident, "on": {"kind": kind, "id": name}, "text": "Ask again", **more}
        for command, more in (("note.add", {}), ("task.assign", {"to": "anna"}))
        for kind, name in (("incident", "kursk"), ("report", "daily"), ("claim", "six-miles"))
    ]
    file = write_rows(
        tmp_path / "rows.ndjson",
        source("a"),
        {"command": "account.open", "account": "anna", "name": "Anna"},
        {"command": "incident.open", **incident, "title": "Kursk incursion"},
        {"command": "report.receive", **incident, "report": "daily", "source": "a", "title": "Daily"},
        {"command": "claim.make", **incident, "claim": "six-miles", "report": "daily", "wording": {"text": "6 miles"}},
        *notes,
        {**notes[0], "on": {"kind": "figure", "id": "kursk"}},
        {**notes[0], "on": {"kind": "person", "id": "kursk"}},
    )
    with open_ledger(tmp_path) as ledger:
        summary = import_file(ledger, file, SILENT)
    assert summary.recorded == 5 + len(notes)
    assert [problem.reason.partition(":")[0] for problem in summary.problems] == ["/on/kind", "UnknownFigure"]


def test_a_trial_decides_every_row_and_saves_none(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "rows.ndjson", source("a"), source("a"), source("b"), "{")
    with open_ledger(tmp_path) as ledger:
        import_file(ledger, write_rows(tmp_path / "first.ndjson", source("z")), SILENT)
        with open_ledger(tmp_path, trial=True) as trial:
            tried = import_file(trial, file, SILENT)
        assert ledger.head() == 1
        assert ledger.mark("import:rows.ndjson") is None
        real = import_file(ledger, file, SILENT)
    assert (tried.rows, tried.recorded, tried.failed) == (real.rows, real.recorded, real.failed) == (4, 2, 2)
    assert sorted(map(str, tried.problems)) == sorted(map(str, real.problems))


def test_a_compressed_file_that_breaks_off_gives_what_can_be_read_and_says_where_it_ends(tmp_path: Path) -> None:
    whole = gzip.compress(many_sources(tmp_path / "plain.ndjson", 5_000).read_bytes())
    file = tmp_path / "rows.ndjson.gz"
    file.write_bytes(whole[: len(whole) // 2])
    with open_ledger(tmp_path) as ledger:
        summary = import_file(ledger, file, SILENT)
        assert ledger.head() == summary.recorded == summary.rows > 0
    assert summary.unread is not None
    assert f"what follows line {summary.line} cannot be read" in summary.unread


def test_a_line_beyond_the_limit_is_refused_and_the_next_one_is_read(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "rows.ndjson", source("a") | {"name": "x" * (3 * MAX_LINE)}, source("b"))
    with open_ledger(tmp_path) as ledger:
        summary = import_file(ledger, file, SILENT)
    assert (summary.recorded, summary.failed) == (1, 1)
    assert "longer than" in summary.problems[0].reason


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path: Path) -> None:
    file = tmp_path / "rows.ndjson"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(source("a")).encode() + b"\r\n")
    with open_ledger(tmp_path) as ledger:
        assert import_file(ledger, file, SILENT).recorded == 1


def test_reading_rows_takes_a_memory_that_does_not_grow_with_them(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        file = many_sources(tmp_path / f"{count}.ndjson", count)
        tracemalloc.start()
        try:
            with open_rows(file) as rows:
                assert sum(1 for _ in rows) == count + 1
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(40_000) < 1.5 * peak(4_000)


def test_a_place_holds_only_for_the_very_bytes_before_it(tmp_path: Path) -> None:
    file = many_sources(tmp_path / "rows.ndjson", 10)
    with open_rows(file) as rows:
        for _ in range(5):
            next(rows)
        place = rows.place
    with open_rows(file) as rows:
        assert rows.pass_over(place)
        assert next(rows).number == place.line + 1
    with open_rows(file) as rows:
        assert not rows.pass_over(Place(place.line, "0" * 64))


def test_a_refusal_calls_things_by_the_names_of_the_file(tmp_path: Path) -> None:
    file = write_rows(
        tmp_path / "rows.ndjson",
        source("a"),
        {"command": "incident.open", "incident": "kursk", "title": "Kursk incursion"},
        {"command": "claim.make", "incident": "kursk", "claim": "c1", "report": "r9", "wording": {"text": "6 miles"}},
        {"command": "report.receive", "incident": "KUR-Q6V7NE", "report": "r1", "source": "a", "title": "Daily"},
        {"name": "No command"},
    )
    with open_ledger(tmp_path) as ledger:
        problems = import_file(ledger, file, SILENT).problems
    unknown, short, nothing = [one.reason for one in sorted(problems, key=lambda one: one.line)]
    assert unknown.startswith("UnknownReport: no report r9 in incident ")
    assert "KUR-Q6V7NE is a short id: give the id of the incident" in short
    assert nothing.startswith("a row says what to do (`command`): one of ")
