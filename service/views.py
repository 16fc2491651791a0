"""Where the views are kept: beside the log, in a file of the data folder or in the same PostgreSQL database."""

from projections.database import SCHEMA
from projections.runner import Runner
from service.ledger.places import place_of
from service.settings import Settings
from service.store.recorder import Server

FILE = "views.sqlite"


def open_views(settings: Settings) -> Runner:
    """Open the views of a record, making them where there are none."""
    place = place_of(settings)
    if not isinstance(place, Server):
        return Runner.open(settings.data / FILE)
    from projections.postgres import PostgresViews  # SQLite does not need its driver
    from service.store.postgres.connections import connecting, is_cut

    looks = is_cut if place.pre_ping else None
    return Runner(PostgresViews(connecting(place), connections=place.connections, is_cut=looks, wait=place.wait))


def how_to_drop(settings: Settings) -> str:
    """Return what to do with views that cannot be read: they are built again from the log."""
    if settings.database is None:
        return f"stop the server, and remove {FILE}*: they are built anew"
    return f"stop the servers, and DROP SCHEMA {SCHEMA} CASCADE in the database: they are built anew"
