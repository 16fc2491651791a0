"""Is it alive, is it ready, and how it fares: for those who run it.

Law: answered on the event loop, from memory and one row of an index: no thread is needed, whatever waits for one.
"""

from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from service.api.moments import LAG_ALLOWED, head_of, views_of
from service.erasing import Eraser
from service.follower import Follower
from service.notary import Notary
from service.notary.watching import Watch

router = APIRouter(include_in_schema=False)


def mount(app: FastAPI) -> None:
    """Add /healthz/live, /healthz/ready and /metrics."""
    app.include_router(router)


@router.get("/healthz/live")
async def live() -> dict[str, str]:
    """Answer while the process serves."""
    return {"status": "live"}


@router.get("/healthz/ready")
async def ready(request: Request) -> JSONResponse:
    """Answer 200 when database, views and schema are ready; 503 with what is not, else.

    Anybody may ask: why a view failed is told to operators only, since it may hold what an event says.
    """
    head = await head_of(request)
    views = [
        {"name": v.name, "state": v.state, "position": v.position, "lag": head - v.position}
        for v in views_of(request).status()
    ]
    # What was recorded before the start is shown before the service is ready, not only what is near.
    allowed = min(LAG_ALLOWED, max(head - request.app.state.began_at, 0))
    follower: Follower | None = request.app.state.follower
    follows = follower is None or follower.follows
    well = (
        not request.app.state.stopping
        and follows
        and all(v["state"] == "live" and _near(v["lag"], allowed) for v in views)
    )
    body: dict[str, Any] = {
        "status": "ready" if well else "not ready",
        "head": head,
        "views": views,
        "proofs": proofs_of(request),
        "vault": vault_of(request),
    }
    return JSONResponse(jsonable_encoder(body), 200 if well else 503, headers={"Cache-Control": "no-store"})


def _near(lag: object, allowed: int) -> bool:
    return isinstance(lag, int) and lag <= allowed


def vault_of(request: Request) -> str | None:
    """Tell whether the vault of sealed passages could be used a minute ago; None where the service has none."""
    eraser: Eraser | None = request.app.state.eraser
    if eraser is None or request.app.state.sealing is None:
        return None
    return "well" if eraser.is_well else "not well"


NOT_HERE: dict[str, Any] = {
    "signs": False,
    "signed": 0,
    "witnesses": [],
    "checked_at": None,
    "intact_until": 0,
    "intact": None,
}
"""What a service tells that has not the log's key: who has it signs, and checks."""


def proofs_of(request: Request) -> dict[str, Any] | None:
    """Return what is signed, who has seen it, and when the record was last found whole; None where nothing is signed.

    Not being whole makes a service no less ready to answer: it is told here, and in the logs.
    """
    notary: Notary | None = request.app.state.notary
    watch: Watch | None = request.app.state.watch
    if notary is None or watch is None:
        return NOT_HERE if request.app.state.is_served else None
    return {
        "signs": notary.broken is None,
        "signed": notary.size,
        "witnesses": [
            {"name": one.key.name, "signed": one.last, "away": one.why is not None} for one in notary.witnesses
        ],
        "checked_at": watch.checked_at,
        "intact_until": watch.size,
        "intact": None if watch.checked_at is None else watch.problem is None,
    }


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Answer in the Prometheus text format."""
    registry = CollectorRegistry()
    Gauge("onrecord_head_position", "Last position of the log", registry=registry).set(await head_of(request))
    lag = Gauge("onrecord_view_position", "Position that a view shows", ["view"], registry=registry)
    for view in views_of(request).status():
        lag.labels(view.name).set(view.position)
    if (proofs := proofs_of(request)) is not None:
        signs = Gauge("onrecord_signs", "1 where checkpoints are signed", registry=registry)
        signs.set(proofs["signs"])
        Gauge("onrecord_signed_position", "Size of the newest checkpoint", registry=registry).set(proofs["signed"])
        checked = Gauge("onrecord_intact_position", "Events that were right at the last check", registry=registry)
        checked.set(proofs["intact_until"])
        witnessed = Gauge("onrecord_witnessed_position", "What a witness signed last", ["witness"], registry=registry)
        for one in proofs["witnesses"]:
            witnessed.labels(one["name"]).set(one["signed"] or 0)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
