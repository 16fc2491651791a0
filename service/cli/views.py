"""`onrecord views` and `onrecord migrate`: keeping what is derived from the log, and the log's own file, up to date."""

import time
from typing import Annotated

import typer

from projections.catalogue import VIEWS as CATALOGUE
from projections.runner import Runner
from service import memory
from service.cli.exits import FAILED, UsageProblem
from service.cli.opening import existing, settings_of
from service.cli.options import Data, Json, Quiet
from service.cli.progress import Progress
from service.cli.terminal import put_table, say
from service.ledger import Ledger
from service.ledger.places import is_there, named
from service.views import open_views

views = typer.Typer(help="Look at the views; build one anew.", no_args_is_help=True)


@views.command("list")
def list_(data: Data = None, json: Json = False) -> None:
    """Tell how each view stands, as it lies in its file."""
    settings = existing(data)
    with Ledger.open(settings, read_only=True) as ledger, open_views(settings) as views_:
        head = ledger.head()
        rows = [
            (view.name, view.version, view.state, view.position, head - view.position, view.error)
            for view in views_.status()
        ]
    put_table(("view", "version", "state", "position", "behind", "error"), rows, json=json)


@views.command()
def rebuild(
    names: Annotated[list[str] | None, typer.Argument(help="Names of views; all of them without")] = None,
    data: Data = None,
    quiet: Quiet = False,
) -> None:
    """Build views anew from the log, beside what is read, and let them take over. A server may run meanwhile."""
    known = [view.name for view in CATALOGUE]
    wanted = names or known
    for name in wanted:
        if name not in known:
            raise UsageProblem(f"there is no view {name}; the views are {', '.join(known)}")
    settings = existing(data)
    with Ledger.open(settings, read_only=True) as ledger, open_views(settings) as runner:
        memory.settle()
        for name in wanted:
            _rebuild(runner, ledger, name, quiet=quiet)
        runner.catch_up(ledger.read_raw)
        failed = runner.failures()
    for name, error in failed.items():
        say(f"the view {name} failed {error}")
    if failed:
        raise SystemExit(FAILED)


def _rebuild(runner: Runner, ledger: Ledger, name: str, *, quiet: bool) -> None:
    started = time.monotonic()
    with Progress(name, ledger.head(), quiet=quiet) as progress:
        built = runner.rebuild(name, ledger.read_raw, progress.at)
    if not quiet:
        say(f"{name}: built anew up to position {built.position} in {time.monotonic() - started:.1f} s")
    if built.differing:
        say(f"{name}: {built.differing} rows, old and new, were not what the other said; the new ones count")


def migrate(data: Data = None, quiet: Quiet = False) -> None:
    """Bring the record's file up to date; make an empty record where there is none."""
    settings = settings_of(data)
    new = not is_there(settings)
    with Ledger.open(settings) as ledger:
        head = ledger.head()
    if not quiet:
        say(f"{named(settings)}: {'a new, empty record' if new else f'up to date; {head} events'}")
