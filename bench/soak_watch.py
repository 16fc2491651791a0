"""What is watched while a desk is soaked: the memory of its processes, and how far its views lie behind.

Law: what it looks at it asks from outside, as an operator does: the system for memory, the service for its views.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

MEGABYTE = 1024.0
"""In kilobytes, as the system tells them."""
FLAT = 0.1
"""Memory is flat where in the last two thirds it would grow by no more than this share of itself in as long again."""


@dataclass
class Memory:
    """The resident memory of a process, in MB, at steps of time in seconds."""

    name: str
    times: list[float] = field(default_factory=list)
    sizes: list[float] = field(default_factory=list)

    def note(self, time: float, size: float) -> None:
        """Take in a measurement."""
        self.times.append(time)
        self.sizes.append(size)

    def slope(self) -> float:
        """Return by how many MB an hour it grows, by least squares over the last two thirds of the time."""
        first = len(self.times) // 3
        return 3_600 * slope(self.times[first:], self.sizes[first:])

    def is_flat(self) -> bool:
        """Tell whether it is flat."""
        first = len(self.times) // 3
        span = self.times[-1] - self.times[first]
        return self.slope() * span / 3_600 <= FLAT * self.sizes[first]


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """Return the slope of the line through points by least squares, 0 for fewer than two."""
    if len(times) < 2:
        return 0.0
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    spread = sum((time - middle) ** 2 for time in times)
    return sum((time - middle) * (value - mean) for time, value in zip(times, values, strict=True)) / spread


@dataclass
class Watched:
    """What was seen, step by step."""

    memories: dict[int, Memory] = field(default_factory=dict)
    lags: list[tuple[float, int]] = field(default_factory=list)
    at_the_end: int | None = None

    def note_memory(self, time: float, names: dict[int, str]) -> None:
        """Measure these processes, and what they started, and take it in."""
        for parent, name in names.items():
            for process, whose in ((parent, name), *((child, f"{name}, its views") for child in _children(parent))):
                size = resident(process)
                if size is not None:
                    self.memories.setdefault(process, Memory(whose)).note(time, size)


def resident(process: int) -> float | None:
    """Return the resident memory of a process in MB, None where there is none."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return int(found[0]) / MEGABYTE if found else None


def _children(process: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


async def lag_of(client: httpx2.AsyncClient) -> int:
    """Return how many positions the furthest view lies behind the log."""
    answer = await client.get("/healthz/ready")
    lags: list[int] = [view["lag"] for view in answer.json()["views"]]
    return max(lags)


async def caught_up(client: httpx2.AsyncClient, seconds: float) -> int:
    """Wait until no view lies behind, so many seconds at the most, and return how many positions one still does."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while (lag := await lag_of(client)) > 0 and loop.time() < until:
        await asyncio.sleep(0.05)
    return lag
