"""`onrecord import` as a user meets it."""

import gzip
import json
import signal
import threading
from pathlib import Path

import pytest

from service.cli.progress import progress_line
from service.imports import CHUNK
from tests.service.command_line import (
    ESCAPES,
    Done,
    many_sources,
    onrecord,
    running,
    source,
    terminal,
    write_rows,
)

MANY = 30_000


def head(data: Path) -> int:
    """Return how many events a record has."""
    done = onrecord(data, "views", "list", "--json")
    return max(int(view["position"]) + int(view["behind"]) for view in done.objects())


def test_an_import_says_what_became_of_the_rows_and_lists_each_problem(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "rows.ndjson", source("a"), "{", source("b"))
    done = onrecord(tmp_path / "data", "import", file)
    assert done.code == 1
    assert done.out == ""
    problem, summary = done.err.splitlines()
    assert problem.startswith(f"{file}:2: not JSON")
    assert summary == f"{file}: 3 rows = 2 recorded + 0 recorded before + 1 refused"


def test_an_import_without_a_problem_ends_with_0_and_quietly_says_nothing(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "rows.ndjson", source("a"))
    assert onrecord(tmp_path / "data", "import", file, "--quiet") == Done(0, "", "")


def test_as_json_an_import_prints_one_object_a_file(tmp_path: Path) -> None:
    files = [write_rows(tmp_path / f"{name}.ndjson", source(name), "{") for name in ("a", "b")]
    done = onrecord(tmp_path / "data", "import", *files, "--json")
    assert [(one["rows"], one["recorded"], one["refused"]) for one in done.objects()] == [(2, 1, 1), (2, 1, 1)]
    assert done.objects()[0]["problems"][0]["line"] == 2


def test_rows_come_from_standard_input_and_from_compressed_files(tmp_path: Path) -> None:
    compressed = tmp_path / "rows.ndjson.gz"
    compressed.write_bytes(gzip.compress(json.dumps(source("a")).encode()))
    assert onrecord(tmp_path / "data", "import", compressed).code == 0
    assert onrecord(tmp_path / "data", "import", "-", given=json.dumps(source("b")).encode()).code == 0
    assert head(tmp_path / "data") == 2


def test_a_dry_run_tells_what_would_be_and_makes_nothing(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "rows.ndjson", source("a"), "{")
    done = onrecord(tmp_path / "data", "import", file, "--dry-run")
    assert done.code == 1
    assert "1 would be recorded" in done.err
    assert not (tmp_path / "data").exists()


def test_a_dry_run_goes_on_while_another_process_writes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    onrecord(data, "import", write_rows(tmp_path / "first.ndjson", source("z")))
    with running(data, "import", "-") as writer:
        assert writer.stdin is not None
        assert writer.stderr is not None
        writer.stdin.write((json.dumps(source("y")) + "\n").encode() * 1)
        writer.stdin.flush()
        file = write_rows(tmp_path / "rows.ndjson", source("a"))
        assert onrecord(data, "import", file, "--dry-run").code == 0
        writer.stdin.close()
        writer.stdin = None
        assert writer.wait(timeout=60) == 0
    assert head(data) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_import_that_is_told_to_stop_says_how_to_go_on_and_does_go_on(
    tmp_path: Path, number: signal.Signals
) -> None:
    data, file = tmp_path / "data", many_sources(tmp_path / "rows.ndjson", MANY)
    with running(data, "import", file) as process:
        _wait_until_written(data / "ledger.sqlite-wal", 2_000_000)
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    last = told.decode().splitlines()[-1]
    assert last.startswith("onrecord: stopped after line ")
    assert last.endswith(f"`onrecord import --resume {file}` goes on there")
    stopped_at = head(data)
    assert 0 < stopped_at < MANY
    done = onrecord(data, "import", "--resume", file, "--json")
    (summary,) = done.objects()
    assert done.code == 0
    assert summary["passed_over"] > 0
    assert summary["passed_over"] + summary["recorded_before"] == stopped_at
    assert summary["passed_over"] + summary["recorded_before"] + summary["recorded"] == summary["rows"] == MANY
    assert head(data) == MANY


def _wait_until_written(file: Path, size: int) -> None:
    grown = threading.Event()
    for _ in range(6_000):
        if file.exists() and file.stat().st_size > size:
            return
        grown.wait(0.01)
    raise AssertionError(f"{file} did not grow to {size} bytes in a minute")


def test_an_import_that_waits_for_input_can_be_stopped(tmp_path: Path) -> None:
    rows = many_sources(tmp_path / "rows.ndjson", CHUNK).read_bytes()
    with running(tmp_path / "data", "import", "-") as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(rows)
        process.stdin.flush()
        _wait_until_written(tmp_path / "data" / "ledger.sqlite-wal", 100_000)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
        assert f"stopped after line {CHUNK + 1} of -".encode() in process.stderr.read()
    assert process.returncode == 1


def test_a_file_that_changed_since_the_stop_is_a_conflict(tmp_path: Path) -> None:
    data, file = tmp_path / "data", many_sources(tmp_path / "rows.ndjson", 1_200)
    assert onrecord(data, "import", file).code == 0
    file.write_text(file.read_text().replace("Source s3", "Source S3"))
    done = onrecord(data, "import", "--resume", file)
    assert done.code == 4
    assert "without --resume" in done.err


def test_in_a_terminal_a_bar_shows_rows_and_rate(tmp_path: Path) -> None:
    file = many_sources(tmp_path / "rows.ndjson", 2_000)
    with terminal(tmp_path / "data", "import", file) as shown:
        assert shown.end() == 0
    drawn = ESCAPES.sub("", shown.drawn)
    assert "2001/2001" in drawn
    assert "2000 rows = 2000 recorded" in drawn
    assert "\x1b[" in shown.drawn


def test_elsewhere_a_line_tells_rows_rate_and_what_is_left() -> None:
    assert progress_line(500, 2_000, 5.0) == "500/2000, 100/s, 0:00:15 left"
    assert progress_line(2_000, 2_000, 5.0) == "2000/2000, 400/s"
    assert progress_line(500, None, 5.0) == "500, 100/s"


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    assert onrecord(tmp_path / "data", "import", tmp_path / "none.ndjson").code == 2


def test_where_the_disk_takes_no_more_an_import_says_how_to_go_on_and_does_go_on(tmp_path: Path) -> None:
    data, file = tmp_path / "data", many_sources(tmp_path / "rows.ndjson", 4_000)
    done = onrecord(data, "import", file, file_size=2_000_000)
    assert done.code == 5
    assert f"`onrecord import --resume {file}` goes on there" in done.err
    (summary,) = onrecord(data, "import", "--resume", file, "--json").objects()
    assert summary["passed_over"] + summary["recorded_before"] + summary["recorded"] == summary["rows"] == 4_000
    assert head(data) == 4_000
