"""Search: the words of claims, reports, sources, incidents, notes and bulletins, as they stood at any position.

The words are indexed by SQLite's FTS5 beside the rows, kept in step by triggers; `unicode61` folds case and marks, so
that Cyrillic and Latin are found alike.
"""

from collections.abc import Collection
from typing import Any, assert_never

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Boolean, Column, Connection, MetaData, String, bindparam, text

from domain import incident_events as e
from domain import source_events as s
from domain import values as v
from domain.events import Recorded
from projections.rows import Row, Rows
from projections.temporal import temporal
from projections.view import View

metadata = MetaData()
found = temporal(
    "search",
    metadata,
    Column("kind", String, nullable=False),
    Column("id", String, nullable=False),
    Column("incident", String),
    Column("reference", String),
    Column("words", String, nullable=False),
    Column("retracted", Boolean, nullable=False),
    key=("kind", "id"),
)
INDEX = (
    "DROP TABLE IF EXISTS search_words",
    "CREATE VIRTUAL TABLE search_words USING fts5(words, content='search', tokenize='unicode61 remove_diacritics 2')",
    "INSERT INTO search_words (search_words) VALUES ('rebuild')",
    "CREATE TRIGGER search_in AFTER INSERT ON search BEGIN"
    " INSERT INTO search_words (rowid, words) VALUES (new.rowid, new.words); END",
)


def index(connection: Connection) -> None:
    """Index the words of all rows, and from now on those of each new row. Rows are never deleted, nor their words."""
    for statement in INDEX:
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
            rows.add(found, **_row("incident", incident, incident, happened.short_id, happened.title, happened.summary))
        case e.IncidentDescribed(after=after):
            row = rows.get(found, "incident", incident)
            assert row is not None
            _put(rows, "incident", incident, incident, row["words"], after.title, after.summary)
        case e.ReportReceived():
            printed = (happened.title, happened.byline, happened.excerpt, happened.text)
            rows.add(found, **_row("report", str(happened.report), incident, *printed))
        case e.ClaimMade():
            words = (*_said(happened.wording), happened.reference)
            row = _row("claim", str(happened.claim), incident, *words)
            rows.add(found, **{**row, "reference": happened.reference})
        case e.ClaimCorrected():
            if happened.after.wording is not None:
                key = ("claim", str(happened.claim))
                row = rows.get(found, *key)
                assert row is not None
                rows.change(found, key, words=_joined(*_said(happened.after.wording), row["reference"]))
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


VIEW = View("search", 2, (found,), frozenset(c.NAME for c in Seen.__args__), project, index)


def _put(rows: Rows, kind: str, id_: str, incident: str | None, *words: str | None) -> None:
    rows.put(found, **_row(kind, id_, incident, *words))


def _row(kind: str, id_: str, incident: str | None, *words: str | None) -> Row:
    words_of = {"reference": None, "words": _joined(*words)}
    return {"kind": kind, "id": id_, "incident": incident, **words_of, "retracted": False}


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
    snippet: str
    retracted: bool


_QUERY = text(
    "SELECT s.kind, s.id, s.incident, s.retracted, snippet(search_words, 0, '[', ']', '…', 24) AS snippet"
    " FROM search_words JOIN search AS s ON s.rowid = search_words.rowid"
    " WHERE search_words MATCH :words AND s.since <= :position AND (s.until IS NULL OR s.until > :position)"
    " AND (:incident IS NULL OR s.incident = :incident) AND (:kind IS NULL OR s.kind = :kind)"
    " AND (:everywhere OR s.incident IN :within)"
    " ORDER BY rank, s.kind, s.id LIMIT :limit"
).bindparams(bindparam("within", expanding=True))


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
    parts = words.replace("\x00", " ").split()
    if not parts:
        return []
    values: dict[str, Any] = {"words": _quoted(parts), "position": position, "incident": incident, "kind": kind}
    values |= {"everywhere": within is None, "within": list(within or ())}
    rows = connection.execute(_QUERY, {**values, "limit": limit}).mappings()
    return [Hit.model_validate({**row, "retracted": bool(row["retracted"])}) for row in rows]


def _quoted(parts: list[str]) -> str:
    """Return words as FTS5 strings: quoted, so that nothing in them is read as its syntax."""
    quoted = ['"' + part.replace('"', '""') + '"' for part in parts]
    return " ".join([*quoted[:-1], quoted[-1] + "*"])
