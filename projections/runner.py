"""Keeping the views: reading the log in batches, and writing rows and position in one transaction.

Law: exactly once, after any crash: a view's rows and the position that they show are committed together. A view that
fails on an event stops there, says so, and does not take the others down.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import orjson
import structlog
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Update,
    create_engine,
    delete,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from domain.events import Recorded
from projections.catalogue import VIEWS
from projections.temporal import INTERVAL, Rows, View, key_of, temporal

log = structlog.get_logger()
BATCH = 1_000
"""Events in a transaction."""
Read = Callable[[int, int], Sequence[tuple[int, str, bytes]]]
"""Reads position, name and stored bytes of the events after a position, at most so many."""

_meta = MetaData()
checkpoints = Table(
    "checkpoints",
    _meta,
    Column("view", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("failed_at", BigInteger),
    Column("error", String),
)


class ViewsAheadOfLog(Exception):
    """The views show positions that the log does not hold: an older log was restored beside them."""


@dataclass(frozen=True, slots=True)
class ViewStatus:
    """How a view stands. `progress` is the share of the log that it shows, 0 to 1."""

    name: str
    version: int
    position: int
    state: Literal["live", "rebuilding", "failed"]
    error: str | None = None
    progress: float = 1.0


@dataclass(slots=True)
class _Running:
    """A view, its rows at hand, and how far it is."""

    view: View
    rows: Rows
    position: int
    failed_at: int | None = None
    error: str | None = None


class Runner:
    """The views of one database file. Open it with `Runner.open`."""

    def __init__(self, engine: Engine, views: tuple[View, ...], batch: int) -> None:
        self._engine, self._views, self._batch = engine, views, batch
        self._running: dict[str, _Running] = {}
        self._rebuilding: dict[str, float] = {}
        self._moved = threading.Condition()
        self._woken = threading.Event()
        self._writing = threading.Lock()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._prepare()

    @classmethod
    def open(cls, file: Path, views: tuple[View, ...] = VIEWS, *, batch: int = BATCH) -> Self:
        """Open the views in a file, making it where there is none; `batch` events share a transaction."""
        engine = create_engine(
            f"sqlite:///{file}",
            poolclass=QueuePool,
            pool_size=20,
            max_overflow=20,
            connect_args={"check_same_thread": False},
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
        )
        event.listen(engine, "connect", _tune)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        return cls(engine, views, batch)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop following, and let go of the file."""
        self.stop()
        self._engine.dispose()

    def _prepare(self) -> None:
        """Make what is missing, and begin those views anew whose meaning changed."""
        with self._engine.begin() as connection:
            _meta.create_all(connection)
            kept = {row.view: row for row in connection.execute(select(checkpoints))}
            for view in self._views:
                row = kept.get(view.name)
                if row is None or row.version != view.version:
                    _remake(connection, view)
                    row = None
                elif row.error is not None:  # a new start tries again
                    connection.execute(_noted(view, failed_at=None, error=None))
                position = row.position if row is not None else 0
                self._running[view.name] = _Running(view, Rows(view.tables), position)

    # Reading.

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Give a connection for reading: one unchanging picture until it is let go."""
        with self._engine.connect() as connection:
            yield connection

    def position(self) -> int:
        """Return the position that all views show. A failed view holds the others' answers back: it says so itself."""
        live = [one.position for one in self._running.values() if one.error is None]
        return min(live, default=0)

    def status(self) -> list[ViewStatus]:
        """Tell how each view stands."""
        return [self._status(one) for one in self._running.values()]

    def _status(self, one: _Running) -> ViewStatus:
        view = one.view
        if one.error is not None:
            return ViewStatus(view.name, view.version, one.position, "failed", f"at {one.failed_at}: {one.error}")
        progress = self._rebuilding.get(view.name)
        state: Literal["live", "rebuilding"] = "live" if progress is None else "rebuilding"
        return ViewStatus(view.name, view.version, one.position, state, None, 1.0 if progress is None else progress)

    def wait_for(self, position: int, timeout: float) -> bool:
        """Wait until all views that do not fail show the position; tell whether they do. Seconds."""
        with self._moved:
            return self._moved.wait_for(lambda: self.position() >= position, timeout)

    # Following the log.

    def start(self, read: Read) -> None:
        """Follow the log in a thread of its own, until `stop`."""
        self._stopping = False
        self._thread = threading.Thread(target=self._follow, args=(read,), name="views", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop following. A batch under way is finished."""
        self._stopping = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def wake(self, head: int) -> None:
        """Tell that the log has grown."""
        self._woken.set()

    def _follow(self, read: Read) -> None:
        while not self._stopping:
            self._woken.clear()
            try:
                self.catch_up(read)
            except Exception as problem:  # noqa: BLE001  # the database is away: told, and tried again
                log.error("views cannot follow", error=repr(problem))
                time.sleep(0.5)
                continue
            self._woken.wait(timeout=1.0)

    def catch_up(self, read: Read) -> int:
        """Bring all views to the head of the log, and return the position that they show."""
        while not self._stopping and self._step(read):
            pass
        return self.position()

    def _step(self, read: Read) -> bool:
        """Take one batch; tell whether there may be more."""
        with self._writing:
            start = self.position()
            batch = read(start, self._batch)
            if not batch:
                return False
            parsed: dict[int, Recorded] = {}
            for one in self._running.values():
                if one.error is None:
                    self._project(one, batch, parsed)
        with self._moved:
            self._moved.notify_all()
        return len(batch) == self._batch or self.position() == start

    def _project(self, one: _Running, batch: Sequence[tuple[int, str, bytes]], parsed: dict[int, Recorded]) -> None:
        """Project a batch in one transaction. A crash before its commit leaves the view where it was."""
        done = one.position
        try:
            with self._engine.begin() as connection:
                one.rows.at(connection)
                for position, name, data in batch:
                    if position > one.position and name in one.view.names:
                        done = position
                        recorded = parsed.get(position)
                        if recorded is None:
                            recorded = parsed[position] = Recorded.from_bytes(data, position)
                        one.rows.position = position
                        one.view.project(one.rows, recorded)
                one.rows.flush()
                self._keep(connection, one.view, batch[-1][0])
        except OperationalError:  # the file is away or its disk full: no fault of the view, which is tried again
            one.rows = Rows(one.view.tables)
            raise
        except Exception as problem:  # noqa: BLE001  # one view's fault: it stops here, and is shown
            self._fail(one, done, problem)
        else:
            one.position = max(one.position, batch[-1][0])

    def _fail(self, one: _Running, position: int, problem: Exception) -> None:
        one.failed_at, one.error = position, f"{type(problem).__name__}: {problem}"
        log.error("view failed", view=one.view.name, position=position, error=one.error)
        with suppress(SQLAlchemyError), self._engine.begin() as connection:  # for those who read beside this process
            connection.execute(_noted(one.view, failed_at=position, error=one.error))

    def _keep(self, connection: Connection, view: View, position: int) -> None:
        connection.execute(_noted(view, position=position, failed_at=None, error=None))

    # Rebuilding.

    def rebuild(self, name: str, read: Read, told: Callable[[int], None] | None = None) -> int:
        """Build a view anew beside the live one, and let it take over in one step; return its position.

        Readers see the old rows until then. `told` hears each position reached. Raise KeyError for an unknown view.
        """
        one = self._running[name]
        self._rebuilding[name] = 0.0
        try:
            shadow = {table.name: beside(table) for table in one.view.tables}
            self._anew(shadow)
            rows = Rows(one.view.tables, shadow)
            position = self._fill(one.view, rows, read, 0, told)
            with self._writing:  # the live view stands still for the last few events
                position = self._fill(one.view, rows, read, position, told)
                self._take_over(one, shadow, position)
        finally:
            self._rebuilding.pop(name, None)
        with self._moved:
            self._moved.notify_all()
        return position

    def _anew(self, shadow: dict[str, Table]) -> None:
        with self._engine.begin() as connection:
            for table in shadow.values():
                table.drop(connection, checkfirst=True)
                table.create(connection)

    def _fill(self, view: View, rows: Rows, read: Read, position: int, told: Callable[[int], None] | None) -> int:
        while batch := read(position, self._batch):
            with self._engine.begin() as connection:
                rows.at(connection)
                for at, name, data in batch:
                    if name in view.names:
                        rows.position = at
                        view.project(rows, Recorded.from_bytes(data, at))
                rows.flush()
            position = batch[-1][0]
            self._rebuilding[view.name] = position / max(position, self.position(), 1)
            if told is not None:
                told(position)
        return position

    def _take_over(self, one: _Running, shadow: dict[str, Table], position: int) -> None:
        """Put the new rows in the old ones' place. A crash before the commit leaves the old rows as they were."""
        with self._engine.begin() as connection:
            for table in one.view.tables:
                new = shadow[table.name]
                connection.execute(delete(table))
                connection.execute(insert(table).from_select([c.name for c in new.columns], select(new)))
                new.drop(connection)
            self._keep(connection, one.view, position)
        one.rows, one.position = Rows(one.view.tables), position
        one.failed_at = one.error = None


def beside(table: Table) -> Table:
    """Return an empty twin of a temporal table, under another name."""
    columns = [Column(column.name, column.type) for column in table.columns if column.name not in INTERVAL]
    return temporal(f"{table.name}__next", MetaData(), *columns, key=key_of(table))


def _remake(connection: Connection, view: View) -> None:
    """Make the tables of a view whose meaning changed, or that is new, empty."""
    for table in view.tables:
        table.drop(connection, checkfirst=True)
        table.create(connection)
    connection.execute(delete(checkpoints).where(checkpoints.c.view == view.name))
    connection.execute(insert(checkpoints).values(view=view.name, version=view.version, position=0))


def _noted(view: View, **values: int | str | None) -> Update:
    return update(checkpoints).where(checkpoints.c.view == view.name).values(**values)


def _tune(connection: sqlite3.Connection, record: object) -> None:
    """Let readers and the writer pass each other. What a power cut loses is projected again from the log."""
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "busy_timeout = 5000", "cache_size = -65536"):
        connection.execute(f"PRAGMA {pragma}")
