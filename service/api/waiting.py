"""Waiting on the event loop: until the views have come somewhere, and for a connection to read them.

Law: who waits holds no thread and no connection: whatever waits, what does not have to wait is answered at once.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from projections.runner import Runner
from service.api.problems import Fault

Waiting = tuple[asyncio.AbstractEventLoop, asyncio.Event]


class Readers:
    """Lets so many requests at a time have a connection to the views, and the others wait.

    A request has its connection while it goes from thread to thread. Were it sought in a thread, those who wait could
    take all threads, and those who have one could not go on.
    """

    def __init__(self, connections: int, wait: float) -> None:
        self._free, self._wait = asyncio.Semaphore(max(1, connections * 3 // 5)), wait

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place, in turn; 503 where there is none for too long."""
        try:
            async with asyncio.timeout(self._wait):
                await self._free.acquire()
        except TimeoutError:
            raise Fault(503, "Unavailable", "too many read at the same time: ask again", {"Retry-After": "1"}) from None
        try:
            yield
        finally:
            self._free.release()


class Moves:
    """Tells everybody who waits, on whichever loop, that the views have moved."""

    def __init__(self, views: Runner) -> None:
        self._waiting: set[Waiting] = set()
        self._changing = threading.Lock()
        """Held to tell, too: a loop that somebody waits on is not closed yet."""
        views.on_move(self._tell)

    async def until(self, reached: Callable[[], bool], seconds: float) -> bool:
        """Wait at most so many seconds until something is reached, and tell whether it is."""
        if reached():
            return True
        moved = asyncio.Event()
        me = (asyncio.get_running_loop(), moved)
        with self._changing:
            self._waiting.add(me)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while not reached():
                        await moved.wait()
                        moved.clear()
        finally:
            with self._changing:
                self._waiting.remove(me)
        return reached()

    def _tell(self) -> None:
        with self._changing:
            for loop, moved in self._waiting:
                loop.call_soon_threadsafe(moved.set)
