"""Downloads: answers that are streamed for as long as their readers take.

Law: however many ask and however slowly they read, connections to the views are left for ordinary reads.
"""

import threading

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from service.api.problems import Fault


class Places:
    """The places that downloads take, for one application: two of five connections for reading."""

    def __init__(self, readers: int) -> None:
        self.most = max(1, readers * 2 // 5)
        self.free = threading.BoundedSemaphore(self.most)


class Download(StreamingResponse):
    """A streamed answer, which takes a place from its first byte to its last, or is 503 where none is free."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        places: Places = scope["app"].state.downloads
        if not places.free.acquire(blocking=False):
            under_way = f"{places.most} downloads are under way, and no more at a time"
            detail = f"{under_way}: ask again, or read the list in pages"
            raise Fault(503, "TooManyDownloads", detail, {"Retry-After": "5"})
        try:
            await super().__call__(scope, receive, send)
        finally:
            places.free.release()
