"""A desk that is measured: a ledger with incidents, and claims to make on them."""

from dataclasses import dataclass
from pathlib import Path
from random import Random
from uuid import UUID

from domain import incident_commands as c
from domain import values as v
from domain.commands import Command
from domain.events import Actor
from domain.source_commands import RegisterSource
from service.ledger import Idempotency, Ledger, Receipt, Request
from service.settings import Settings

SEED = 20240806
ACTOR = Actor()
WORDS = ("troops", "advanced", "six", "miles", "the", "governor", "said", "on", "Tuesday", "бої", "тривають", "border")
TEXT = 150
"""Letters of a claim's wording: its stored event then has about 600 bytes, of which about 400 are payload."""


@dataclass(frozen=True, slots=True)
class Desk:
    """An open ledger, and what claims can be made of: incidents with a report each, and a source."""

    ledger: Ledger
    source: UUID
    incidents: tuple[tuple[UUID, UUID], ...]

    def claim(self, n: int, text: str) -> c.MakeClaim:
        """Return the n-th claim, on one incident after the other."""
        incident, report = self.incidents[n % len(self.incidents)]
        return c.MakeClaim(
            incident=incident,
            report=report,
            wording=v.Wording(text=text, language="en"),
            attribution=v.Attribution(claimant=self.source, verb="said"),
            reference=f"bench-{n}",
        )


def open_ledger(folder: Path, *, read_only: bool = False) -> Ledger:
    """Open a ledger as the service does."""
    return Ledger.open(Settings(data=folder), read_only=read_only)


def desk_of(ledger: Ledger, incidents: int) -> Desk:
    """Open incidents in a ledger."""
    source = do(ledger, RegisterSource(name="Regional governor", kind="official")).aggregate
    opened = []
    for n in range(incidents):
        incident = do(ledger, c.OpenIncident(title=f"Incident {n}")).aggregate
        report = do(ledger, c.ReceiveReport(incident=incident, source=source, title="A statement"))
        opened.append((incident, UUID(report.ids["report"])))
    return Desk(ledger, source, tuple(opened))


def do(ledger: Ledger, command: Command) -> Receipt:
    """Give a command and wait for its receipt."""
    return ledger.execute_now(Request(command, ACTOR))


def asked(command: Command, key: str) -> Request:
    """Return the request of a command as one over HTTP gives it: with a key for retries and a correlation."""
    return Request(command, ACTOR, idempotency=Idempotency(key, "bench", key), correlation=key)


def sentence(chance: Random, letters: int = TEXT) -> str:
    """Return words of about so many letters."""
    words: list[str] = []
    while sum(map(len, words)) + len(words) < letters:
        words.append(chance.choice(WORDS))
    return " ".join(words)
