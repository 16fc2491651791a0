"""`onrecord diff`: what is different in an incident at two moments."""

from typing import Annotated

import typer
from sqlalchemy import Table

from projections.asof import changes_between
from projections.catalogue import LISTS
from projections.views import claims, incidents
from service.cli.opening import reading
from service.cli.options import Data, Incident, Json
from service.cli.terminal import put, put_json, say
from service.differences import Differences

TABLES: tuple[tuple[str, Table], ...] = (
    ("incident", incidents.incidents),
    ("claim", claims.claims),
    *((listed.noun, listed.table) for listed in LISTS if listed.scope == "incident"),
)


def diff(
    incident: Incident,
    first: Annotated[str, typer.Argument(metavar="A", help="A position, or a time such as 2024-08-08T09:00:00Z")],
    second: Annotated[str, typer.Argument(metavar="B", help="The other one")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Tell in words what is different in an incident at two moments."""
    with reading(data) as record, record.views.connect() as connection:
        a, b, wanted = record.at(first), record.at(second), str(record.incident(incident))
        told, count = Differences(connection, max(a, b)), 0
        for kind, table in TABLES:
            changes = changes_between(connection, table, table.c.incident == wanted, a, b)
            if json:
                for change in changes:
                    put_json({"kind": kind, **change.model_dump(mode="json")})
                continue
            for words in told.of(kind, table, changes):
                put(words)
                count += 1
        if not count and not json:
            say(f"nothing differs between position {a} and position {b}")
