"""The past of a ledger of a million events: one incident, a page of its claims, and all claims, as of a random time.

Law: all contestants read the same rows, at the same times, and are seen to find the same before anything is measured.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Literal
from uuid import UUID

import psycopg
from pydantic import SecretStr
from sqlalchemy import func, select

from bench.desk import SEED, open_ledger
from bench.peers import history, plain
from bench.stories import CHANGING, copy, record, stories
from bench.tables import PERCENTILE_COLUMNS, Table, in_turns, medians, milliseconds, percentiles, times
from projections.database import SCHEMA
from projections.postgres import PostgresViews
from projections.runner import Runner
from projections.sqlite import SqliteViews
from projections.views import claims, incidents
from service.ledger import Ledger
from service.ledger.places import FILE
from service.settings import Settings
from service.store.postgres.connections import connecting
from service.store.recorder import Server
from tests import postgres

LARGE, SMALL, INCIDENTS = 100_000, 500, 1_800
QUICK = (60, 30, 3)
VIEWS = (claims.VIEW, incidents.VIEW)
TABLES = (incidents.incidents, claims.claims)
PAGE = 50
ALL_CLAIMS = 1_000_000
READS = 20
"""Reads in a round, of what takes milliseconds."""
AT_ONCE = 5_000
HISTORIES, VIEWS_FILE = "histories.sqlite", "views.sqlite"
DATABASES = {history.FILE: "SQLite", history.SERVER: "PostgreSQL"}
Ask = Callable[[datetime], list[Any]]
Kind = Literal["brief", "claims", "all"]
BRIEF: Kind = "brief"
CLAIMS: Kind = "claims"
ALL: Kind = "all"
OURS, HISTORY, PLAIN = "ours", "django-simple-history", "plain SQL"


@dataclass(frozen=True, slots=True)
class Kept:
    """A ledger with its views, wherever it is kept."""

    ledger: Ledger
    views: Runner

    def brief(self, incident: str, at: datetime) -> Any:
        """Return an incident as of a time."""
        position = self.ledger.position_at(at)
        with self.views.connect() as connection:
            return incidents.get_incident(connection, position, incident)

    def page(self, incident: str, at: datetime) -> list[Any]:
        """Return claims of an incident as of a time."""
        position = self.ledger.position_at(at)
        with self.views.connect() as connection:
            return list(claims.list_claims(connection, position, incident=incident, limit=PAGE))

    def all_claims(self, at: datetime) -> list[Any]:
        """Return all claims as of a time."""
        position = self.ledger.position_at(at)
        with self.views.connect() as connection:
            return list(claims.list_claims(connection, position, limit=ALL_CLAIMS))


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked as of a random time between two: of one incident, or of all."""

    name: str
    kind: Kind
    incident: str
    first: datetime
    last: datetime
    reads: int
    found: int = 0
    """How many are found as of the last time."""

    def moments(self) -> Iterator[datetime]:
        """Yield random times, always the same ones."""
        chance = Random(SEED)
        while True:
            yield self.first + chance.random() * (self.last - self.first)


def run(folder: Path, quick: bool) -> list[Table]:
    """Measure reading the past, and return its tables."""
    large, small, many = QUICK if quick else (LARGE, SMALL, INCIDENTS)
    contest, taken = dict[str, Callable[[], float]](), dict[str, list[float]]()
    with ExitStack() as open_:
        place = Path(open_.enter_context(TemporaryDirectory(dir=folder)))
        address = open_.enter_context(open_.enter_context(postgres.server()).database())
        begun = time.perf_counter()
        head = record(place, stories([large] + [small] * many, CHANGING))
        copy(place, address)
        kept = {history.FILE: _in_file(place, open_), history.SERVER: _on_server(place, address, open_)}
        _fill_histories(place, address, open_)
        made = time.perf_counter() - begun
        asked = _questions(kept[history.FILE], large, small)
        sql = {
            history.FILE: open_.enter_context(plain.in_file(str(place / HISTORIES), *TABLES)),
            history.SERVER: open_.enter_context(plain.on_server(address, *TABLES)),
        }
        for alias, database in DATABASES.items():
            for question in asked:
                answers = _answers(question, kept[alias], alias, sql[alias])
                _compare(question, answers)
                for who, ask in answers.items():
                    name = f"{question.name}, {database}: {who}"
                    contest[name] = _round(ask, question, taken.setdefault(name, []))
        figures = medians(in_turns(contest, 2 if quick else 5))
    return [_table(figures, head, asked[-1].found, made), _latencies(taken)]


def _in_file(place: Path, open_: ExitStack) -> Kept:
    ledger = open_.enter_context(open_ledger(place, read_only=True))
    views = open_.enter_context(Runner(SqliteViews(place / VIEWS_FILE), VIEWS, batch=AT_ONCE))
    views.catch_up(ledger.read_raw)
    return Kept(ledger, views)


def _on_server(place: Path, address: str, open_: ExitStack) -> Kept:
    settings = Settings.read(data=place, database=address, log_level="error")
    ledger = open_.enter_context(Ledger.open(settings, read_only=True))
    database = PostgresViews(connecting(Server(SecretStr(address))))
    views = open_.enter_context(Runner(database, VIEWS, batch=AT_ONCE))
    views.catch_up(ledger.read_raw)
    return Kept(ledger, views)


