"""`onrecord serve`: the API, with the writer and the views in one process."""

from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from service.api.app import create_app
from service.settings import Settings

Data = Annotated[Path | None, typer.Option(help="Folder of the record (or ONRECORD_DATA)")]


def settings_of(data: Path | None, **others: object) -> Settings:
    """Return the settings, with what the command line gives in place of what is set."""
    given = {name: value for name, value in {"data": data, **others}.items() if value is not None}
    return Settings(**given)  # type: ignore[arg-type]  # checked by pydantic


def serve(
    data: Data = None,
    host: Annotated[str | None, typer.Option(help="Address to serve on")] = None,
    port: Annotated[int | None, typer.Option(help="Port to serve on")] = None,
) -> None:
    """Serve the API."""
    settings = settings_of(data, host=host, port=port)
    run(settings)


def run(settings: Settings) -> None:
    """Serve until told to stop; open requests then have ten seconds to finish."""
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level,
        timeout_graceful_shutdown=10,
        server_header=False,
    )
