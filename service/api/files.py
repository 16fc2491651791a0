"""Evidence files: up as a stream, down as an attachment, checked both ways."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated

from fastapi import APIRouter, FastAPI, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import Connection, select

from domain.values import Role
from projections.views.evidence import evidence
from service.access import Caller
from service.api.callers import Reader, Writer
from service.api.documented import problems
from service.api.media import FILE, offering
from service.api.problems import Fault
from service.api.reading import Views
from service.api.reads import ReadRoute, unchanged
from service.evidence import EmptyEvidence, EvidenceDamaged, EvidenceStore, EvidenceTooLarge

PREFIX = "/api/v1/files"
FileHash = Annotated[
    str,
    Path(pattern=r"^sha256:[0-9a-f]{64}$", description="The file's SHA-256, in hex", examples=["sha256:" + "0" * 64]),
]
UPLOADERS: frozenset[Role] = frozenset({"reporter", "verifier", "editor"})
router = APIRouter(prefix=PREFIX, tags=["files"], route_class=ReadRoute)


class FileView(BaseModel):
    """A stored file: put `hash` and `size` into the evidence that you attach."""

    hash: str
    size: int


def mount(app: FastAPI) -> None:
    """Add the routes of evidence files."""
    app.include_router(router)


def _store(request: Request) -> EvidenceStore:
    store: EvidenceStore = request.app.state.evidence
    return store


@router.post(
    "",
    status_code=201,
    operation_id="upload_file",
    response_model=FileView,
    responses={
        200: {"description": "These bytes are held already", "model": FileView},
        **problems(400, 401, 403, 413, 422, 429, 503),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary", "minLength": 1}}},
        }
    },
)
async def upload(request: Request, response: Response, caller: Writer) -> FileView:
    """Store the bytes of the body under their SHA-256. The same bytes twice are one file."""
    if not any(role in UPLOADERS for role, _ in caller.grants):
        raise Fault(403, "NotAllowed", "uploading takes one of the roles editor, reporter, verifier")
    try:
        stored = await _store(request).store(_body(request))
    except EvidenceTooLarge as problem:
        raise Fault(413, "TooLarge", str(problem)) from problem
    except EmptyEvidence as problem:
        raise Fault(422, "EmptyEvidence", str(problem)) from problem
    response.headers["Location"] = f"{PREFIX}/{stored.hash}"
    if not stored.new:
        response.status_code = 200
    return FileView(hash=stored.hash, size=stored.size)


async def _body(request: Request) -> AsyncIterator[bytes]:
    async for chunk in request.stream():
        yield chunk


@router.get("/{file_hash}", operation_id="download_file", response_class=StreamingResponse)
@offering(FILE)
def download(request: Request, caller: Reader, connection: Views, file_hash: FileHash) -> Response:
    """Send the file as an attachment, after checking its bytes against its name."""
    store = _store(request)
    size = store.size(file_hash) if _may_see(caller, connection, file_hash) else None
    if size is None:
        raise Fault(404, "UnknownThing", f"no file {file_hash} is held here")
    headers = {
        "ETag": f'"{file_hash}"',
        "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="{file_hash.removeprefix("sha256:")}.bin"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, max-age=31536000, immutable",
        "Vary": "Authorization, Accept",
    }
    return StreamingResponse(_checked(store, file_hash, request), media_type=FILE.media_type, headers=headers)


def _checked(store: EvidenceStore, file_hash: str, request: Request) -> Iterator[bytes]:
    """Return the bytes, checked; nothing is read for an answer that has no content."""
    if unchanged(request, f'"{file_hash}"') or getattr(request.state, "head", False):
        return iter(())
    try:
        return store.read(file_hash)
    except EvidenceDamaged as problem:
        raise Fault(500, "EvidenceDamaged", str(problem)) from problem


def _may_see(caller: Caller, connection: Connection, file_hash: str) -> bool:
    """Tell whether the caller may read a file: what was ever attached in an incident that the caller may read."""
    within = caller.within()
    if within is None:
        return True
    attached = select(evidence.c.evidence).where(evidence.c.hash == file_hash, evidence.c.incident.in_(within))
    return connection.execute(attached.limit(1)).first() is not None
