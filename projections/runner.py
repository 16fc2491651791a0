"""Keeping the views: reading the log in batches, and writing rows and position in one transaction.

Law: exactly once, after any crash: a view's rows and the position that they show are committed together. A view that
fails on an event stops before it, says so, and does not take the others down.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy import Connection

from domain.events import mark_of
from projections import checkpoints
from projections.catalogue import VIEWS
from projections.checkpoints import Checkpoint, OtherVersion
from projections.database import Database, NotLeading
from projections.kept import Kept, ViewStatus, prepared
from projections.projecting import Batch, NotOfThisLog, Poisoned, Read, Stored, check_log, parsed, project
from projections.rebuilding import Rebuild, Rebuilt
from projections.sqlite import SqliteViews
from projections.view import View

log = structlog.get_logger()
BATCH = 1_000
"""Events in a transaction."""
FILLING = 5
"""So many times as many events are in a transaction while a view is built anew: nobody waits for its rows."""
PAUSE = 0.01
"""Seconds between two looks at a log that grows: what comes meanwhile shares a transaction."""
RETRY = 0.5
"""Seconds until the next try, where the database is away."""


ProjectOne = Callable[[Connection, Kept, Batch], Checkpoint]


class Runner:
    """The views of one database. Open it with `Runner.open`."""

    def __init__(self, database: Database, views: tuple[View, ...] = VIEWS, *, batch: int = BATCH) -> None:
        self._database, self._batch = database, batch
        try:
            self._kept = {one.view.name: one for one in prepared(database, views)}
        except BaseException:
            database.close()
            raise
        self._rebuilds: dict[str, Rebuild] = {}
        self._moved = threading.Condition()
        self._woken = threading.Event()
        self._writing = threading.Lock()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._listeners: list[Callable[[], None]] = []
        self._head = 0

    @classmethod
    def open(cls, file: Path, views: tuple[View, ...] = VIEWS, *, batch: int = BATCH) -> Self:
        """Open the views in a file, making it where there is none; `batch` events share a transaction."""
        return cls(SqliteViews(file), views, batch=batch)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop following, and let go of the database."""
        self.stop()
        self._database.close()

    # Reading.

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Give a connection for reading: what it shows at a position is one unchanging picture."""
        with self._database.reading() as connection:
            yield connection

    @property
    def readers(self) -> int:
        """Return how many connections for reading there are, at the most."""
        return self._database.readers

    def position(self, *names: str) -> int:
        """Return the position that these views show, all that have not failed where none is named."""
        wanted = self._named(names) if names else [one for one in self._kept.values() if one.at.error is None]
        return min((one.at.position for one in wanted), default=0)

    def failures(self, *names: str) -> dict[str, str]:
        """Return why those of these views failed that did."""
        return {one.view.name: one.at.error for one in self._named(names) if one.at.error is not None}

    def status(self) -> list[ViewStatus]:
        """Tell how each view stands."""
        return [one.status(self._head, self._rebuilds.get(name)) for name, one in self._kept.items()]

    def _named(self, names: tuple[str, ...]) -> list[Kept]:
        return [self._kept[name] for name in names] if names else list(self._kept.values())

    def shows(self, position: int, *names: str) -> bool:
        """Tell whether these views show the position; one that is begun anew shows nothing yet."""
        return self.position(*names) >= position and not any(one.filling for one in self._named(names))

    def wait_for(self, position: int, timeout: float, *names: str) -> bool:
        """Wait until these views show the position, and tell whether they do; not for one that failed. Seconds."""
        with self._moved:
            self._moved.wait_for(lambda: self.shows(position, *names) or bool(names and self.failures(*names)), timeout)
            return self.shows(position, *names)

    # Following the log.

    def start(self, read: Read) -> None:
        """Follow the log in a thread of its own, until `stop`. Raise `NotOfThisLog` where the views show another.

        Of several processes, the one that is elected does, and the others see how far it has come.
        """
        self.check(read)
        led = self._lead(read, led=False)
        self._tell()
        self._stopping = False
        self._thread = threading.Thread(target=self._follow, args=(read, led), name="views", daemon=True)
        self._thread.start()

    def _try_again(self) -> None:
        with self._writing, self._database.writing() as connection:
            for one in checkpoints.read(connection).values():
                if one.error is not None:
                    checkpoints.move(connection, replace(one, error=None))
            self._reread(connection)

    def stop(self) -> None:
        """Stop following. A batch under way is finished."""
        self._stopping = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self._database.resign()

    def on_move(self, listener: Callable[[], None]) -> None:
        """Let a listener be told whenever the views have moved."""
        self._listeners.append(listener)

    def reread(self) -> None:
        """Find out how far another process, which keeps the views, has come."""
        with self._writing:
            moved = self._reread()
        if moved:
            self._tell()

    def _tell(self) -> None:
        with self._moved:
            self._moved.notify_all()
        for listener in self._listeners:
            listener()

    def wake(self, head: int) -> None:
        """Tell that the log has grown to this position."""
        self._head = max(self._head, head)
        self._woken.set()

    def _lead(self, read: Read, *, led: bool) -> bool:
        """Tell whether this process keeps the views; one that did not before looks whether they are this log's."""
        leads = self._database.lead()
        if leads and not led:
            self.check(read)
            self._try_again()  # what failed may have been mended since
        return leads

    def _follow(self, read: Read, led: bool) -> None:
        while not self._stopping:
            self._woken.clear()
            try:
                led = self._lead(read, led=led)
                self._go_on(read, leading=led)
            except Exception as problem:  # noqa: BLE001  # the database is away: told, and tried again
                log.error("views cannot follow", error=repr(problem))
                self._woken.wait(timeout=RETRY)
                continue
            time.sleep(PAUSE)
            self._woken.wait(timeout=self._database.watching)

    def _go_on(self, read: Read, *, leading: bool) -> None:
        """Catch up with the log, or with the process that keeps the views."""
        if not leading:
            self.reread()
            return
        with suppress(NotLeading):
            try:
                self._catch_up(read)
            except NotOfThisLog as problem:
                self._give_up(problem)

    def _give_up(self, problem: NotOfThisLog) -> None:
        """Let all views fail where they are: nobody takes what they show for what the log holds now."""
        log.error("views show another log", error=str(problem))
        with self._writing, self._database.writing() as connection:
            for one in self._kept.values():
                error = f"at {one.at.position}: the log is not the one that it shows"
                checkpoints.move(connection, replace(one.at, error=error))
            self._reread(connection)
        self._tell()

    def catch_up(self, read: Read) -> int:
        """Bring all views to the head of the log, and return the position that they show.

        Raise `NotOfThisLog` where the views show what the log does not hold.
        """
        self.check(read)
        return self._catch_up(read)

    def check(self, read: Read) -> None:
        """Raise `NotOfThisLog` where the views show what the log does not hold."""
        known = self._read_checkpoints()
        for name in self._kept:
            check_log(known[name], read)

    def _catch_up(self, read: Read) -> int:
        while self._step(read) and not self._stopping:
            pass
        return self.position()

    def _step(self, read: Read) -> bool:
        """Take one batch for the views that are furthest, and one for each that is behind; tell whether there was."""
        with self._writing:
            moved = self._reread()
            batches = [(group, Batch(stored)) for group in self._groups() if (stored := self._stored(read, group))]
            for group, batch in batches:
                self._take(group, batch)
        if moved or batches:
            self._tell()
        return bool(batches)

    def _groups(self) -> list[list[Kept]]:
        """Return the views that can go on, those of one position together, the furthest first."""
        able = sorted((one for one in self._kept.values() if one.at.error is None), key=lambda one: -one.at.position)
        return [list(group) for _, group in groupby(able, key=lambda one: one.at.position)]

    def _stored(self, read: Read, group: list[Kept]) -> Sequence[Stored]:
        """Return what comes after the event that these views show. Raise `NotOfThisLog` where the log has it no more.

        The log may be put back to an older state beside its views while they are kept.
        """
        first = max(group[0].at.position - 1, 0)
        stored = read(first, self._batch + 1)
        for one in group:
            check_log(one.at, lambda after, limit: stored[:limit])
        return stored[group[0].at.position - first :]

    def _read_checkpoints(self) -> dict[str, Checkpoint]:
        with self._database.reading() as connection:
            return checkpoints.read(connection)

    def _reread(self, connection: Connection | None = None) -> bool:
        """Go on from where another process left the views, if one did; tell whether one did."""
        known = checkpoints.read(connection) if connection is not None else self._read_checkpoints()
        for one in self._kept.values():
            if known[one.view.name].version != one.view.version:
                raise OtherVersion(f"view {one.view.name} is kept by another version of On Record now")
        moved = [one for one in self._kept.values() if known[one.view.name] != one.at]
        for one in moved:
            one.at = known[one.view.name]
            one.rows.forget()
        return bool(moved)

    def _take(self, group: list[Kept], batch: Batch) -> None:
        """Project a batch in one transaction. A crash before its commit leaves the views where they were.

        Where an event poisons a view, the batch is taken back and taken again with care: a savepoint for each view
        would cost a fifth of all the time.
        """
        try:
            self._take_in_one(group, batch, self._project)
        except Poisoned:
            self._take_in_one(group, batch, self._project_with_care)
        self._head = max(self._head, batch.stored[-1][0])

    def _take_in_one(self, group: list[Kept], batch: Batch, project_one: ProjectOne) -> None:
        moved: list[Checkpoint] = []
        try:
            with self._database.writing() as connection:
                if self._reread(connection):
                    return
                moved = [project_one(connection, one, batch) for one in group]
                checkpoints.move(connection, *moved)
        except Exception:
            for one in group:
                one.rows.forget()
            raise
        for one, at in zip(group, moved, strict=True):
            one.at = at

    def _project(self, connection: Connection, one: Kept, batch: Batch) -> Checkpoint:
        """Project a batch for one view. Raise `Poisoned` where it cannot take an event."""
        return self._projected(connection, one, one.at, batch, batch.stored)

    def _project_with_care(self, connection: Connection, one: Kept, batch: Batch) -> Checkpoint:
        """Project a batch for one view: all of it, or what comes before the event that it cannot take."""
        try:
            with connection.begin_nested():  # what a poisoned event leaves is undone without the other views
                return self._project(connection, one, batch)
        except Poisoned:
            one.rows.forget()
            return self._one_by_one(connection, one, batch)

    def _one_by_one(self, connection: Connection, one: Kept, batch: Batch) -> Checkpoint:
        """Find the event that a view cannot take: rows are written late, so a batch only tells that there is one."""
        at = one.at
        for stored in batch.stored:
            try:
                with connection.begin_nested():
                    at = self._projected(connection, one, at, batch, [stored])
            except Poisoned as poisoned:
                one.rows.forget()
                log.error("view failed", view=one.view.name, position=stored[0], error=str(poisoned))
                return replace(at, error=str(poisoned))
        return at

    def _projected(
        self, connection: Connection, one: Kept, at: Checkpoint, batch: Batch, stored: Sequence[Stored]
    ) -> Checkpoint:
        project(connection, one.view, one.rows, stored, batch.recorded)
        return replace(at, position=stored[-1][0], mark=mark_of(stored[-1][2]))

    # Building anew.

    def rebuild(self, name: str, read: Read, told: Callable[[int], None] | None = None) -> Rebuilt:
        """Build a view anew beside the live one, compare the two, and let the new one take over in one step.

        Readers see the old rows until then. `told` hears each position reached. Raise KeyError for an unknown view.
        """
        one = self._kept[name]
        rebuild = self._rebuilds[name] = Rebuild(one.view)
        try:
            with self._database.writing() as connection:
                rebuild.make(connection)
            self._fill(rebuild, read, told)
            rebuild.finish(self._database.building)
            with self._database.reading(patiently=True) as connection:
                differing = rebuild.differing(connection, min(one.at.position, rebuild.position))
            with self._writing:
                self._take_over(one, rebuild, read)
                return Rebuilt(rebuild.position, differing)
        finally:
            self._rebuilds.pop(name, None)
            with self._moved:
                self._moved.notify_all()

    def _fill(self, rebuild: Rebuild, read: Read, told: Callable[[int], None] | None) -> None:
        while stored := read(rebuild.position, self._batch * FILLING):
            with self._database.building() as connection:
                self._add(connection, rebuild, stored)
            if told is not None:
                told(rebuild.position)

    def _add(self, connection: Connection, rebuild: Rebuild, stored: Sequence[Stored]) -> None:
        project(connection, rebuild.view, rebuild.rows, stored, parsed)
        rebuild.position, rebuild.mark = stored[-1][0], mark_of(stored[-1][2])
        self._head = max(self._head, rebuild.position)

    def _take_over(self, one: Kept, rebuild: Rebuild, read: Read) -> None:
        """Put the new rows in the old ones' place. A crash before the commit leaves the old rows as they were.

        The last few events are taken in the same transaction, which whoever keeps the live view waits for: the new
        rows never stand behind the old ones.
        """
        with self._database.writing() as connection:
            self._reread(connection)
            while stored := read(rebuild.position, self._batch):
                self._add(connection, rebuild, stored)
            at = replace(
                one.at,
                generation=one.at.generation + 1,
                target=0,
                position=rebuild.position,
                mark=rebuild.mark,
                error=None,
            )
            rebuild.take_over(connection)
            checkpoints.move(connection, at)
        one.rows.forget()
        one.at = at
