"""`onrecord serve`: the API with the writer, and a follower beside it, which keeps the views.

Law: what stands in the way is told before anything is served: a bad setting, a folder in use, a port that is taken.
"""

import socket
import time
from contextlib import suppress
from typing import Annotated

import structlog
import typer

from service import logs
from service.cli.exits import NotAvailable
from service.cli.opening import settings_of
from service.cli.options import Data
from service.ledger import Ledger
from service.ledger.places import is_there
from service.notary import KeyElsewhere, notary_of
from service.settings import Settings
from service.store.log import StoreError
from service.vault import Vault
from service.views import open_views

log = structlog.get_logger()
RETRY = 1.0
"""Seconds until a database that did not answer is asked again."""


def serve(
    data: Data = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to serve on (else ONRECORD_HOST)")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to serve on (else ONRECORD_PORT)")] = None,
) -> None:
    """Serve the API until Ctrl-C or SIGTERM. All settings are in docs/operations.md."""
    settings = settings_of(data, host=host, port=port)
    with listening(settings) as taken:
        run(settings, taken)


def listening(settings: Settings) -> socket.socket:
    """Take the port to serve on. Raise `NotAvailable` where that cannot be."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((settings.host, settings.port))
        taken.listen(socket.SOMAXCONN)
    except OSError as problem:
        taken.close()
        raise NotAvailable(
            f"cannot serve on {settings.host}, port {settings.port}: {problem.strerror};"
            " name another by --port or ONRECORD_PORT"
        ) from problem
    return taken


def run(settings: Settings, taken: socket.socket) -> None:
    """Serve on a port until told to stop."""
    logs.configure(settings.log_level)
    await_database(settings)
    _check_before(settings)
    # The web framework takes a second to import, and no other command needs it.
    from service.cli.server import run_server

    host, port = taken.getsockname()[:2]
    log.info("serving", host=host, port=port)
    run_server(settings, taken)


def await_database(settings: Settings) -> None:
    """Wait until the database answers, where there is one: it may be started after this, or with it."""
    while settings.database is not None:
        try:
            is_there(settings)
        except StoreError as problem:
            log.warning("the database does not answer: it is tried again", error=str(problem).partition("\n")[0])
            time.sleep(RETRY)
        else:
            return


def _check_before(settings: Settings) -> None:
    """Raise what would keep the service from starting, or let it show what the log does not hold."""
    with Ledger.open(settings) as ledger, open_views(settings) as views:
        views.check(ledger.read_raw)
        with suppress(KeyElsewhere):  # told when it is served: who has the key signs
            notary_of(settings, ledger, making=True)
        Vault.of(settings)
