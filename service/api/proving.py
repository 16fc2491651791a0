"""The routes of the proofs: checkpoint and tiles as logs serve them, and proofs over the API.

Law: who may read what is in the log may read its entries, its hashes and its checkpoints; what an operator publishes,
anybody may. What is served at a size never changes.
"""

from base64 import b64encode
from collections.abc import Callable
from typing import Annotated, TypeVar

import structlog
from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response

from domain.values import Frozen
from proofs.proof import Proof
from proofs.tiles import Place, Tree, place_of
from proofs.tree import consistency_proof, inclusion_proof
from proofs.tree import root as root_of
from service.access import Caller
from service.api.callers import Known, reader
from service.api.documented import read_answers
from service.api.media import JSON, TLOG_PROOF, offering
from service.api.problems import Fault
from service.api.reads import ReadRoute
from service.notary import Contradiction, Notary, Signed

T = TypeVar("T")
log_ = structlog.get_logger()
served = APIRouter(include_in_schema=False)
router = APIRouter(prefix="/api/v1/proofs", tags=["proofs"], route_class=ReadRoute)
IMMUTABLE, BRIEFLY = "max-age=31536000, immutable", "max-age=1"


def mount(app: FastAPI) -> None:
    """Add the routes of the proofs."""
    app.include_router(served)
    app.include_router(router)


def notary_of(request: Request) -> Notary:
    """Return the notary. Raise 503 where the service has none: its key is not at hand."""
    notary: Notary | None = request.app.state.notary
    if notary is None:
        raise Fault(503, "NoNotary", "this process has no key of the log: see `onrecord keys`")
    return notary


async def reads_hashes(request: Request, caller: Known) -> None:
    """Let through who may see hashes: anybody, where they are published."""
    if request.app.state.settings.publish == "nothing":
        await reader(request, caller)


async def reads_entries(request: Request, caller: Known) -> None:
    """Let through who may read all events: anybody, where they are published."""
    if request.app.state.settings.publish != "entries":
        check_reads_all(await reader(request, caller))


def check_reads_all(caller: Caller) -> None:
    """Raise 403 unless the caller may read every incident."""
    if caller.within() is not None:
        raise Fault(403, "NotAllowed", "the entries of the log are read by who may read every incident")


async def _signed(request: Request) -> Signed:
    """Return the newest checkpoint; raise 404 before the first, 503 where none is signed any more."""
    found = await _read(notary_of(request).last)
    if found is None:
        raise Fault(404, "UnknownThing", "nothing is recorded yet, and nothing signed")
    return found


@served.get("/checkpoint", dependencies=[Depends(reads_hashes)])
async def checkpoint(request: Request) -> Response:
    """Answer the newest checkpoint, with the signatures of the log and of witnesses."""
    note = str((await _signed(request)).note)
    return Response(
        note, media_type="text/plain; charset=utf-8", headers=_cached(request, BRIEFLY, "hashes", "entries")
    )


@served.get("/tile/entries/{path:path}", dependencies=[Depends(reads_entries)])
async def entries(request: Request, path: str) -> Response:
    """Answer the stored bytes of up to 256 events, each behind its length in two bytes."""
    place = await _signed_place(request, "0", path)
    return await _tile(request, place, notary_of(request).entries, "entries")


@served.get("/tile/{level}/{path:path}", dependencies=[Depends(reads_hashes)])
async def tile(request: Request, level: str, path: str) -> Response:
    """Answer up to 256 hashes of the tree."""
    place = await _signed_place(request, level, path)
    return await _tile(request, place, notary_of(request).hashes.tile, "hashes", "entries")


async def _signed_place(request: Request, level: str, path: str) -> Place:
    """Return a tile's place; raise 404 for what is none, or is not signed yet."""
    place = place_of(level, path)
    if place is None or place.end > (await _signed(request)).checkpoint.size:
        raise Fault(404, "UnknownThing", "there is no such tile: read the checkpoint for the size of the tree")
    return place


async def _tile(request: Request, place: Place, read: Callable[[Place], bytes], *published: str) -> Response:
    data = await _read(read, place)
    return Response(data, media_type="application/octet-stream", headers=_cached(request, IMMUTABLE, *published))


async def _read(work: Callable[..., T], *given: object) -> T:
    """Return what is read of log and tiles. Raise 503 where they are not what was signed."""
    try:
        return await to_thread.run_sync(work, *given)
    except Contradiction as problem:
        raise Fault(503, "LogContradicted", str(problem)) from None
    except (KeyError, ValueError):
        raise Fault(503, "LogContradicted", "the log lacks what was signed: `onrecord verify` says more") from None
    except OSError as problem:
        log_.error("the last checkpoint cannot be read", error=str(problem))
        raise Fault(503, "NoNotary", "the last checkpoint cannot be read: tell the operator") from None


