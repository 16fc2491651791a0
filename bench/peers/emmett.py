"""emmett-postgresql: a process of Node with its event store, where each caller awaits one append after the other."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO
from uuid import uuid4

import orjson

from bench.callers import Claim, Seen
from bench.peers.claims import fields
from bench.peers.node import script


class Emmett:
    """A client, at the other end of two pipes."""

    def __init__(self, asked: IO[bytes], answers: IO[bytes]) -> None:
        self._asked, self._answers = asked, answers

    def append(self, callers: int, claims: Sequence[Claim]) -> Seen:
        """Append claims, by so many callers, each with a stream of its own."""
        said = [fields(n, text, str(uuid4())) for n, text in claims]
        self._asked.write(orjson.dumps({"callers": callers, "claims": said}) + b"\n")
        self._asked.flush()
        seen = Seen(**orjson.loads(self._answers.readline()))
        assert len(seen.latencies) == len(claims), "each claim was appended"
        return seen


@contextmanager
def on_server(address: str) -> Iterator[Emmett]:
    """Start a client, with the pool that the store makes by itself."""
    with subprocess.Popen(script("emmett.mjs", address), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as node:
        assert node.stdin is not None
        assert node.stdout is not None
        yield Emmett(node.stdin, node.stdout)
