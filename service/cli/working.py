"""`onrecord worker`: keeping the views for servers that share a database.

Law: of all that could keep them, servers and workers, one is elected; another takes over within seconds of its end.
"""

import threading
from contextlib import suppress

from service import logs, memory
from service.cli.exits import Stopped, UsageProblem
from service.cli.opening import settings_of
from service.cli.options import Data
from service.cli.serving import await_database
from service.ledger import Ledger
from service.views import open_views


def worker(data: Data = None) -> None:
    """Keep the views of a record on PostgreSQL until Ctrl-C or SIGTERM, or stand by while another process does.

    Each `onrecord serve` does so too: a worker is for views that are kept on a machine where nobody is served.
    """
    settings = settings_of(data)
    if settings.database is None:
        raise UsageProblem(
            "a worker is for a record on PostgreSQL (ONRECORD_DATABASE): `onrecord serve` keeps the rest"
        )
    logs.configure(settings.log_level)
    await_database(settings)
    with Ledger.open(settings, read_only=True) as ledger, open_views(settings) as views:
        memory.settle()
        views.start(ledger.read_raw)
        with suppress(Stopped):
            threading.Event().wait()
