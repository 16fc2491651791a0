"""The service as `onrecord serve` runs it, with two routes beside it that do nothing: what a request costs as such.

`POST /bench/nothing` answers a constant. `POST /bench/{incident}/nothing` passes all that a claim passes, the key, the
path, the body's model, and answers a constant in place of asking the ledger. No limit of requests a minute applies.
"""

import sys
from pathlib import Path
from uuid import UUID

import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import TypeAdapter

from domain.incident_commands import MakeClaim
from service.api.acts import ACTS
from service.api.app import create_app
from service.api.writes import WriteRoute, read_write
from service.api.writing import body_of
from service.settings import Settings

CLAIM = next(act for act in ACTS if act.command is MakeClaim)
NewClaim = body_of(CLAIM)
IDS = {"incident": TypeAdapter(UUID)}
ANSWER = b'{"aggregate":"%s","version":1,"position":1,"events":["claim.made.v1"],"ids":{}}' % (b"0" * 36)
HEADERS = {"ETag": '"1"', "X-Position": "1", "Cache-Control": "no-store"}


def with_idle_routes(app: FastAPI) -> FastAPI:
    """Add the routes that do nothing to the application, behind the same guards."""

    @app.post("/bench/nothing")
    async def nothing(request: Request) -> Response:
        return Response(ANSWER, 201, HEADERS, "application/json")

    async def checked(request: Request) -> Response:
        await read_write(request, IDS, NewClaim)
        return Response(ANSWER, 201, HEADERS, "application/json")

    app.router.routes.append(WriteRoute("/bench/{incident}/nothing", checked, methods=["POST"]))
    # First in the table, so that finding them costs nothing either.
    app.router.routes[:0] = [app.router.routes.pop(), app.router.routes.pop()]
    return app


def main(folder: str, port: str) -> None:
    """Serve until told to stop."""
    app = with_idle_routes(
        create_app(Settings.read(data=Path(folder), reads_per_minute=0, writes_per_minute=0, log_level="error"))
    )
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", server_header=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
