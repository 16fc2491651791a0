"""Ids as people write them in addresses: an id, or the short id of an incident, a claim or a person.

Law: a short id that names nothing is answered as an id that names nothing is: 404.
"""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from pydantic import StringConstraints
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from domain.refusals import UnknownClaim, UnknownIncident, UnknownSubject
from service.api.moments import Moment, head_of, shown, views_of
from service.named import CLAIM, INCIDENT, SUBJECT, id_named

IncidentName = UUID | Annotated[str, StringConstraints(pattern=f"^{INCIDENT}$")]
ClaimName = UUID | Annotated[str, StringConstraints(pattern=f"^{CLAIM}$")]
SubjectName = UUID | Annotated[str, StringConstraints(pattern=f"^{SUBJECT}$")]
AnyName = UUID | Annotated[str, StringConstraints(pattern=f"^({INCIDENT}|{CLAIM}|{SUBJECT})$")]
NAMES: dict[str, Any] = {"incident": IncidentName, "claim": ClaimName, "subject": SubjectName}
"""The types of the ids in a path that have a short form."""
_UNKNOWN = {"incident": UnknownIncident, "claim": UnknownClaim, "subject": UnknownSubject}
_VIEWS = {"incident": "incidents", "claim": "claims", "subject": "subjects"}


def id_of(connection: Connection, at: Moment, name: UUID | str) -> UUID:
    """Return the id that a name stands for at a moment, or raise 404."""
    if isinstance(name, UUID):
        return name
    found = id_named(connection, at.position, name)
    if found is None:
        raise at.unknown(name.upper())
    return found


def id_or_none(connection: Connection, at: Moment, name: UUID | str | None) -> UUID | None:
    """Return the id that a filter names, None where there is no filter, or raise 404."""
    return None if name is None else id_of(connection, at, name)


async def ids_of(request: Request, named: dict[str, Any]) -> dict[str, Any]:
    """Return the ids that the path of a write names, or raise `Unknown`, as the ledger does for ids.

    What was written a moment ago is found: the views are waited for before a name is said to be nobody's.
    """
    short = {kind: name for kind, name in named.items() if kind in NAMES and isinstance(name, str)}
    if not short:
        return named
    found = await run_in_threadpool(_found, request, short)
    if None in found.values():
        await shown(request, await head_of(request), *_read(short))
        found = await run_in_threadpool(_found, request, short)
    for kind, id_ in found.items():
        if id_ is None:
            raise _UNKNOWN[kind](f"no {kind} {named[kind]}")
        request.path_params[kind] = str(id_)  # what is refused is compared with the path
    return {**named, **found}


def _read(short: dict[str, str]) -> list[str]:
    """Return the views by which names are known: a claim's begins with its incident's."""
    return sorted({_VIEWS[kind] for kind in short} | ({"incidents"} if "claim" in short else set()))


def _found(request: Request, short: dict[str, str]) -> dict[str, UUID | None]:
    views = views_of(request)
    position = views.position(*_read(short))
    with views.connect() as connection:
        return {kind: id_named(connection, position, name) for kind, name in short.items()}
