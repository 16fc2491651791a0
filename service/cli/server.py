"""The web server as `onrecord serve` runs it.

Law: asked to stop, it first says that it is not ready, then takes no more requests, lets the open ones finish, and
ends within ten seconds. Who does not read a live stream is not waited for.
"""

import signal
import socket
import time
from types import FrameType

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.api import live
from service.api.app import create_app
from service.cli.exits import NotAvailable
from service.settings import Settings

NOTICE = 1.0
"""Seconds between saying that it is not ready and taking no more requests: who balances load can see it."""
GRACE = 6
"""Seconds that open requests have to finish then: a read that waits for its position has all of its time. With the
notice, and what the process that keeps the views takes for its batch, it is nine at the most."""


def run_server(settings: Settings, taken: socket.socket) -> None:
    """Serve on a port until told to stop. Raise `NotAvailable` where the service does not come up."""
    app = create_app(settings)
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=GRACE, server_header=False, lifespan="on")
    try:
        Served(config, app).run(sockets=[taken])
    except SystemExit as problem:
        raise NotAvailable("the service could not start: the log above says why") from problem


class Served(uvicorn.Server):
    """The web server, which says that it is not ready before it stops."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app
        self._stop_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; a second signal, or Ctrl-C, does not wait for the balancers to notice."""
        self._app.state.stopping = True
        again = self._stop_at is not None
        self._stop_at = time.monotonic() + (0 if again or sig == signal.SIGINT else NOTICE)
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cut the streams whose readers have stopped reading: they cannot be told that it is over."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, HttpToolsProtocol) and _is_stuck_stream(connection):
                connection.transport.abort()
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Tell, ten times a second, whether it is time to stop."""
        if self._stop_at is not None and time.monotonic() >= self._stop_at:
            self.should_exit = True
        return await super().on_tick(counter)


def _is_stuck_stream(connection: HttpToolsProtocol) -> bool:
    return connection.flow.write_paused and connection.cycle.scope["path"] == live.PATH
