"""`onrecord import`: commands from files or standard input into the record."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from service import memory
from service.access import OPERATOR
from service.cli.exits import FAILED, Stopped, UsageProblem
from service.cli.opening import settings_of
from service.cli.options import Data, Json, Quiet
from service.cli.progress import Progress
from service.cli.stopping import held
from service.cli.terminal import put_json, say
from service.imports import Summary, import_file
from service.ledger import Ledger, Unavailable
from service.ledger.places import is_there
from service.rows import count_lines
from service.settings import Settings

Files = Annotated[
    list[Path], typer.Argument(help="NDJSON files of commands, compressed (.gz) or not; - is standard input")
]


def import_(
    files: Files,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Decide every row, record none")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an import of this file stopped")] = False,
    data: Data = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Import commands, one a line. A bad row is told and skipped; the same row is never recorded twice.

    A dry run may go on beside a server: it decides on the record as it stands, and nothing is kept.
    """
    _check_there(files)
    with _ledger(settings_of(data), dry_run) as ledger:
        memory.settle()
        incomplete = [file for file in files if not _import(ledger, file, resume, dry_run, json=json, quiet=quiet)]
    if incomplete:
        raise SystemExit(FAILED)


def _check_there(files: list[Path]) -> None:
    for file in files:
        if str(file) != "-" and (not file.exists() or file.is_dir()):
            raise UsageProblem(f"there is no file {file}")


@contextmanager
def _ledger(settings: Settings, dry_run: bool) -> Iterator[Ledger]:
    """Open the ledger, or for a dry run one that keeps nothing; of a record that is not there, an empty one."""
    if not dry_run:
        with Ledger.open(settings) as ledger:
            yield ledger
    elif is_there(settings):
        with Ledger.open(settings, trial=True) as ledger:
            yield ledger
    else:
        with (
            tempfile.TemporaryDirectory(prefix="onrecord-dry-run-") as folder,
            Ledger.open(settings.model_copy(update={"data": Path(folder), "database": None})) as ledger,
        ):
            yield ledger


def _import(ledger: Ledger, file: Path, resume: bool, dry_run: bool, *, json: bool, quiet: bool) -> bool:
    """Import a file; tell whether every row of it is in the record, or would be."""
    summary = Summary()
    progress = Progress(file.name, None if quiet else count_lines(file), quiet=quiet)
    try:
        with progress:
            import_file(
                ledger,
                file,
                OPERATOR.actor,
                resume=resume,
                told=lambda now: progress.at(now.line),
                refused=lambda problem: progress.say(str(problem)),
                hold=held,
                summary=summary,
            )
    except Stopped:
        _sum_up(file, summary, dry_run, json=json, quiet=quiet)
        raise Stopped(_how_to_go_on(file, summary, dry_run)) from None
    except Unavailable as problem:
        _sum_up(file, summary, dry_run, json=json, quiet=quiet)
        raise Unavailable(f"{problem}; {_how_to_go_on(file, summary, dry_run)}") from problem
    _sum_up(file, summary, dry_run, json=json, quiet=quiet)
    return not summary.failed and summary.unread is None


def _how_to_go_on(file: Path, summary: Summary, dry_run: bool) -> str:
    where = f"stopped after line {summary.line} of {file}"
    if dry_run:
        return f"{where}: nothing was recorded"
    return f"{where}: `onrecord import --resume {file}` goes on there"


def _sum_up(file: Path, summary: Summary, dry_run: bool, *, json: bool, quiet: bool) -> None:
    if summary.unread is not None:
        say(summary.unread)
    if json:
        put_json(_counted(file, summary, dry_run))
    elif not quiet:
        recorded = "would be recorded" if dry_run else "recorded"
        passed = f"{summary.passed} passed over + " if summary.passed else ""
        say(
            f"{file}: {summary.rows} rows = {passed}{summary.recorded} {recorded} + {summary.before} recorded before"
            f" + {summary.failed} refused"
        )


def _counted(file: Path, summary: Summary, dry_run: bool) -> dict[str, Any]:
    return {
        "file": str(file),
        "rows": summary.rows,
        "passed_over": summary.passed,
        "recorded": summary.recorded,
        "recorded_before": summary.before,
        "refused": summary.failed,
        "lines_read": summary.line,
        "unread": summary.unread,
        "dry_run": dry_run,
        "position": summary.position,
        "problems": [{"line": one.line, "reason": one.reason} for one in summary.problems],
    }
