"""`onrecord import`, `demo`, `views`, `migrate` and `doctor`: filling the record and keeping it well."""

import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import orjson
import typer

from projections.runner import Runner
from service import demo as demonstration
from service.access import OPERATOR
from service.cli.exits import FAILED, MISMATCH, UsageProblem
from service.cli.reading import opened
from service.cli.serving import Data, run, settings_of
from service.imports import Summary, import_file
from service.ledger import Ledger
from service.store.copies import copy_of

views = typer.Typer(help="Look at the views, build one anew.", no_args_is_help=True)
EVERY = 5.0
"""Seconds between two lines of progress."""


def import_(
    files: Annotated[list[Path], typer.Argument(help="NDJSON files of commands, .gz or not", exists=True)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Try all rows on a copy; record nothing")] = False,
    data: Data = None,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON")] = False,
    quiet: bool = False,
) -> None:
    """Import commands. A bad row is listed and skipped; importing again records nothing twice."""
    settings = settings_of(data)
    with tempfile.TemporaryDirectory() as folder:
        target = settings.model_copy(update={"data": copy_of(settings.data, Path(folder))}) if dry_run else settings
        with Ledger.open(target) as ledger:
            failed = sum([_import(ledger, file, json=json, quiet=quiet) for file in files])
    if failed:
        raise SystemExit(FAILED)


def _import(ledger: Ledger, file: Path, *, json: bool, quiet: bool) -> int:
    started = told_at = time.monotonic()

    def told(summary: Summary) -> None:
        nonlocal told_at
        if not quiet and time.monotonic() - told_at > EVERY:
            told_at = time.monotonic()
            print(f"{file.name}: {summary.rows} rows, {summary.rows / (told_at - started):.0f}/s", file=sys.stderr)

    try:
        summary = import_file(ledger, file, OPERATOR.actor, told=told)
    except KeyboardInterrupt:
        print("stopped: import the same file again to go on; nothing is recorded twice", file=sys.stderr)
        raise
    for problem in summary.problems:
        print(f"{problem.file}:{problem.line}: {problem.reason}", file=sys.stderr)
    counts = {"file": file.name, "rows": summary.rows, "recorded": summary.recorded, "before": summary.before}
    if json:
        print(orjson.dumps({**counts, "failed": summary.failed}).decode())
    elif not quiet:
        print(
            f"{file.name}: {summary.rows} rows = {summary.recorded} recorded + {summary.before} recorded before"
            f" + {summary.failed} refused",
            file=sys.stderr,
        )
    return summary.failed


def demo(
    data: Annotated[Path | None, typer.Option(help="Empty folder for it; a temporary one where none is given")] = None,
    port: int = 8000,
) -> None:
    """Serve a demonstration: the Kursk story and three years of claimed losses. Reading is open."""
    with tempfile.TemporaryDirectory(prefix="onrecord-demo-") as folder:
        target = data or Path(folder)
        if (target / "ledger.sqlite").exists():
            raise UsageProblem(f"{target} holds a record already: a demonstration begins on an empty folder")
        settings = settings_of(target, port=port, host="127.0.0.1", open_reading=True)
        with Ledger.open(settings, demonstration=True) as ledger:
            print("loading the examples", file=sys.stderr)
            print(f"{demonstration.load(ledger).recorded} events recorded, building the views", file=sys.stderr)
            reading, writing = demonstration.issue_keys(ledger)
            with Runner.open(settings.data / "views.sqlite") as shown:
                shown.catch_up(ledger.read_raw)
        print(f"read key:   {reading}\nwriter key: {writing}\nAPI:        http://127.0.0.1:{port}/docs", flush=True)
        run(settings)


@views.command("list")
def list_(data: Data = None, json: bool = False) -> None:
    """Tell how each view stands."""
    with opened(data) as (ledger, shown):
        for view in shown.status():
            told = {"name": view.name, "version": view.version, "state": view.state, "position": view.position}
            lag = ledger.head() - view.position
            if json:
                print(orjson.dumps({**told, "lag": lag, "error": view.error}).decode())
            else:
                print(f"{view.name:<12} v{view.version}  {view.state:<10} {view.position:>9}  {lag} behind")


@views.command()
def rebuild(name: str, data: Data = None) -> None:
    """Build a view anew, beside the one that is read, and let it take over."""
    with opened(data) as (ledger, shown):
        if name not in {view.name for view in shown.status()}:
            raise UsageProblem(f"no view {name}: see `onrecord views list`")
        head, started = max(ledger.head(), 1), time.monotonic()
        position = shown.rebuild(
            name, ledger.read_raw, lambda at: print(f"{name}: {at}/{head} ({at / head:.0%})", file=sys.stderr)
        )
        print(f"{name}: {position} positions in {time.monotonic() - started:.1f} s", file=sys.stderr)


def migrate(data: Data = None) -> None:
    """Bring the record's file up to date."""
    with Ledger.open(settings_of(data)) as ledger:
        print(f"up to date; {ledger.head()} events", file=sys.stderr)


def doctor(data: Data = None) -> None:
    """Check the record: contiguous positions, readable events, views, and the file itself."""
    with opened(data) as (ledger, shown):
        problems, after = ledger.check_file(), 0
        while batch := ledger.read(after, 1_000):
            expected = range(after + 1, after + 1 + len(batch))
            problems += [
                f"position {n} is missing" for n, one in zip(expected, batch, strict=True) if one.position != n
            ]
            after = batch[-1].position
        problems += [f"view {view.name} failed {view.error}" for view in shown.status() if view.error]
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        raise SystemExit(MISMATCH)
    print(f"sound: {after} events, positions contiguous, {len(shown.status())} views", file=sys.stderr)
