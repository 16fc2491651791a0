"""Importing: NDJSON, one command a line, through the same ledger and rules as everything else.

Law: rows in are rows out. A bad row is skipped and told with its reason; the rest goes on. A row that is recorded is
never recorded again, however often and however late its file is imported: its text, in the space that the import
names, is the key under which the ledger keeps its answer for good.

A line is `{"command": "claim.make", ...}` with the fields of the command. Ids may be names; a first line
`{"import": "<space>"}` says in which space they are read, where it is not to be the name of the file. On a
demonstration ledger, `recorded_at` sets the recorded time and `actor` names the account that acts.
"""

import heapq
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import reduce
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
from service.ledger import (
    FutureTime,
    Idempotency,
    KeyNoLongerValid,
    Ledger,
    NotADemonstration,
    NotAllowed,
    Outcome,
    Receipt,
    Request,
    TooLong,
)
from service.names import names_of
from service.rows import MAX_LINE, Place, Row, Rows, Unreadable, open_rows

IMPORTED = {name: kind for name, kind in COMMANDS.items() if kind.AGGREGATE != "subject"}
"""What a row may ask. A passage that is to be sealed has no place in a file: only its seal has."""
BESIDE = ("command", "recorded_at", "actor")
"""What a row says beside the fields of its command."""
CALLER = "import:"
"""What the caller of an import's rows is called, before the space of its names."""
CHUNK = 500
"""Rows that are with the ledger at the same time."""
EARLIEST = datetime.min.replace(tzinfo=UTC)
_moment: TypeAdapter[datetime] = TypeAdapter(Moment)


class BadRow(Exception):
    """A row that cannot be read as a command."""


class FileChanged(Exception):
    """The lines that an import has dealt with are not those that the file begins with now."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that was not recorded, and why."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(slots=True)
class Summary:
    """How an import went: every row is passed over, recorded, was recorded before, or failed.

    `passed` counts the rows that were dealt with before a stop, `line` the lines read, `unread` says why the rest of
    the file could not be. The first `keep` problems are kept.
    """

    rows: int = 0
    passed: int = 0
    recorded: int = 0
    before: int = 0
    failed: int = 0
    line: int = 0
    position: int = 0
    unread: str | None = None
    problems: list[RowProblem] = field(default_factory=list)
    keep: int = 1_000


Told = Callable[[Summary], None]
Refusal = Callable[[RowProblem], None]
Permit = Callable[[Request], Request]
Hold = Callable[[], AbstractContextManager[None]]
Asked = tuple[Row, Request]


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far an import is, as the ledger notes it with the rows that follow: all up to `place` is dealt with."""

    place: Place
    space: str
    rows: int

    def to_text(self) -> str:
        """Return it as it is noted."""
        noted = {"line": self.place.line, "sha256": self.place.digest, "space": self.space, "rows": self.rows}
        return orjson.dumps(noted).decode()

    @classmethod
    def from_text(cls, text: str) -> "_Progress":
        """Read what `to_text` wrote."""
        noted = orjson.loads(text)
        return cls(Place(noted["line"], noted["sha256"]), noted["space"], noted["rows"])


def import_file(
    ledger: Ledger,
    path: Path,
    actor: Actor,
    *,
    resume: bool = False,
    told: Told | None = None,
    refused: Refusal | None = None,
    hold: Hold = nullcontext,
    summary: Summary | None = None,
    permit: Permit | None = None,
) -> Summary:
    """Import a file of commands, `.gz` or not, or standard input (`-`), in a memory that does not grow with it.

    `resume` passes over what an import of this name had dealt with; raise `FileChanged` where that is not what the
    file begins with. `told` hears the summary after each chunk, `refused` each problem; `hold` is entered while rows
    are with the ledger, so that a stop elsewhere leaves none in doubt. A `summary` given is the one that is kept.
    `permit` returns each request as its actor may make it, or raises `BadRow`.
    """
    summary = Summary() if summary is None else summary
    with open_rows(path) as rows:
        one = _Import(ledger, rows, actor, summary, refused, permit)
        if resume:
            one.pass_over_what_is_noted()
        one.run(told, hold)
    return summary


def import_merged(ledger: Ledger, paths: list[Path], actor: Actor, *, told: Told | None = None) -> Summary:
    """Import several files as one story, in the order of their `recorded_at`."""
    summary = Summary()
    with ExitStack() as opened:
        stories = [
            _Import(ledger, opened.enter_context(open_rows(path)), actor, summary, None).asked() for path in paths
        ]
        merged = heapq.merge(*stories, key=lambda asked: asked[1].at or EARLIEST)
        while chunk := list(islice(merged, CHUNK)):
            for one, outcome in zip(chunk, ledger.execute_many(request for _, request in chunk), strict=True):
                _count(summary, one, outcome, None)
            if told is not None:
                told(summary)
    return summary


