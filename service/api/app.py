"""The application: everything that it consists of is put together here, and nowhere else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from projections.runner import Runner
from service import logs, memory
from service.api import (
    answers,
    auditing,
    contract,
    differing,
    disclosing,
    docs,
    downloads,
    files,
    guards,
    health,
    importing,
    limiting,
    listing,
    live,
    problems,
    proving,
    reading,
    writing,
)
from service.api.waiting import Moves, Readers
from service.erasing import Eraser
from service.evidence import EvidenceStore
from service.follower import following
from service.ledger import Ledger
from service.notary import signing
from service.notary.watching import Watch
from service.sealing import Sealing
from service.settings import Settings
from service.vault import Vault
from service.views import open_views

DESCRIPTION = """
On Record keeps every report, claim and retraction about a contested event as an immutable event.
Write with `POST`; a write answers a receipt with its `position` in the record. Read with `GET`, now or, with `?at=` a
position or a time, as of any moment.
"""


def create_app(settings: Settings) -> FastAPI:
    """Return the application over the ledger of these settings; it opens when the server starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with (
            Ledger.open(settings, recalling=True) as ledger,
            open_views(settings) as views,
            following(settings, ledger, views) as follower,
            signing(settings, ledger) as notary,
        ):
            provide(app, settings, ledger, views)
            watch = Watch(settings, notary) if notary is not None else None
            app.state.follower, app.state.notary, app.state.watch = follower, notary, watch
            if watch is not None:
                watch.start()
            app.state.is_served = True
            eraser = Eraser(app.state.sealing)
            app.state.eraser = eraser
            eraser.start()
            memory.settle()
            yield
            app.state.stopping = True
            eraser.stop()
            if watch is not None:
                watch.stop()
            app.state.imports.close()
            app.state.evidence.close()

    logs.configure(settings.log_level)
    app = bare_app(lifespan)
    app.add_middleware(
        guards.Bodies,
        max_body=settings.max_body,
        max_streamed=settings.evidence_max,
        streamed=(files.PREFIX, importing.PREFIX),
    )
    app.add_middleware(limiting.Limits, settings=settings)
    app.add_middleware(guards.Safety)  # added last, it is the outermost
    return app


def provide(app: FastAPI, settings: Settings, ledger: Ledger, views: Runner) -> None:
    """Give the application what it serves."""
    app.state.settings, app.state.ledger, app.state.views = settings, ledger, views
    vault = Vault.of(settings)
    app.state.sealing = None if vault is None else Sealing(vault, ledger)
    app.state.evidence = EvidenceStore(settings.data / "evidence", settings.evidence_max)
    app.state.downloads = downloads.Places(views.readers)
    app.state.moves = Moves(views)
    app.state.readers = Readers(views.readers, settings.database_wait)
    app.state.imports = importing.Imports(settings, ledger)
    app.state.stopping = False
    app.state.began_at = ledger.head()
    app.state.is_served, app.state.eraser = False, None
    app.state.follower = app.state.notary = app.state.watch = None


def bare_app(lifespan: object = None) -> FastAPI:
    """Return the application with its routes, without anything behind them: enough for its OpenAPI document."""
    app = FastAPI(
        title="On Record",
        version="0.1.0",
        summary="What was claimed, by whom, and what was known when.",
        description=DESCRIPTION,
        lifespan=lifespan,  # type: ignore[arg-type]
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # else it is asked for at each request
    )
    problems.register(app)
    writing.mount(app)
    disclosing.mount(app)
    differing.mount(app)
    reading.mount(app)
    answers.mount(app)
    auditing.mount(app)
    proving.mount(app)
    listing.mount(app)
    files.mount(app)
    live.mount(app)
    importing.mount(app)
    health.mount(app)
    docs.mount(app)
    contract.complete(app)
    return app
