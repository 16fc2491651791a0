"""Stories of any length from a fixed seed: the commands of desks at work, in a realistic mix."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from uuid import UUID

import orjson
from eventsourcing.persistence import StoredEvent
from pydantic import SecretStr

from bench.desk import SEED, asked, open_ledger, sentence
from domain import incident_commands as c
from domain import values as v
from domain.commands import Command
from domain.source_commands import RegisterSource
from service.ledger import Receipt
from service.ledger.places import FILE
from service.store.log import RecordLog
from service.store.postgres.recorder import prepare
from service.store.recorder import Server

ACTIVE = 20
"""Incidents that desks work on at the same time; when one is told, the next begins."""
SOURCES = 50
CHUNK, COPIED = 500, 5_000
WHY = "as reported"
MIX = {"claim": 60, "assessment": 12, "correction": 10, "stance": 10, "link": 8}
"""Of a hundred events, how many are of which kind."""
CHANGING = {"claim": 4, "assessment": 46, "correction": 50}
"""The same where few claims change often."""


@dataclass(slots=True)
class _Incident:
    """An incident that is being told: what its next commands can be about."""

    id: UUID
    report: UUID
    claims: list[UUID] = field(default_factory=list)
    claimants: dict[UUID, UUID] = field(default_factory=dict)
    links: set[tuple[int, int]] = field(default_factory=set)


def story(incidents: int, each: int, active: int = ACTIVE) -> Iterator[Command]:
    """Yield the commands of so many incidents with so many events each, some of them told at the same time."""
    return stories([each] * incidents, active=active)


def stories(sizes: Sequence[int], mix: Mapping[str, int] = MIX, *, active: int = ACTIVE) -> Iterator[Command]:
    """Yield the commands of incidents with so many events, some of them told at the same time."""
    chance = Random(SEED)
    sources = [_id(chance) for _ in range(SOURCES)]
    for n, source in enumerate(sources):
        yield RegisterSource(source=source, name=f"Source {n}", kind="outlet")
    begun, told = 0, 0
    open_: list[tuple[_Incident, Iterator[Command]]] = []
    while told < len(sizes):
        while len(open_) < active and begun < len(sizes):
            one = _Incident(_id(chance), _id(chance))
            open_.append((one, _events(one, sources, sizes[begun], mix, begun, chance)))
            begun += 1
        at = chance.randrange(len(open_))
        command = next(open_[at][1], None)
        if command is None:
            open_.pop(at)
            told += 1
        else:
            yield command


def _events(
    one: _Incident, sources: list[UUID], each: int, mix: Mapping[str, int], number: int, chance: Random
) -> Iterator[Command]:
    yield c.OpenIncident(incident=one.id, title=f"Incident {number}")
    yield c.ReceiveReport(incident=one.id, report=one.report, source=sources[number % SOURCES], title="A report")
    for _ in range(each - 2):
        (kind,) = chance.choices(list(mix), list(mix.values()))
        yield _command(kind if one.claims else "claim", one, sources, chance)


def _command(kind: str, one: _Incident, sources: list[UUID], chance: Random) -> Command:
    if kind == "claim":
        return _claim(one, chance.choice(sources), chance)
    claim = chance.choice(one.claims)
    match kind:
        case "assessment":
            found: list[v.Assessment] = ["unverified", "contested"]
            return c.AssessClaim(incident=one.id, reason=WHY, claim=claim, assessment=chance.choice(found))
        case "correction":
            changes = v.ClaimChanges(wording=v.Wording(text=sentence(chance), language="en"))
            return c.CorrectClaim(incident=one.id, reason=WHY, claim=claim, by="source", changes=changes)
        case "stance":
            said: list[v.StanceKind] = ["confirms", "denies", "repeats"]
            source = chance.choice([other for other in sources if other != one.claimants[claim]])
            stance = chance.choice(said)
            return c.TakeStance(incident=one.id, reason=WHY, claim=claim, source=source, report=one.report, kind=stance)
        case _:
            relations: list[v.Relation] = ["supports", "contradicts", "updates"]
            older, newer = sorted(chance.randrange(len(one.claims)) for _ in range(2))
            if older == newer or (older, newer) in one.links:
                return _claim(one, chance.choice(sources), chance)
            one.links.add((older, newer))
            claim, other, relation = one.claims[newer], one.claims[older], chance.choice(relations)
            return c.LinkClaims(incident=one.id, reason=WHY, claim=claim, other=other, relation=relation)


def _claim(one: _Incident, source: UUID, chance: Random) -> c.MakeClaim:
    one.claims.append(_id(chance))
    one.claimants[one.claims[-1]] = source
    return c.MakeClaim(
        incident=one.id,
        claim=one.claims[-1],
        report=one.report,
        wording=v.Wording(text=sentence(chance), language="en"),
        attribution=v.Attribution(claimant=source, verb="said"),
    )


def one_claim(changes: int) -> Iterator[Command]:
    """Yield the commands of an incident whose one claim is corrected again and again."""
    chance = Random(SEED)
    source, one = _id(chance), _Incident(_id(chance), _id(chance))
    yield RegisterSource(source=source, name="Source", kind="outlet")
    yield c.OpenIncident(incident=one.id, title="One claim")
    yield c.ReceiveReport(incident=one.id, report=one.report, source=source, title="A report")
    yield _claim(one, source, chance)
    for _ in range(changes):
        yield _command("correction", one, [source], chance)


def record(folder: Path, commands: Iterator[Command]) -> int:
    """Record a story in a new ledger, by its rules, and return how many events it holds."""
    with open_ledger(folder) as ledger:
        numbered = enumerate(commands)
        while chunk := [asked(command, f"story-{n}") for n, command in islice(numbered, CHUNK)]:
            for outcome in ledger.execute_many(chunk):
                assert isinstance(outcome, Receipt), outcome
        return ledger.head()


def copy(folder: Path, address: str) -> None:
    """Put the same log into an empty database of a server: what is decided once is not decided again."""
    server, after = Server(SecretStr(address)), 0
    with closing(RecordLog(folder / FILE, read_only=True)) as here:
        prepare(server, [("ledger", str(here.log_recorder.meta("ledger")))])
        with closing(RecordLog(server)) as there:
            while rows := here.log_recorder.whole_rows(after, COPIED):
                stored = [StoredEvent(UUID(row[1]), *row[2:5]) for row in rows]
                there.append(stored, [str(row[5]) for row in rows])
                after = rows[-1][0]


def write(file: Path, commands: Iterator[Command]) -> int:
    """Write a story in the import format, and return its number of lines."""
    lines = 0
    with file.open("wb") as out:
        for command in commands:
            lines += 1
            fields = command.model_dump(mode="json", exclude_defaults=True)
            out.write(orjson.dumps({"command": command.NAME, **fields}) + b"\n")
    return lines


def _id(chance: Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)
