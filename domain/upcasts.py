"""Old shapes of events, read as today's.

Law: one function for each event name that is no longer written; the stored bytes are never touched.
"""

from collections.abc import Callable
from typing import Any

Upcast = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]

UPCASTS: dict[str, Upcast] = {}
"""Old name -> function from its payload to the next name and payload."""


def upcast(name: str, payload: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the newest name and payload for a stored one."""
    while name in UPCASTS:
        name, payload = UPCASTS[name](payload)
    return name, payload
