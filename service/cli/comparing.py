"""`onrecord diff`: what is different in an incident at two moments."""

from typing import Annotated

import typer

from service.cli.opening import reading
from service.cli.options import Data, Incident, Json
from service.cli.terminal import put, put_json, say
from service.comparison import WHOLE, Difference


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
        differs = False
        for change in Difference(WHOLE, a, b, lambda part: part.of(wanted)).every(connection):
            differs = True
            if json:
                put_json(change.model_dump(mode="json"))
            else:
                put(change.words)
        if not differs and not json:
            say(f"nothing differs between position {a} and position {b}")
