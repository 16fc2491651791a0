"""Bulk in: NDJSON of commands over HTTP, through the same import as the command line.

Law: each row is held to the rights of whoever sends it, and the actor is the caller's account, whatever a row says. A
row is itself by its text: an import that was broken off is sent again, and nothing is recorded twice.

Imports run one after the other beside the requests. How they went is kept in memory: a restart forgets it, and leaves
what was recorded.
"""

import hashlib
import shutil
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import structlog
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from domain.incident_commands import AssessClaim
from service.access import Caller, wanted
from service.api.callers import Writer
from service.api.problems import Fault
from service.api.reads import ReadRoute
from service.ids import uuid7
from service.imports import BadRow, Permit, RowProblem, Summary, import_file
from service.ledger import Ledger
from service.ledger import Request as LedgerRequest
from service.scratch import Scratch
from service.settings import Settings

log = structlog.get_logger()
PREFIX = "/api/v1/imports"
MEDIA_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
MAX_WAITING = 16
KEPT = 1_000
"""Imports whose outcome is remembered."""
State = Literal["waiting", "running", "done", "failed", "stopped"]
router = APIRouter(prefix=PREFIX, tags=["imports"], route_class=ReadRoute)


class Stopped(Exception):
    """The server ends: the import stops between two chunks."""


@dataclass
class Job:
    """An import: whose it is, and how far."""

    id: UUID
    account: UUID | None
    dry_run: bool
    state: State = "waiting"
    detail: str | None = None
    summary: Summary = field(default_factory=Summary)


class RowProblemView(BaseModel):
    """A row that was not recorded, and why."""

    line: int
    reason: str


class ImportView(BaseModel):
    """How an import goes. Every row read is recorded, was recorded before, or failed."""

    id: UUID
    state: State
    dry_run: bool
    rows: int = Field(description="Rows dealt with so far")
    recorded: int = Field(description="Rows recorded; in a dry run, that would be")
    before: int = Field(description="Rows that had been recorded by an earlier import")
    failed: int = Field(description="Rows that were not recorded")
    position: int = Field(description="Position of the last event recorded; 0 in a dry run")
    problems: list[RowProblemView] = Field(description="The first 1000 rows that were not recorded, and why")
    detail: str | None = Field(None, description="Why the import ended before its last row")