def _fill_histories(place: Path, address: str, open_: ExitStack) -> None:
    """Fill the histories from our views, and let the server look at all of its tables, as it does by itself in time."""
    history.configure(str(place / HISTORIES), address)
    open_.callback(history.close)
    history.attach(views=str(place / VIEWS_FILE), log=str(place / FILE))
    for table in TABLES:
        history.fill(history.FILE, table, "views", "log")
        history.fill(history.SERVER, table, SCHEMA, "onrecord")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _questions(kept: Kept, large: int, small: int) -> list[Question]:
    """Return what is asked: of an incident with many events, of one with few, and of all."""
    with kept.views.connect() as connection:
        count = func.max(incidents.incidents.c.version).label("events")
        rows = connection.execute(select(incidents.incidents.c.incident, count).group_by("incident").order_by("events"))
        by_events = [(str(incident), int(events)) for incident, events in rows]
    (few, least), (many, most) = by_events[0], by_events[-1]
    assert (least, most) == (small, large)
    one = [
        Question(f"{kind} of an incident of {events:,} events", kind, incident, *_told(kept.ledger, incident), READS)
        for kind in (BRIEF, CLAIMS)
        for incident, events in ((few, least), (many, most))
    ]
    head = kept.ledger.head()
    whole = kept.ledger.recorded_at(1), kept.ledger.recorded_at(head)
    found = len(kept.all_claims(whole[1]))
    return [*one, Question("all claims", ALL, "", *whole, 1, found)]


def _told(ledger: Ledger, incident: str) -> tuple[datetime, datetime]:
    """Return when an incident was begun, and when it changed last."""
    events = list(ledger.history(UUID(incident)))
    return events[0].recorded_at, events[-1].recorded_at


def _answers(question: Question, kept: Kept, alias: str, sql: list[plain.Plain]) -> dict[str, Ask]:
    """Return how each contestant finds the answer in one database."""
    on_incidents, on_claims = sql
    incident, (of_incidents, of_claims) = question.incident, TABLES
    match question.kind:
        case "brief":
            return {
                OURS: lambda at: [kept.brief(incident, at)],
                HISTORY: lambda at: [history.one(alias, of_incidents, incident, at)],
                PLAIN: lambda at: [on_incidents.one(incident, at)],
            }
        case "claims":
            return {
                OURS: lambda at: kept.page(incident, at),
                HISTORY: lambda at: history.some(alias, of_claims, incident, at, PAGE),
                PLAIN: lambda at: on_claims.some(incident, at, PAGE),
            }
        case _:
            return {
                OURS: kept.all_claims,
                HISTORY: lambda at: history.all_of(alias, of_claims, at),
                PLAIN: on_claims.all_of,
            }


def _compare(question: Question, answers: dict[str, Ask]) -> None:
    """See to it that all find the same at one time, at which much is there and much is still to come."""
    at = question.first + 0.7 * (question.last - question.first)
    found = {who: sorted(_shown(question, one) for one in ask(at)) for who, ask in answers.items()}
    assert found[OURS], f"{question.name}: nothing was found"
    assert found[OURS] == found[HISTORY] == found[PLAIN], f"{question.name}: not all find the same"


def _shown(question: Question, found: Any) -> tuple[str, str]:
    """Return what tells a row from others, whoever gave it: its key, and what changes most often in it."""
    names = ("incident", "version") if question.kind == BRIEF else ("claim", "assessment")
    table = TABLES[question.kind != BRIEF]
    at = [[column.name for column in table.c].index(name) for name in names]
    named = (getattr(found, name, None) for name in names)
    key, changing = (str(found[n]) if value is None else str(value) for n, value in zip(at, named, strict=True))
    return key, changing


def _round(ask: Ask, question: Question, taken: list[float]) -> Callable[[], float]:
    """Return a round that asks as of random times, the same to each contestant, and returns its median in seconds."""
    moments = question.moments()

    def one_round() -> float:
        latencies = []
        for _ in range(question.reads):
            at = next(moments)
            begun = time.perf_counter()
            ask(at)
            latencies.append(time.perf_counter() - begun)
        taken.extend(latencies)
        return statistics.median(latencies)

    return one_round


def _table(middle: dict[str, float], head: int, claims_: int, made: float) -> Table:
    rows = []
    for name, seconds in middle.items():
        ours = middle[f"{name.rpartition(': ')[0]}: {OURS}"]
        rows.append([name, milliseconds(seconds), times(seconds / ours)])
    notes = [
        f"A log of {head:,} events, {claims_:,} claims in the end; made, copied and filled in {made:.0f} s. A round"
        f" asks {READS} times, and once for all claims; median of the rounds, in turns, at the same random times.",
        "Ours: from time to position to rows; to the answer's models. django-simple-history: as_of(),"
        " to instances of models with the columns of our views. Plain SQL: DISTINCT ON on PostgreSQL, MAX() with GROUP"
        " BY on SQLite, rows with their documents parsed, from the same tables, which have an index of key and time.",
        "PostgreSQL as it comes, after VACUUM ANALYZE; all in memory of the system.",
    ]
    return Table("The past of a ledger", ("read", "ms", "times ours"), rows, notes)


def _latencies(taken: dict[str, list[float]]) -> Table:
    rows = [[name, *percentiles(seconds)] for name, seconds in taken.items()]
    return Table("The past of a ledger: each read, ms", ("read", *PERCENTILE_COLUMNS), rows)
