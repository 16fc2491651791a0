"""What ids are called by people: the short ids of claims, the labels of figures, the names of sources and accounts."""

import re
from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Column, Connection, select

from domain.events import Recorded
from domain.incident_events import ClaimMade, FigureDefined
from domain.source_events import SourceRegistered
from projections.temporal import holds_at, key_of
from projections.views import accounts, claims, figures, incidents, sources, subjects
from projections.views.change_log import subject_of
from service.words import in_words

INCIDENT = "[A-Za-z]{3}-[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{6}"
"""The short id of an incident, as `domain/short_ids.py` makes it, in any case; a claim's is that and its number."""
SUBJECT = "[Ss]-[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{8}"
"""The short id of a person of whom passages are sealed, as `domain/seals.py` makes it, in any case."""
CLAIM = f"{INCIDENT}-[1-9][0-9]{{0,8}}"
_SHORT = re.compile(f"{INCIDENT}|{CLAIM}|{SUBJECT}")
_SUBJECT = re.compile(SUBJECT)
NAMED: tuple[Column[str], ...] = (
    claims.claims.c.short_id,
    figures.figures.c.label,
    sources.sources.c.name,
    accounts.accounts.c.name,
    subjects.subjects.c.short_id,
)
NAME_THEMSELVES = (ClaimMade, FigureDefined, SourceRegistered)


def is_short(text: str) -> bool:
    """Tell whether a text has the form of a short id."""
    return _SHORT.fullmatch(text) is not None


def id_named(connection: Connection, position: int, short_id: str) -> UUID | None:
    """Return the id of the incident, claim or person that had this short id at a position, None where none had."""
    if not is_short(short_id):
        return None
    if _SUBJECT.fullmatch(short_id):
        person = subjects.person_named(connection, position, short_id.upper())
        return None if person is None else UUID(person.subject)
    letters, code, *number = short_id.upper().split("-")
    incident = incidents.get_incident(connection, position, f"{letters}-{code}")
    if incident is None or not number:
        return None if incident is None else UUID(incident.incident)
    table = claims.claims
    named = (table.c.incident == incident.incident, table.c.number == int(number[0]))
    found = connection.execute(select(table.c.claim).where(holds_at(table, position), *named)).scalar()
    return None if found is None else UUID(found)


def names_at(connection: Connection, position: int, ids: Collection[str] | None = None) -> dict[str, str]:
    """Return the names of these ids at a position, of all where none are given."""
    names: dict[str, str] = {}
    for column in NAMED:
        table = column.table
        key = table.c[key_of(table)[0]]
        query = select(key, column).where(holds_at(table, position))
        query = query if ids is None else query.where(key.in_(ids))
        names.update((row[0], row[1]) for row in connection.execute(query))
    return names


def ids_in(recorded: Recorded) -> set[str]:
    """Return the ids whose names the words of an event need."""
    event = recorded.event
    named = (getattr(event, name, None) for name in ("claim", "other", "source", "figure"))
    return {subject_of(recorded)[1], *(str(one) for one in named if one is not None)}


def told(recorded: Recorded, names: Mapping[str, str]) -> str:
    """Return what happened in one line, led by the name of what it happened to."""
    words, event = in_words(recorded.event, names), recorded.event
    name = None if isinstance(event, NAME_THEMSELVES) else names.get(subject_of(recorded)[1])
    return words if name is None else f"{name}: {words}"
