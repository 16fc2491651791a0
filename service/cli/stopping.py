"""Stopping a command: Ctrl-C and SIGTERM end it where nothing is left half done.

Law: while a block is held, a first signal waits until it is over; a second one does not.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from service.cli.exits import Stopped

_held = False
_asked = False


@contextmanager
def stoppable() -> Iterator[None]:
    """Let both signals raise `Stopped` in the block."""
    before = {number: signal.signal(number, _stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def held() -> Iterator[None]:
    """Let a signal wait until the block is over."""
    global _held
    _held = True
    try:
        yield
    finally:
        _held = False
    if _asked:
        raise Stopped


def _stop(number: int, frame: FrameType | None) -> None:
    global _asked
    if _held and not _asked:
        _asked = True
        return
    raise Stopped