class _Import:
    """One file on its way into the ledger."""

    def __init__(
        self,
        ledger: Ledger,
        rows: Rows,
        actor: Actor,
        summary: Summary,
        refused: Refusal | None,
        permit: Permit | None = None,
    ) -> None:
        self._permit = permit
        self._ledger, self._rows, self._summary, self._refused = ledger, rows, summary, refused
        self._name = f"import:{Path(rows.file).name}"
        self._reader = Reader(ledger.is_demonstration, actor, Path(rows.file).name)

    def pass_over_what_is_noted(self) -> None:
        """Go to where the last import of this file stopped; to the beginning where there was none."""
        noted = self._ledger.mark(self._name)
        if noted is None:
            return
        progress = _Progress.from_text(noted)
        if not self._rows.pass_over(progress.place):
            raise FileChanged(
                f"{self._rows.file} is not the file whose lines 1 to {progress.place.line} were imported: import it"
                " without --resume, and the rows that are recorded are found again by their text"
            )
        self._reader.use(progress.space)
        self._summary.rows = self._summary.passed = progress.rows
        self._summary.line = progress.place.line

    def run(self, told: Told | None, hold: Hold) -> None:
        """Give the rows to the ledger, a chunk at a time."""
        asked = self.asked()
        while True:
            progress = _Progress(self._rows.place, self._reader.space, self._summary.rows)
            chunk = list(islice(asked, CHUNK))
            if not chunk:
                break
            with hold():
                self._give(chunk, progress)
                self._summary.line = self._rows.place.line
            if told is not None:
                told(self._summary)
        self._summary.line = self._rows.place.line

    def _give(self, chunk: list[Asked], progress: _Progress) -> None:
        """Give a chunk. What came before it is dealt with, and the ledger notes that together with its rows."""
        mark = (self._name, progress.to_text())
        for one, outcome in zip(
            chunk, self._ledger.execute_many(replace(request, mark=mark) for _, request in chunk), strict=True
        ):
            _count(self._summary, one, outcome, self._refused)

    def asked(self) -> Iterator[Asked]:
        """Yield the requests of the file; a row that cannot be read is counted."""
        try:
            for row in self._rows:
                try:
                    request = self._reader.read(row)
                    if request is not None and self._permit is not None:
                        request = self._permit(request)
                except BadRow as problem:
                    _failed(self._summary, row, str(problem), self._refused)
                else:
                    if request is not None:
                        yield row, request
        except Unreadable as problem:
            self._summary.unread = f"{self._rows.file}: {problem}"


def _count(summary: Summary, asked: Asked, outcome: Outcome, refused: Refusal | None) -> None:
    if isinstance(outcome, Refused | NotADemonstration | FutureTime | KeyNoLongerValid | NotAllowed | TooLong):
        reason = _in_its_names(f"{type(outcome).__name__}: {outcome}", asked)
        _failed(summary, asked[0], reason, refused)
        return
    if not isinstance(outcome, Receipt):
        raise outcome
    summary.rows += 1
    summary.position = max(summary.position, outcome.position)
    if outcome.replayed:
        summary.before += 1
    else:
        summary.recorded += 1


def _failed(summary: Summary, row: Row, reason: str, refused: Refusal | None) -> None:
    summary.rows += 1
    summary.failed += 1
    problem = RowProblem(row.file, row.number, reason)
    if len(summary.problems) < summary.keep:
        summary.problems.append(problem)
    if refused is not None:
        refused(problem)


def _in_its_names(reason: str, asked: Asked) -> str:
    """Return a reason with the names of a row in place of the ids that came from them."""
    row, request = asked
    assert request.idempotency is not None
    resolve, called = names_of(request.idempotency.caller.removeprefix(CALLER)), dict[str, str]()

    def note(kind: str, name: str) -> UUID:
        found = resolve(kind, name)
        called[str(found)] = name
        return found

    fields = {name: value for name, value in _object(row.text).items() if name not in BESIDE}
    type(request.command).model_validate(fields, context={"names": note})
    return reduce(lambda told, one: told.replace(*one), called.items(), reason)


class Reader:
    """Turns lines into requests; remembers the space of names that the file declared."""

    def __init__(self, demonstration: bool, actor: Actor, space: str) -> None:
        self._demonstration, self._actor = demonstration, actor
        self.use(space)

    def use(self, space: str) -> None:
        """Read names in this space from now on."""
        self.space, self._names = space, names_of(space)

    def read(self, row: Row) -> Request | None:
        """Return the request of a line, None for the one that declares the space. Raise `BadRow` with the reason."""
        fields = _object(row.text)
        if fields.keys() == {"import"} and isinstance(fields["import"], str):
            self.use(fields["import"])
            return None
        name, at, by = (fields.pop(part, None) for part in BESIDE)
        if name is None:
            raise BadRow(f"a row says what to do (`command`): one of {', '.join(IMPORTED)}")
        if not isinstance(name, str) or name not in IMPORTED:
            raise BadRow(f"command: {name!r} is none of {', '.join(IMPORTED)}")
        if (at is not None or by is not None) and not self._demonstration:
            raise BadRow("recorded_at, actor: only a demonstration ledger takes them from outside: leave them out")
        key = row.digest if row.times == 1 else f"{row.digest}:{row.times}"
        return Request(
            command=self._command(COMMANDS[name], fields),
            actor=Actor(account=self._names("account", by)) if isinstance(by, str) else self._actor,
            may_override=True,
            idempotency=Idempotency(key, f"{CALLER}{self.space}", "", lasting=True),
            correlation=f"import:{self.space}:{row.number}"[:200],
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
