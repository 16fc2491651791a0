"""Who writes while a cluster breaks: clients over HTTP, each with a key for every claim.

Law: a client asks again, with the same key, until it is answered 201; it believes nothing else, and gives nothing up
before its time is over.
"""

import json
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import pairwise
from random import Random

from bench.desk import SEED, Desk, sentence

WRITERS = 8
PATIENCE = 20.0
"""Seconds that a client waits for an answer, before it asks again."""
PAUSE = 0.05
"""Seconds between an answer and the next claim: the machine has more to do than to answer."""
GIVEN_UP = 180.0
"""Seconds after which a claim that is not acknowledged is told as that."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A claim that was answered 201: its key, the position that its receipt told, and when."""

    key: str
    position: int
    at: float
    asked: int
    """How often it was asked for."""


@dataclass
class Told:
    """What writers were told: what was acknowledged, what else was answered, and how long an answer took at most."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)
    longest: float = 0.0
    given_up: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def other(self, what: str) -> None:
        """Note an answer that is no receipt, or that none came."""
        with self._lock:
            self.others[what] = self.others.get(what, 0) + 1

    def took(self, seconds: float) -> None:
        """Note how long an answer took, or the failure that came in its place."""
        with self._lock:
            self.longest = max(self.longest, seconds)

    def repeated(self) -> int:
        """Return how many requests were asked again."""
        return sum(one.asked - 1 for one in self.acknowledged)

    def gap(self, since: float) -> float:
        """Return the longest time without an acknowledgement, from a moment on."""
        times = [since, *sorted(one.at for one in self.acknowledged if one.at >= since)]
        return max((b - a for a, b in pairwise(times)), default=0.0)


class Writers:
    """Clients that write until they are told to stop; then each waits until its last claim is acknowledged."""

    def __init__(self, name: str, ports: Sequence[int], secret: str, desk: Desk) -> None:
        self.told = Told()
        self._name, self._ports, self._secret, self._desk = name, ports, secret, desk
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(n,), daemon=True) for n in range(WRITERS)]

    def start(self) -> None:
        """Begin to write."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> Told:
        """Begin nothing more, wait until all that was begun is acknowledged, and return what was told."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        return self.told

    def _write(self, number: int) -> None:
        chance = Random(f"{SEED} {self._name} {number}")
        client = Client(self._ports, number, self._secret, self.told)
        count = 0
        while not self._over.wait(PAUSE):
            key = f"{self._name}-{number}-{count}"
            claim = self._desk.claim(chance.randrange(len(self._desk.incidents)), f"{key} {sentence(chance)}")
            body = claim.model_dump_json(exclude={"incident"}, exclude_defaults=True)
            client.write(key, f"/api/v1/incidents/{claim.incident}/claims", body)
            count += 1
        client.close()


class Client:
    """One client: it stays with a service that answers, and tries the next one where that does not."""

    def __init__(self, ports: Sequence[int], number: int, secret: str, told: Told) -> None:
        self._ports, self._turn, self._secret, self._told = ports, number, secret, told
        self._connection: HTTPConnection | None = None

    def write(self, key: str, path: str, body: str) -> None:
        """Ask until it is acknowledged."""
        until, asked = time.monotonic() + GIVEN_UP, 0
        while time.monotonic() < until:
            asked += 1
            position = self._asked(key, path, body)
            if position is not None:
                self._told.acknowledged.append(Acknowledged(key, position, time.monotonic(), asked))
                return
        self._told.given_up.append(key)

    def _asked(self, key: str, path: str, body: str) -> int | None:
        """Ask once; return the position that was told, None where it has to be asked again, after some time."""
        headers = {
            "Authorization": f"Bearer {self._secret}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        begun = time.monotonic()
        try:
            connection = self._connected()
            connection.request("POST", path, body.encode(), headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as problem:
            self._told.other("no answer in time" if isinstance(problem, TimeoutError) else "no answer")
            self._next()
            time.sleep(0.2)
            return None
        finally:
            self._told.took(time.monotonic() - begun)
        if answer.status == 201:
            return int(json.loads(content)["position"])
        wait = answer.getheader("Retry-After")
        self._told.other(f"{answer.status}" if wait is not None else f"{answer.status} without Retry-After")
        time.sleep(float(wait or 1))
        return None

    def _connected(self) -> HTTPConnection:
        if self._connection is None:
            port = self._ports[self._turn % len(self._ports)]
            self._connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        return self._connection

    def _next(self) -> None:
        self.close()
        self._turn += 1

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
            self._connection = None
