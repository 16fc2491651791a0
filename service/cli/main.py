"""The commands of `onrecord`, put together."""

import typer

from service.cli import accounts, keeping, reading, serving
from service.cli.exits import told

app = typer.Typer(
    name="onrecord",
    help="Keep every report, claim and retraction about a contested event as an immutable record.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(serving.serve)
app.command()(keeping.demo)
app.command("import")(keeping.import_)
for read in (reading.log, reading.replay, reading.diff, reading.export):
    app.command()(read)
app.command()(keeping.migrate)
app.command()(keeping.doctor)
app.add_typer(keeping.views, name="views")
app.add_typer(accounts.accounts, name="accounts")
app.add_typer(accounts.keys, name="keys")


def main() -> None:
    """Run the command line."""
    with told():
        app()
