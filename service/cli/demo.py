"""`onrecord demo`: a demonstration in one command."""

import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from service import demo as demonstration
from service import memory
from service.cli.exits import Conflict
from service.cli.opening import catch_up, settings_of
from service.cli.options import Quiet
from service.cli.progress import Progress
from service.cli.serving import listening, run
from service.cli.terminal import put, say
from service.ledger import Ledger
from service.settings import Settings
from service.vault import Vault
from service.views import open_views

HOST = "127.0.0.1"


def demo(
    data: Annotated[
        Path | None, typer.Option("--data", help="Empty folder that keeps it; without, a temporary one is used")
    ] = None,
    port: Annotated[int, typer.Option("--port", help="Port to serve on", min=0, max=65535)] = 8000,
    quiet: Quiet = False,
) -> None:
    """Serve a demonstration on this machine: August 2024 in Kursk region, and three years of claimed losses.

    Anybody on this machine may read it; writing takes the key that is printed.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="onrecord-demo-") as folder:
        target = data or Path(folder) / "record"
        _check_empty(target)
        keys = {"vault": Path(folder) / "vault", "master_key": Path(folder) / "master.key"} if data is None else {}
        settings = settings_of(target, port=port, host=HOST, open_reading=True, log_level="warning", **keys)
        if keys:  # what is to be kept needs a vault that is
            Vault.make(settings)
        settings = settings.model_copy(update={"database": None})  # a demonstration leaves the record alone
        with listening(settings) as taken:
            served_on: int = taken.getsockname()[1]
            reading, writing = _fill(settings, quiet=quiet)
            put(f"folder:      {target.absolute()}")
            put(f"read key:    {reading}")
            put(f"writer key:  {writing}")
            put(f"API:         http://{HOST}:{served_on}/docs")
            sys.stdout.flush()
            say(f"ready after {time.monotonic() - started:.1f} s; Ctrl-C ends it")
            run(settings, taken)


def _check_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict(
            f"{folder} is not an empty folder: a demonstration begins on an empty one; to serve what is there,"
            f" ONRECORD_OPEN_READING=true onrecord serve --data {folder}"
        )


def _fill(settings: Settings, *, quiet: bool) -> tuple[str, str]:
    """Load the examples and build the views; return the secrets of a key that reads and one that writes."""
    with Ledger.open(settings, demonstration=True) as ledger:
        memory.settle()
        with Progress("loading the examples", demonstration.size(), quiet=quiet) as progress:
            loaded = demonstration.load(ledger, lambda now: progress.at(now.rows))
        if not quiet:
            say(f"{loaded.recorded} acts of the examples recorded")
        keys = demonstration.issue_keys(ledger)
        with open_views(settings) as views:
            catch_up(ledger, views, quiet=quiet)
    return keys
