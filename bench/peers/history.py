"""django-simple-history: models with the columns of our views, whose histories are filled with the rows of those.

Law: it reads the very rows that we read, by an index that suits the question. Plain SQL reads the same tables.
"""

from datetime import datetime
from functools import cache
from typing import Any

import django
from django.conf import settings
from django.db import connections, models
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import JSON, String, Table

from projections.temporal import INTERVAL, key_of

APPS = ["django.contrib.contenttypes", "django.contrib.auth", "simple_history", "bench.peers"]
FILE, SERVER = "default", "server"
"""The databases, as Django is told of them."""


def configure(file: str, address: str) -> None:
    """Tell Django of a file and a server, once."""
    given = conninfo_to_dict(address)
    server = {
        name.upper(): given[key] for name, key in {"user": "user", "password": "password", "host": "host"}.items()
    }
    databases = {
        FILE: {"ENGINE": "django.db.backends.sqlite3", "NAME": file},
        SERVER: {"ENGINE": "django.db.backends.postgresql", "NAME": given["dbname"], "PORT": given["port"], **server},
    }
    if settings.configured:
        settings.DATABASES.update(databases)
        connections.databases.update(connections.configure_settings(databases))
        return
    settings.configure(
        DATABASES=databases, INSTALLED_APPS=APPS, USE_TZ=True, SIMPLE_HISTORY_DATE_INDEX="Composite", DEBUG=False
    )
    django.setup()


@cache
def model_of(table: Table) -> Any:
    """Return a model with the columns of a view's table, and a history."""
    from simple_history.models import HistoricalRecords  # needs the settings

    (key,) = key_of(table)
    fields = {column.name: _field(column, column.name == key) for column in table.c if column.name not in INTERVAL}
    meta = type("Meta", (), {"app_label": "peers", "db_table": f"bench_{table.name}"})
    named = {"__module__": __name__, "Meta": meta, "history": HistoricalRecords(user_db_constraint=False), **fields}
    return type(table.name.capitalize(), (models.Model,), named)


def _field(column: Any, is_key: bool) -> Any:
    if is_key:
        return models.CharField(max_length=36, primary_key=True)
    if isinstance(column.type, JSON):
        return models.JSONField(null=column.nullable)
    if isinstance(column.type, String):
        return models.TextField(null=column.nullable, db_index=column.name == "incident")
    return models.BigIntegerField(null=column.nullable)


def fill(alias: str, table: Table, views: str, log: str) -> None:
    """Make a history, and fill it with the rows of a view; `views` and `log` are the schemas that hold both."""
    history = model_of(table).history.model
    with connections[alias].schema_editor() as editor:
        editor.create_model(history)
    names, (key,), on_server = columns_of(table), key_of(table), alias == SERVER
    documents = {f'"{column.name}"' for column in table.c if on_server and isinstance(column.type, JSON)}
    values = [f"c.{name}::jsonb" if name in documents else f"c.{name}" for name in names]
    date = "recorded_at::timestamptz" if on_server else "replace(replace(recorded_at, 'T', ' '), 'Z', '')"
    with connections[alias].cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {history._meta.db_table} ({', '.join(names)}, history_date, history_type)"  # noqa: S608
            f" SELECT {', '.join(values)}, {date}, '~' FROM {views}.{table.name} AS c"
            f" JOIN {log}.stored_events ON position = c.since ORDER BY c.since"
        )
        cursor.execute(f"CREATE INDEX bench_{table.name} ON {history._meta.db_table} ({key}, history_date DESC)")
        cursor.execute(f"ANALYZE {history._meta.db_table}")


def history_table(table: Table) -> str:
    """Return the name of the table that holds a history."""
    name: str = model_of(table).history.model._meta.db_table
    return name


def attach(**files: str) -> None:
    """Let the database in a file see others."""
    with connections[FILE].cursor() as cursor:
        for name, file in files.items():
            cursor.execute(f"ATTACH DATABASE %s AS {name}", [file])


def close() -> None:
    """Let go of all connections."""
    connections.close_all()


def one(alias: str, table: Table, key: str, at: datetime) -> object:
    """Return one object as of a time, as its users do."""
    model = model_of(table)
    return model(pk=key).history.db_manager(alias).as_of(at)


def some(alias: str, table: Table, incident: str, at: datetime, limit: int) -> list[Any]:
    """Return the objects of an incident as of a time, in order."""
    return list(
        model_of(table).history.db_manager(alias).as_of(at).filter(incident=incident).order_by("number")[:limit]
    )


def all_of(alias: str, table: Table, at: datetime) -> list[Any]:
    """Return all objects as of a time."""
    return list(model_of(table).history.db_manager(alias).as_of(at))


def columns_of(table: Table) -> list[str]:
    """Return the names of the columns, quoted."""
    return [f'"{column.name}"' for column in table.c if column.name not in INTERVAL]
