"""Search: the words of claims, reports, sources, incidents, notes and bulletins, as they stood at any position.

Law: the same words find the same things on every database: it is asked only for rows that hold all of them, by its own
index (FTS5 of SQLite, GIN of PostgreSQL); what stands in a row, which is best, and the words around it are told here.
"""

from collections.abc import Collection
from typing import assert_never

from pydantic import BaseModel, ConfigDict
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    cast,
    column,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from domain import incident_events as e
from domain import source_events as s
from domain import values as v
from domain.events import Recorded
from projections.rows import Row, Rows
from projections.temporal import Text, holds_at, temporal
from projections.terms import Match, asked, distinct, matched
from projections.view import View

metadata = MetaData()
found = temporal(
    "search",
    metadata,
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("incident", Text),
    Column("short_id", Text),
    Column("reference", Text),
    Column("words", Text, nullable=False),
    Column("terms", String().with_variant(TSVECTOR(), "postgresql"), nullable=False),
    Column("retracted", Boolean, nullable=False),
    key=("kind", "id"),
)
Index("ix_search_terms", found.c.terms, postgresql_using="gin", info={"only": "postgresql"})
IN_A_FILE = (
    "DROP TABLE IF EXISTS search_terms",
    "CREATE VIRTUAL TABLE search_terms USING fts5(terms, content='search', detail='none',"
    " tokenize='unicode61 remove_diacritics 0')",
    "INSERT INTO search_terms (search_terms) VALUES ('rebuild')",
    "CREATE TRIGGER search_in AFTER INSERT ON search BEGIN"
    " INSERT INTO search_terms (rowid, terms) VALUES (new.rowid, new.terms); END",
)
CANDIDATES = 200
"""Of what holds all words, so many, the newest, are looked at for the best."""


def index(connection: Connection) -> None:
    """Index the words of all rows, and from now on those of each new row. Rows are never deleted, nor their words."""
    if connection.dialect.name == "sqlite":
        for statement in IN_A_FILE:
            connection.exec_driver_sql(statement)


Seen = (
    e.IncidentOpened
    | e.IncidentDescribed
    | e.ReportReceived
    | e.ClaimMade
    | e.ClaimCorrected
    | e.ClaimRetracted
    | e.ClaimReinstated
    | e.NoteAdded
    | e.BulletinPublished
    | s.SourceRegistered
    | s.SourceDescribed
)


def project(rows: Rows, recorded: Recorded) -> None:
    """Keep the words up to one event."""
    happened, incident = recorded.event, str(recorded.aggregate)
    assert isinstance(happened, Seen)
    match happened:
        case e.IncidentOpened():
            row = _row("incident", incident, incident, happened.short_id, happened.title, happened.summary)
            rows.add(found, **row | {"short_id": happened.short_id})
        case e.IncidentDescribed(after=after):
            before = _found(rows, "incident", incident)
            row = _row("incident", incident, incident, before["words"], after.title, after.summary)
            rows.put(found, **row | {"short_id": before["short_id"]})
        case e.ReportReceived():
            printed = (happened.title, happened.byline, happened.excerpt, happened.text)
            rows.add(found, **_row("report", str(happened.report), incident, *printed))
        case e.ClaimMade():
            short_id = f"{_found(rows, 'incident', incident)['short_id']}-{happened.number}"
            row = _row("claim", str(happened.claim), incident, *_said(happened.wording), happened.reference, short_id)
            rows.add(found, **row | {"reference": happened.reference, "short_id": short_id})
        case e.ClaimCorrected():
            if happened.after.wording is not None:
                before = _found(rows, "claim", str(happened.claim))
                words = _joined(*_said(happened.after.wording), before["reference"], before["short_id"])
                rows.put(found, **before | _words(words))
        case e.ClaimRetracted():
            rows.change(found, ("claim", str(happened.claim)), retracted=True)
        case e.ClaimReinstated():
            rows.change(found, ("claim", str(happened.claim)), retracted=False)
        case e.NoteAdded():
            rows.add(found, **_row("note", str(happened.note), incident, happened.text))
        case e.BulletinPublished():
            rows.add(found, **_row("bulletin", str(happened.bulletin), incident, happened.title, happened.text))
        case s.SourceRegistered():
            rows.add(found, **_row("source", str(happened.source), None, *_called(happened)))
        case s.SourceDescribed(after=after):
            _put(rows, "source", str(recorded.aggregate), None, *_called(after))
        case _:
            assert_never(happened)


VIEW = View("search", 3, (found,), frozenset(c.NAME for c in Seen.__args__), project, index)


def _put(rows: Rows, kind: str, id_: str, incident: str | None, *words: str | None) -> None:
    rows.put(found, **_row(kind, id_, incident, *words))


def _found(rows: Rows, kind: str, id_: str) -> Row:
    row = rows.get(found, kind, id_)
    assert row is not None, "accepted history names what there is"
    return row


def _row(kind: str, id_: str, incident: str | None, *words: str | None) -> Row:
    named = {"kind": kind, "id": id_, "incident": incident, "short_id": None, "reference": None}
    return named | _words(_joined(*words)) | {"retracted": False}


def _words(words: str) -> Row:
    return {"words": words, "terms": distinct(words)}


def _joined(*words: str | None) -> str:
    return "\n".join(word for word in words if word)


def _said(wording: v.Wording) -> tuple[str, ...]:
    return (wording.text, *(translation.text for translation in wording.translations))


def _called(content: v.SourceContent) -> tuple[str | None, ...]:
    return (content.name, *content.handles, content.affiliation, content.description)


class Hit(BaseModel):
    """A thing whose words were found, with the words around them."""

    model_config = ConfigDict(frozen=True)

    kind: str
    id: str
    incident: str | None
    short_id: str | None
    snippet: str
    retracted: bool


def search(
    connection: Connection,
    position: int,
    words: str,
    *,
    incident: str | None = None,
    kind: str | None = None,
    within: Collection[str] | None = None,
    limit: int = 50,
) -> list[Hit]:
    """Return what holds all these words at a position, the best first; the last word may be a beginning.

    `within` confines it to what stands in these incidents.
    """
    sought = asked(words)
    if not sought.rows:
        return []
    where = [_holds(connection.dialect.name, sought.terms), holds_at(found, position)]
    where += [found.c[name] == value for name, value in (("incident", incident), ("kind", kind)) if value is not None]
    if within is not None:
        where.append(found.c.incident.in_(within))
    query = select(found).where(*where).order_by(found.c.since.desc(), found.c.kind, found.c.id).limit(CANDIDATES)
    hits = [(row, match) for row in connection.execute(query).mappings() if (match := matched(row["words"], sought))]
    hits.sort(key=lambda hit: -hit[1].score)  # of two that are as good, the newer stays first
    return [_hit(row, match) for row, match in hits[:limit]]


def _hit(row: RowMapping, match: Match) -> Hit:
    return Hit.model_validate({**{name: row.get(name) for name in Hit.model_fields}, "snippet": match.excerpt})


def _holds(dialect: str, terms: tuple[str, ...]) -> ColumnElement[bool]:
    """Return the condition that a row holds all these words, of which none needs to be quoted: they are letters."""
    if dialect == "postgresql":
        query = " & ".join(f"'{term}'" for term in terms)
        return found.c.terms.bool_op("@@")(cast(f"{query}:*", TSQUERY))
    query = " ".join(f'"{term}"' for term in terms)
    matching = text("SELECT rowid FROM search_terms WHERE search_terms MATCH :query").bindparams(query=f"{query}*")
    return literal_column("search.rowid", Integer).in_(matching.columns(column("rowid", Integer)))
