"""Importing: NDJSON, one command a line, through the same ledger and rules as everything else.

Law: rows in are rows out. A bad row is skipped and listed with its reason; the rest goes on; nothing is recorded twice
when the same file is imported again within the time that answers are kept.

A line is `{"command": "claim.make", ...}` with the fields of the command. Ids may be names; a first line
`{"import": "<space>"}` says in which space they are read. On a demonstration ledger, `recorded_at` sets the
recorded time and `actor` names the account that acts.
"""

import gzip
import hashlib
import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError

from domain.commands import COMMANDS, Command
from domain.events import Actor
from domain.refusals import Refused
from domain.values import Moment
from service.ledger import FutureTime, Idempotency, Ledger, NotADemonstration, Outcome, Receipt, Request
from service.names import names_of

CHUNK = 500
EARLIEST = datetime.min.replace(tzinfo=UTC)
MAX_LINE = 4_000_000
"""Bytes of a line at the most."""
_moment: TypeAdapter[datetime] = TypeAdapter(Moment)


class BadRow(Exception):
    """A row that cannot be read as a command."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that was not recorded, and why."""

    file: str
    line: int
    reason: str


@dataclass(slots=True)
class Summary:
    """How an import went: every row is recorded, was recorded before, or has a problem."""

    rows: int = 0
    recorded: int = 0
    before: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    failed: int = 0
    position: int = 0
    keep: int = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a file."""

    file: str
    number: int
    text: bytes


Asked = tuple[Row, Request]


def import_file(
    ledger: Ledger,
    path: Path,
    actor: Actor,
    *,
    told: Callable[[Summary], None] | None = None,
    keep_problems: int = 1_000,
) -> Summary:
    """Import a file of commands, `.gz` or not, in a memory that does not grow with it.

    `told` hears the summary after each chunk. Problems beyond `keep_problems` are counted, not kept.
    """
    summary = Summary(keep=keep_problems)
    return _give(ledger, _asked(ledger, path, actor, summary), summary, told)


def import_merged(ledger: Ledger, paths: list[Path], actor: Actor) -> Summary:
    """Import files with recorded times as one story, in the order of these times: a log never runs backwards."""
    summary = Summary()
    stories = [_asked(ledger, path, actor, summary) for path in paths]
    return _give(ledger, heapq.merge(*stories, key=lambda asked: asked[1].at or EARLIEST), summary, None)


def _asked(ledger: Ledger, path: Path, actor: Actor, summary: Summary) -> Iterator[Asked]:
    """Yield the requests of a file; what cannot be read is counted."""
    reader = Reader(ledger.is_demonstration, actor, path.name)
    with _opened(path) as lines:
        for row in _rows(path.name, lines):
            try:
                request = reader.read(row)
            except BadRow as problem:
                _failed(summary, row, str(problem))
            else:
                if request is not None:
                    yield row, request


def _give(ledger: Ledger, asked: Iterator[Asked], summary: Summary, told: Callable[[Summary], None] | None) -> Summary:
    while chunk := list(islice(asked, CHUNK)):
        for (row, _), outcome in zip(chunk, ledger.execute_many(request for _, request in chunk), strict=True):
            _count(summary, row, outcome)
        if told is not None:
            told(summary)
    return summary


def _count(summary: Summary, row: Row, outcome: Outcome) -> None:
    if isinstance(outcome, Refused | NotADemonstration | FutureTime):
        _failed(summary, row, f"{type(outcome).__name__}: {outcome}")
        return
    if not isinstance(outcome, Receipt):
        raise outcome
    summary.rows += 1
    summary.position = max(summary.position, outcome.position)
    if outcome.replayed:
        summary.before += 1
    else:
        summary.recorded += 1


def _failed(summary: Summary, row: Row, reason: str) -> None:
    summary.rows += 1
    summary.failed += 1
    if len(summary.problems) < summary.keep:
        summary.problems.append(RowProblem(row.file, row.number, reason))


def _opened(path: Path) -> Any:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _rows(file: str, lines: Iterator[bytes]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield Row(file, number, line.strip())


class Reader:
    """Turns lines into requests; remembers the space of names that the first line declared."""

    def __init__(self, demonstration: bool, actor: Actor, space: str) -> None:
        self._demonstration, self._actor = demonstration, actor
        self._use(space)

    def _use(self, space: str) -> None:
        self._space, self._names = space, names_of(space)

    def read(self, row: Row) -> Request | None:
        """Return the request of a line, None for the one that declares the space. Raise `BadRow` with the reason."""
        fields = _object(row.text)
        if fields.keys() == {"import"} and isinstance(fields["import"], str):
            self._use(fields["import"])
            return None
        name, at, by = (fields.pop(part, None) for part in ("command", "recorded_at", "actor"))
        if not isinstance(name, str) or name not in COMMANDS:
            raise BadRow(f"command: {name!r} is none of {', '.join(COMMANDS)}")
        if (at is not None or by is not None) and not self._demonstration:
            raise BadRow("recorded_at, actor: only a demonstration ledger takes them from outside: leave them out")
        command = self._command(COMMANDS[name], fields)
        digest = hashlib.sha256(row.text).hexdigest()
        return Request(
            command=command,
            actor=Actor(account=self._names("account", by)) if isinstance(by, str) else self._actor,
            may_override=True,
            idempotency=Idempotency(f"{row.number}:{digest}", f"import:{self._space}", digest),
            correlation=f"import:{self._space}:{row.number}"[:200],
            at=self._time(at),
        )

    def _command(self, kind: type[Command], fields: dict[str, Any]) -> Command:
        created = fields.get(kind.NAME.partition(".")[0])
        if "reference" in kind.model_fields and isinstance(created, str) and not _is_id(created):
            fields.setdefault("reference", created)
        try:
            return kind.model_validate(fields, context={"names": self._names})
        except ValidationError as problem:
            first = problem.errors()[0]
            pointer = "".join(f"/{part}" for part in first["loc"])
            raise BadRow(f"{pointer}: {first['msg']}") from problem

    def _time(self, at: object) -> datetime | None:
        if at is None:
            return None
        try:
            return _moment.validate_python(at)
        except ValidationError as problem:
            raise BadRow(f"/recorded_at: {problem.errors()[0]['msg']}") from problem


def _object(text: bytes) -> dict[str, Any]:
    if len(text) > MAX_LINE:
        raise BadRow(f"the line is longer than {MAX_LINE} bytes")
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        raise BadRow(f"not JSON: {problem}") from problem
    if not isinstance(found, dict):
        raise BadRow("a line is one JSON object: a command and its fields")
    return found


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