class Imports:
    """The imports of one server: a folder for what arrives, and one thread that works it off."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self._settings, self._ledger = settings, ledger
        self._arriving = Scratch(settings.data / "imports")  # what a crash left there, its sender sends again
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="imports")
        self._jobs: dict[UUID, Job] = {}
        self._stopping = False

    def close(self) -> None:
        """Stop between two chunks, and forget what waits."""
        self._stopping = True
        self._worker.shutdown(wait=True, cancel_futures=True)
        self._arriving.close()

    def get(self, id_: UUID) -> Job | None:
        """Return an import, None where nobody remembers it."""
        return self._jobs.get(id_)

    async def take(self, chunks: AsyncIterator[bytes], caller: Caller, *, dry_run: bool) -> Job:
        """Store what arrives, and let it wait for its turn."""
        if sum(job.state == "waiting" for job in self._jobs.values()) >= MAX_WAITING:
            raise Fault(503, "QueueFull", f"{MAX_WAITING} imports wait: try again", {"Retry-After": "10"})
        job = Job(uuid7(), caller.actor.account, dry_run)
        folder = self._arriving.folder / str(job.id)
        folder.mkdir()
        try:
            file = await _stored(chunks, folder)
        except BaseException:
            shutil.rmtree(folder)
            raise
        self._jobs[job.id] = job
        for old in list(self._jobs)[:-KEPT]:
            del self._jobs[old]
        self._worker.submit(self._work, job, file, caller)
        return job

    def _work(self, job: Job, file: Path, caller: Caller) -> None:
        job.state = "running"
        try:
            self._run(job, file, caller)
            job.state, job.detail = ("failed", job.summary.unread) if job.summary.unread else ("done", None)
        except Stopped:
            job.state, job.detail = "stopped", "the server ended: send it again, nothing is recorded twice"
        except Exception as fault:  # the thread goes on with the next; the sender is told
            log.error("import failed", id=str(job.id), exc_info=fault)
            job.state, job.detail = "failed", "this is our fault: what was recorded stays; send it again"
        finally:
            shutil.rmtree(file.parent, ignore_errors=True)

    def _run(self, job: Job, file: Path, caller: Caller) -> None:
        asked = {"told": self._told, "summary": job.summary, "permit": permit_of(caller)}
        if not job.dry_run:
            import_file(self._ledger, file, caller.actor, **asked)  # type: ignore[arg-type]  # as named above
            return
        with Ledger.open(self._settings, trial=True) as trial:
            import_file(trial, file, caller.actor, **asked)  # type: ignore[arg-type]  # as named above
        job.summary.position = 0

    def _told(self, _summary: Summary) -> None:
        if self._stopping:
            raise Stopped


def permit_of(caller: Caller) -> Permit:
    """Return what holds each row of an import to the rights of its sender."""

    def permit(request: LedgerRequest) -> LedgerRequest:
        command = request.command
        if request.at is not None or request.actor != caller.actor:
            raise BadRow("recorded_at, actor: over HTTP the ledger's clock and the key's account count: leave them out")
        if not caller.may(command):
            raise BadRow(f"NotAllowed: {wanted(type(command))}")
        over = isinstance(command, AssessClaim) and caller.may_override(command.incident)
        return replace(request, may_override=over)

    return permit


async def _stored(chunks: AsyncIterator[bytes], folder: Path) -> Path:
    """Store a body under its hash: the name of the file is the space of its names, the same for the same file."""
    incoming, digest, size = folder / "incoming", hashlib.sha256(), 0
    with incoming.open("wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            digest.update(chunk)
            file.write(chunk)
    if size == 0:
        raise Fault(422, "EmptyImport", "the body is empty: send one command a line")
    return incoming.rename(folder / f"{digest.hexdigest()}.ndjson")


def mount(app: FastAPI) -> None:
    """Add the routes of imports."""
    app.include_router(router)


def _imports(request: Request) -> Imports:
    imports: Imports = request.app.state.imports
    return imports


@router.post(
    "",
    status_code=202,
    operation_id="import_commands",
    response_model=ImportView,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/x-ndjson": {"schema": {"type": "string", "format": "binary", "minLength": 1}}},
        }
    },
    responses={
        202: {"headers": {"Location": {"description": "Where to read how it goes", "schema": {"type": "string"}}}},
    },
)
async def import_commands(
    request: Request,
    response: Response,
    caller: Writer,
    dry_run: Annotated[bool, Query(description="Decide every row on the record as it is, and record nothing")] = False,
) -> ImportView:
    """Take commands, one a line, and record them one after the other; a row that cannot be recorded is skipped."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in MEDIA_TYPES:
        raise Fault(415, "NotNdjson", "send one command a line as application/x-ndjson")
    if not caller.reads():
        raise Fault(403, "NotAllowed", "importing takes the roles that its commands take: ask an administrator")
    job = await _imports(request).take(request.stream(), caller, dry_run=dry_run)
    response.headers["Location"] = f"{PREFIX}/{job.id}"
    response.headers["Retry-After"] = "1"
    return view_of(job)


@router.get("/{id}", operation_id="get_import")
def get_import(
    request: Request, response: Response, caller: Writer, id: Annotated[UUID, InPath(description="Id of the import")]
) -> ImportView:
    """Read how an import of yours goes, with a problem for each row that was not recorded."""
    job = _imports(request).get(id)
    if job is None or (job.account != caller.actor.account and not caller.has(frozenset({"admin"}), None)):
        raise Fault(404, "UnknownThing", f"no import {id} is remembered: send it again, nothing is recorded twice")
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Authorization, Accept"
    response.headers["X-Position"] = str(job.summary.position)
    return view_of(job)


def view_of(job: Job) -> ImportView:
    """Return how an import goes."""
    summary = job.summary
    return ImportView(
        id=job.id,
        state=job.state,
        dry_run=job.dry_run,
        rows=summary.rows,
        recorded=summary.recorded,
        before=summary.before,
        failed=summary.failed,
        position=summary.position,
        problems=[_row_problem(one) for one in sorted(summary.problems, key=lambda one: one.line)],
        detail=job.detail,
    )


def _row_problem(problem: RowProblem) -> RowProblemView:
    return RowProblemView(line=problem.line, reason=problem.reason)
