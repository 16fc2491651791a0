"""Downloads: answers that are streamed for as long as their readers take.

Law: however many ask and however slowly they read, connections to the views are left for ordinary reads.
"""

import threading

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from projections.database import READERS
from service.api.problems import Fault

MOST = READERS * 2 // 5
"""Downloads that are under way at the same time."""


def places() -> threading.Semaphore:
    """Return the places that downloads take, for one application."""
    return threading.BoundedSemaphore(MOST)


class Download(StreamingResponse):
    """A streamed answer, which takes a place from its first byte to its last, or is 503 where none is free."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        free: threading.Semaphore = scope["app"].state.downloads
        if not free.acquire(blocking=False):
            detail = f"{MOST} downloads are under way, and no more at a time: ask again, or read the list in pages"
            raise Fault(503, "TooManyDownloads", detail, {"Retry-After": "5"})
        try:
            await super().__call__(scope, receive, send)
        finally:
            free.release()
