"""`onrecord doctor`: is the record what it should be? It says what it looked at, and what to do.

Law: it looks and changes nothing of the record. The views it brings up to date, as every command that reads does.
"""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import orjson
import typer
from pydantic import ValidationError
from sqlalchemy.exc import DatabaseError

from domain.events import Recorded, UnknownEvent
from domain.incident_events import EvidenceAttached
from projections.projecting import NotOfThisLog
from service.cli.exits import MISMATCH
from service.cli.opening import catch_up, existing
from service.cli.options import Data, Json, Quiet
from service.cli.progress import Progress
from service.cli.terminal import put, put_json
from service.ledger import Ledger, LedgerDamaged
from service.ledger.places import Place, place_of
from service.settings import Settings
from service.store.copies import EVIDENCE
from service.store.log import RecordLog, StoreError, rfc3339
from service.views import how_to_drop, open_views

BATCH = 1_000
SHOWN_PROBLEMS = 20
"""Problems of one check that are told one by one; the rest is counted."""
RESTORE = "restore a backup, and keep this folder for the enquiry"


@dataclass
class Check:
    """One thing that was looked at, what was found, and what to do where it is not well."""

    name: str
    looked_at: str
    problems: list[str]
    remedy: str = RESTORE


def doctor(
    data: Data = None,
    skip_evidence: Annotated[
        bool, typer.Option("--skip-evidence", help="Do not read the evidence files, which may take long")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check the files, the log event by event, the views and the evidence. Exit code 3 where anything is not well."""
    settings, well = existing(data), True
    for check in _checks(settings, skip_evidence, quiet):
        well = well and not check.problems
        _tell(check, json=json, quiet=quiet)
    if not well:
        raise SystemExit(MISMATCH)


def _tell(check: Check, *, json: bool, quiet: bool) -> None:
    if json:
        remedy = check.remedy if check.problems else None
        put_json({"check": check.name, "looked_at": check.looked_at, "problems": check.problems, "remedy": remedy})
        return
    if not check.problems:
        if not quiet:
            put(f"well      {check.name}: {check.looked_at}")
        return
    for problem in check.problems[:SHOWN_PROBLEMS]:
        put(f"not well  {check.name}: {problem}")
    if len(check.problems) > SHOWN_PROBLEMS:
        put(f"not well  {check.name}: and {len(check.problems) - SHOWN_PROBLEMS} more")
    put(f"          what to do: {check.remedy}")


def _checks(settings: Settings, skip_evidence: bool, quiet: bool) -> Iterator[Check]:
    folder, place, walk = settings.data, place_of(settings), _Walk()
    try:
        with Ledger.open(settings, read_only=True) as ledger:
            if isinstance(place, Path):  # a server looks after its own files
                yield Check("file", "the database's own check of the log's file", ledger.check_file())
            yield _events(place, walk, ledger.head(), quiet)
            yield _views(settings, ledger, quiet)
    except (StoreError, LedgerDamaged) as problem:
        looked_at = "the log's file" if isinstance(place, Path) else "the log's database"
        yield Check("file", looked_at, [str(problem).partition("\n")[0]])
    if not skip_evidence:
        yield _evidence(folder, walk.attached)


def _events(place: Place, walk: "_Walk", head: int, quiet: bool) -> Check:
    problems: list[str] = []
    with Progress("reading the log", head, quiet=quiet) as progress, closing(RecordLog(place, read_only=True)) as log:
        while rows := log.log_recorder.whole_rows(walk.position, BATCH):
            for row in rows:
                problems += walk.step(Row(*row))
            progress.at(walk.position)
    looked_at = (
        f"{head} events read; positions, versions and recorded times follow each other, and each is indexed as what"
        " it says that it is"
    )
    return Check("log", looked_at, problems)


class Row(NamedTuple):
    """An event as it is stored: its bytes, and the columns that are an index of them."""

    position: int
    aggregate: str
    version: int
    name: str
    stored: bytes
    recorded_at: str | None


class _Walk:
    """A walk along the log, that knows what must come next."""

    def __init__(self) -> None:
        self.position = 0
        self.attached: set[str] = set()
        """The hashes of the evidence that was attached."""
        self._time: datetime | None = None
        self._versions: dict[UUID, int] = {}

    def step(self, row: Row) -> Iterator[str]:
        """Yield what is wrong with the next event."""
        position = row.position
        if position != self.position + 1:
            yield f"position {self.position + 1} is missing"
        self.position = position
        try:
            recorded = Recorded.from_bytes(row.stored, position)
        except UnknownEvent as problem:
            yield f"position {position}: {problem}"
        except (ValidationError, ValueError, KeyError, TypeError) as problem:
            yield f"position {position} cannot be read: {type(problem).__name__}"
        else:
            yield from _misplaced(row, recorded)
            yield from self._follows(recorded)
            if isinstance(recorded.event, EvidenceAttached) and recorded.event.hash is not None:
                self.attached.add(recorded.event.hash)

    def _follows(self, recorded: Recorded) -> Iterator[str]:
        at, version = recorded.position, self._versions.get(recorded.aggregate, 0) + 1
        if recorded.version != version:
            yield f"position {at} is version {recorded.version} of {recorded.aggregate}, where {version} follows"
        if self._time is not None and recorded.recorded_at <= self._time:
            yield f"position {at} was recorded at {recorded.recorded_at}, not after the one before it"
        self._versions[recorded.aggregate], self._time = recorded.version, recorded.recorded_at


def _misplaced(row: Row, recorded: Recorded) -> Iterator[str]:
    """Yield each column that says something else than the envelope, by which the event is then found."""
    columns = {
        "aggregate": (row.aggregate, recorded.aggregate.hex),
        "version": (row.version, recorded.version),
        "name": (row.name, orjson.loads(row.stored)["name"]),
        "recorded time": (row.recorded_at, rfc3339(recorded.recorded_at)),
    }
    for column, (kept, own) in columns.items():
        if kept != own:
            yield f"position {row.position} is kept under the {column} {kept}, which is not its own"


def _views(settings: Settings, ledger: Ledger, quiet: bool) -> Check:
    try:
        with open_views(settings) as views:
            catch_up(ledger, views, quiet=quiet)
            status = views.status()
    except NotOfThisLog as problem:
        return Check("views", "the views", [str(problem)], "`onrecord views rebuild`")
    except DatabaseError as problem:
        said = str(problem.orig).partition("\n")[0]
        return Check("views", "the views", [said], how_to_drop(settings))
    failed = [f"the view {view.name} failed {view.error}" for view in status if view.error is not None]
    looked_at = f"{len(status)} views show the log up to its end"
    return Check("views", looked_at, failed, "`onrecord views rebuild NAME`; if it fails again, report the error")


def _evidence(folder: Path, attached: set[str]) -> Check:
    root, problems, count = folder / EVIDENCE, [], 0
    held = set()
    for file in sorted(root.rglob("*")) if root.exists() else []:
        if file.is_file():
            count += 1
            held.add(f"sha256:{file.name}")
            problems += _not_itself(file)
    looked_at, elsewhere = f"{count} files read, each with the SHA-256 that names it", len(attached - held)
    if elsewhere:  # no problem by itself: the hash may be of a file that is kept elsewhere
        looked_at += f"; {elsewhere} attached by a hash of which no file is here"
    return Check("evidence", looked_at, problems)


def _not_itself(file: Path) -> list[str]:
    with file.open("rb") as opened:
        found: Any = hashlib.file_digest(opened, "sha256")
    return [] if found.hexdigest() == file.name else [f"{file}: its bytes are not those that were stored"]
