"""A walk along a log: each event after the one before it, in the log and in its aggregate, and the tree that they make.

Law: an event is believed in nothing but its bytes. The first thing that is not right is told, with its position, what
was expected and what was found.
"""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from proofs.tree import Edge, leaf_hash

SEALED, ERASED = "subject.sealed.v1", "subject.erased.v1"
MOST = 2**53
"""What no version comes to: from there on, not every reader of JSON has the same number."""


class Wrong(Exception):
    """Something is not what it must be; at a position, where one can be named."""

    def __init__(self, what: str, expected: object, found: object, position: int | None = None) -> None:
        super().__init__(what, expected, found, position)
        self.what, self.expected, self.found = _shown(what), _shown(expected), _shown(found)
        self.position = position

    def __str__(self) -> str:
        where = f"position {self.position}: " if self.position is not None else ""
        return f"{where}{self.what}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Said:
    """What an event's bytes say that binds it to others."""

    aggregate: str
    version: int
    name: str
    recorded_at: str
    """In UTC, with all six digits of the second, so that their order is that of time."""
    previous: str | None


@dataclass(frozen=True, slots=True)
class Last:
    """The last event of an aggregate so far."""

    position: int
    version: int
    mark: str


@dataclass(slots=True)
class Walk:
    """How far one has come, and what the events so far make."""

    edge: Edge = field(default_factory=Edge)
    last: dict[str, Last] = field(default_factory=dict)
    recorded_at: str = ""
    events: int = 0
    sealed: Counter[str] = field(default_factory=Counter)
    """How many passages were sealed of each person."""
    erased: set[str] = field(default_factory=set)
    """The persons whose passages nobody can read any more."""

    def take(self, position: int, data: bytes, *, from_the_first: bool = True) -> Said:
        """Take the next event; `from_the_first`, its aggregate's first event was taken, or is this. Raise `Wrong`."""
        self.check_next(position)
        said = said_by(data, position)
        leaf = leaf_hash(data)
        before = self.last.get(said.aggregate)
        if before is not None or from_the_first:
            self._follows(position, said, before)
        if said.recorded_at <= self.recorded_at:
            raise Wrong("the recorded time", f"one after {self.recorded_at}", said.recorded_at, position)
        self.recorded_at = said.recorded_at
        self.last[said.aggregate] = Last(position, said.version, leaf.hex())
        self.edge.append(leaf)
        self.events += 1
        self._count(said)
        return said

    def _count(self, said: Said) -> None:
        """Take note of what is sealed and of who is erased: what was sealed stays in the log as it was."""
        if said.name == SEALED:
            self.sealed[said.aggregate] += 1
        elif said.name == ERASED:
            self.erased.add(said.aggregate)

    def leave_out(self, position: int, height: int, hash_: bytes) -> None:
        """Pass over a complete subtree that begins at a position. Raise `Wrong` where it cannot stand there."""
        self.check_next(position)
        try:
            self.edge.append(hash_, height)
        except ValueError:
            raise Wrong("what is left out", "a height that may begin here", f"height {height}", position) from None

    def check_next(self, position: int) -> None:
        """Raise `Wrong` unless a position is the next one."""
        expected = self.edge.size + 1
        if position != expected:
            raise Wrong("the events", f"position {expected}", f"position {position}", expected)

    def _follows(self, position: int, said: Said, before: Last | None) -> None:
        version = before.version + 1 if before is not None else 1
        if said.version != version:
            raise Wrong(f"the events of {said.aggregate}", f"version {version}", f"version {said.version}", position)
        if before is None and said.previous is not None:
            raise Wrong("what the first event names as the one before", "none", said.previous, position)
        if before is not None and said.previous != before.mark:
            what = f"the hash of the event that position {position} names as the one before it"
            raise Wrong(what, said.previous, before.mark, before.position)


def said_by(data: bytes, position: int) -> Said:
    """Return what an event's bytes say. Raise `Wrong` where they are none."""
    try:
        said: dict[str, Any] = json.loads(data.decode(), parse_constant=_refuse)
        version = _whole_number(said["version"])
        found = Said(said["aggregate"], version, said["name"], _padded(said["recorded_at"]), said["previous"])
        is_event = str(UUID(found.aggregate)) == found.aggregate
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise Wrong("the bytes of the event", "an event in JSON", "something else", position) from None
    if not is_event or type(found.name) is not str:
        raise Wrong("the bytes of the event", "an event in JSON", "something else", position)
    return found


def check_hash(position: int, data: bytes, expected: bytes) -> None:
    """Raise `Wrong` unless bytes have the hash that was kept of them."""
    if (found := leaf_hash(data)) != expected:
        raise Wrong("the hash of the event's bytes", expected.hex(), found.hex(), position)


def check_those_there(aggregates: Collection[str], said: Said, position: int) -> None:
    """Raise `Wrong` unless an event is of one of these aggregates."""
    if said.aggregate not in aggregates:
        raise Wrong("the event", f"one of {', '.join(sorted(aggregates))}", f"one of {said.aggregate}", position)


def _shown(value: object) -> str:
    """Return what is told of a value: what comes from a bundle says nothing to a terminal but itself."""
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in str(value))


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _whole_number(number: object) -> int:
    """Return a number that is whole, however it is written. Raise ValueError for any other."""
    if isinstance(number, bool) or not isinstance(number, int | float) or abs(number) >= MOST or number != int(number):
        raise ValueError(number)
    return int(number)


def _padded(moment: str) -> str:
    whole, _, parts = moment.removesuffix("Z").partition(".")
    return f"{whole}.{parts:0<6}Z"
