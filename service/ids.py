"""New ids: UUID version 7 (RFC 9562 5.7), so that they sort by the time they were made."""

import os
import time
from uuid import UUID


def uuid7() -> UUID:
    """Return a new id: 48 bits of milliseconds, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    number = (milliseconds & (2**48 - 1)) << 80 | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=number)
