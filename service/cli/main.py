"""The commands of `onrecord`, put together."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from service.cli.exits import told
from service.cli.lazily import group_of
from service.cli.stopping import stoppable
from service.cli.terminal import put

COMMANDS = {
    "serve": "service.cli.serving:serve",
    "worker": "service.cli.working:worker",
    "demo": "service.cli.demo:demo",
    "import": "service.cli.importing:import_",
    "log": "service.cli.history:log",
    "replay": "service.cli.replaying:replay",
    "diff": "service.cli.comparing:diff",
    "export": "service.cli.exporting:export",
    "backup": "service.cli.exporting:backup",
    "copy": "service.cli.copying:copy",
    "verify": "service.cli.verifying:verify",
    "doctor": "service.cli.doctor:doctor",
    "migrate": "service.cli.views:migrate",
    "views": "service.cli.views:views",
    "accounts": "service.cli.accounts:accounts",
    "keys": "service.cli.accounts:keys",
    "vault": "service.cli.vault:vault",
}
app = typer.Typer(
    name="onrecord",
    cls=group_of(COMMANDS),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


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
    from service import logs  # a tenth of a second, which neither help nor version needs

    logs.configure("warning")


def main() -> None:
    """Run the command line."""
    with told(), stoppable():
        try:
            app()
        finally:
            sys.stdout.flush()
