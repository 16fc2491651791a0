"""Waiting until the views have come somewhere, on the event loop.

Law: who waits holds no thread and no connection: whatever waits, what does not have to wait is answered at once.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from projections.runner import Runner

Waiting = tuple[asyncio.AbstractEventLoop, asyncio.Event]


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
