"""Which methods an address has: for Allow on 405 and for OPTIONS (RFC 9110 9.3.7, 15.5.6)."""

import re
from functools import lru_cache

from fastapi import FastAPI, Request
from starlette.routing import compile_path

Addresses = tuple[tuple[re.Pattern[str], frozenset[str]], ...]


def allowed(request: Request, routed: str) -> str:
    """Return the methods of an address, as `Allow` lists them; `routed` are those of the route that refused."""
    found = {name.strip() for name in routed.split(",") if name.strip()}
    for pattern, methods in _addresses(request.app):
        if pattern.match(request.url.path):
            found |= methods
    found = found or {"GET"}  # what lies in folders is only read
    return ", ".join(sorted(found | {"OPTIONS"} | ({"HEAD"} if "GET" in found else set())))


@lru_cache(maxsize=8)
def _addresses(app: FastAPI) -> Addresses:
    paths: dict[str, dict[str, object]] = app.openapi()["paths"]
    return tuple((compile_path(path)[0], frozenset(map(str.upper, methods))) for path, methods in paths.items())
