"""Single keys from a terminal, without waiting for Enter."""

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = {
    " ": "next",
    "n": "next",
    "\r": "next",
    "\n": "next",
    "\x1b[C": "next",
    "p": "back",
    "\x7f": "back",
    "\x1b[D": "back",
    ".": "end",
    "\x1b[F": "end",
    "q": "quit",
    "\x1b": "quit",
    "\x04": "quit",
}
"""What each key asks for; the arrows send three characters (ECMA-48, cursor control)."""


@contextmanager
def keys() -> Iterator[None]:
    """Let keys arrive one by one in the block, unechoed; Ctrl-C still interrupts."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def asked(timeout: float | None) -> str | None:
    """Wait for a key, at most so many seconds; return what it asks for, None where none came or it asks nothing."""
    ready, _, _ = select.select([sys.stdin], [], [], timeout)
    if not ready:
        return None
    sent = os.read(sys.stdin.fileno(), 8).decode(errors="replace")
    return NAMES.get(sent, "quit" if not sent else NAMES.get(sent[0]) if not sent.startswith("\x1b") else None)