def _cached(request: Request, how: str, *published: str) -> dict[str, str]:
    """Return the headers of what may be cached: by anybody where the operator publishes just this."""
    is_public = request.app.state.settings.publish in published
    return {"Cache-Control": f"{'public' if is_public else 'private'}, {how}", "Vary": "Authorization"}


class ProofView(Frozen):
    """What proves something of the log at the size of a checkpoint. Hashes are in base64, as in the checkpoint."""

    checkpoint: str
    """The signed note: name of the log, size, root, signatures."""
    size: int
    proof: tuple[str, ...]


class InclusionView(ProofView):
    """That an event is in the log: `is_included` of RFC 9162 section 2.1.3.2, with the position less one as index."""

    position: int
    leaf: str


class ConsistencyView(ProofView):
    """That the log at a position begins the log at a size: RFC 9162 section 2.1.4.2.

    What a view answers at a position follows from the events up to it, of which this root is made.
    """

    position: int
    root: str


At = Annotated[int, Query(ge=1, lt=2**63, description="A position")]
Size = Annotated[
    int | None, Query(ge=1, lt=2**63, description="The size of a checkpoint, of the newest one where it is left out")
]


@router.get(
    "/inclusion",
    operation_id="get_inclusion_proof",
    dependencies=[Depends(reads_hashes)],
    response_model=InclusionView,
    responses=read_answers((JSON, TLOG_PROOF)),
)
@offering(JSON, TLOG_PROOF)
async def inclusion(request: Request, response: Response, position: At, size: Size = None) -> InclusionView | Response:
    """Prove that an event is in the log that a checkpoint signs; as text/plain, a c2sp.org/tlog-proof."""
    signed, tree = await _proving(request, response, position, size)

    def read() -> tuple[bytes, list[bytes]]:
        return tree.subtree(0, position - 1), inclusion_proof(position - 1, tree.size, tree.subtree)

    leaf, hashes = await _read(read)
    if request.state.form is TLOG_PROOF:
        proof = Proof(position - 1, tuple(hashes), signed.note)
        return Response(str(proof), media_type=TLOG_PROOF.media_type, headers=dict(response.headers))
    return InclusionView(
        checkpoint=str(signed.note),
        size=tree.size,
        position=position,
        leaf=_text(leaf),
        proof=tuple(map(_text, hashes)),
    )


@router.get("/consistency", operation_id="get_consistency_proof", dependencies=[Depends(reads_hashes)])
async def consistency(request: Request, response: Response, position: At, size: Size = None) -> ConsistencyView:
    """Prove that what was in the log at a position begins what a checkpoint signs: with it, each answer as of then."""
    signed, tree = await _proving(request, response, position, size)

    def read() -> ConsistencyView:
        return ConsistencyView(
            checkpoint=str(signed.note),
            size=tree.size,
            position=position,
            root=_text(root_of(position, tree.subtree)),
            proof=tuple(map(_text, consistency_proof(position, tree.size, tree.subtree))),
        )

    return await _read(read)


def _describe(response: Response, position: int) -> None:
    """Say up to which position it goes, and that it is asked anew: the newest checkpoint is another one soon."""
    response.headers["X-Position"] = str(position)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Authorization, Accept"


async def _of_size(request: Request, size: int | None) -> Signed:
    """Return the checkpoint of a size; raise 404 where none was signed."""
    if size is None:
        return await _signed(request)
    found = await _read(notary_of(request).of_size, size)
    if found is None:
        raise Fault(404, "UnknownThing", f"no checkpoint was signed at size {size}: leave it out, and take the newest")
    return found


async def _proving(request: Request, response: Response, position: int, size: int | None) -> tuple[Signed, Tree]:
    """Return a checkpoint and its tree; raise 404 where there is none, or it ends before a position."""
    signed = await _of_size(request, size)
    _describe(response, signed.checkpoint.size)
    if position > signed.checkpoint.size:
        raise Fault(
            404, "UnknownThing", f"the checkpoint ends at position {signed.checkpoint.size}: ask again in a moment"
        )
    return signed, Tree(notary_of(request).hashes, signed.checkpoint.size)


def _text(hash_: bytes) -> str:
    return b64encode(hash_).decode()


class LogView(Frozen):
    """The log as a public log: its name, and the keys that sign it."""

    origin: str
    keys: tuple[str, ...]
    """Verifier keys (c2sp.org/signed-note), the newest first: one of them has signed each checkpoint."""
    signed: bool
    """Whether checkpoints are signed. They are not where the log contradicts what was signed before."""
    why: str | None = None


@router.get("/log", operation_id="get_log", dependencies=[Depends(reads_hashes)])
async def log(request: Request, response: Response) -> LogView:
    """Say what the log is called, and which keys sign it. Compare them with what you were told by other means."""
    notary = notary_of(request)
    _describe(response, notary.size)
    broken = notary.broken
    return LogView(
        origin=notary.keys.signer.name, keys=tuple(map(str, notary.keys.all)), signed=broken is None, why=broken
    )
