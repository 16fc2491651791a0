"""The commands of `onrecord`, put together."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from service import logs
from service.cli import accounts, comparing, demo, doctor, exporting, history, importing, replaying, serving, views
from service.cli.exits import told
from service.cli.stopping import stoppable
from service.cli.terminal import put

app = typer.Typer(
    name="onrecord",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.command()(serving.serve)
app.command()(demo.demo)
app.command("import")(importing.import_)
for read in (history.log, replaying.replay, comparing.diff, exporting.export):
    app.command()(read)
app.command()(exporting.backup)
app.command()(doctor.doctor)
app.command()(views.migrate)
app.add_typer(views.views, name="views")
app.add_typer(accounts.accounts, name="accounts")
app.add_typer(accounts.keys, name="keys")


def _version(wanted: bool) -> None:
    if wanted:
        put(f"onrecord {version('onrecord')}")
        raise typer.Exit


@app.callback()
def onrecord(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Tell the version and exit")
    ] = False,
) -> None:
    """Keep every report, claim and retraction about a contested event as an immutable record.

    Exit codes: 0 done, 1 failed, 2 usage, 3 verification mismatch, 4 conflict, 5 unavailable.
    """


def main() -> None:
    """Run the command line."""
    logs.configure("warning")
    with told(), stoppable():
        try:
            app()
        finally:
            sys.stdout.flush()
