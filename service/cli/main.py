"""The commands of `onrecord`, put together."""

import typer

from service.cli import accounts, serving
from service.cli.exits import told

app = typer.Typer(
    name="onrecord",
    help="Keep every report, claim and retraction about a contested event as an immutable record.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(serving.serve)
app.add_typer(accounts.accounts, name="accounts")
app.add_typer(accounts.keys, name="keys")


def main() -> None:
    """Run the command line."""
    with told():
        app()
