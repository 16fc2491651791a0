"""`onrecord copy`: a record moved to another database, with all that it needs there.

Law: the record to copy from is only read, as it is at one moment; whoever writes to it goes on. The evidence files come
after the log: what it names was stored before it was named.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from os import environ
from pathlib import Path
from typing import Annotated

import typer

from domain.events import Recorded
from domain.incident_events import EvidenceAttached
from service import memory
from service.cli.exits import MISMATCH, Stopped, UsageProblem
from service.cli.opening import settings_of
from service.cli.options import Quiet
from service.cli.progress import Progress
from service.cli.terminal import say
from service.ledger.places import is_there, lock_of, place_of
from service.settings import Settings
from service.store import copying
from service.store.copies import EVIDENCE, copy_missing_evidence
from service.store.copying import Copied, Row, Source, Target
from service.store.sqlite import copying as of_a_file

BATCH = 1_000
VARIABLE = "env:"
SCHEMES = ("postgresql://", "postgres://")
WITHOUT_PASSWORD = (
    "the address holds a password, which everybody on this machine can read: leave it out, and put it into ~/.pgpass,"
    " PGPASSWORD or a service file (?service=NAME), or put the address into a variable and give env:ITS_NAME"
)
PLACES = (
    "a data folder, an address postgresql://USER@HOST/NAME without a password, or env:NAME, a variable that has one"
)


@dataclass(frozen=True)
class Side:
    """One of the two records: what the user calls it, and its settings."""

    name: str
    settings: Settings

    @property
    def folder(self) -> Path:
        """Return the folder of its evidence files."""
        return self.settings.data


@dataclass
class _Evidence:
    """The evidence files that the log names."""

    attached: set[str] = field(default_factory=set)

    def note(self, row: Row) -> None:
        """Take in an event."""
        if row[3] == EvidenceAttached.NAME:
            event = Recorded.from_bytes(row[4], row[0]).event
            assert isinstance(event, EvidenceAttached)
            if event.hash is not None:
                self.attached.add(event.hash.removeprefix("sha256:"))

    def missing(self, folder: Path) -> int:
        """Return how many of them have no file in a data folder."""
        return sum(1 for one in self.attached if not (folder / EVIDENCE / one[:2] / one).exists())


def copy(
    from_: Annotated[str, typer.Argument(metavar="FROM", help=f"The record to copy: {PLACES}")],
    to: Annotated[str, typer.Argument(metavar="TO", help="Where to: as FROM; nothing, or an earlier copy of FROM")],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="Folder of the evidence files of a side that is an address (else that of the record it is copied"
            " from; of FROM, else ONRECORD_DATA, else ./data)",
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Copy a record into another database: from SQLite to PostgreSQL, back, or between two of a kind.

    Every position and byte is as it was, and keys, retries and imports go on as before. The copy is of one moment, also
    while FROM is served; run again, it copies what came since, and it goes on where it was stopped. At the end all
    of both is compared. A password on a command line can be read by everybody on the machine: the address comes without
    it, and PostgreSQL's own ~/.pgpass, PGPASSWORD or service files (?service=NAME) give it, or a variable of the
    environment has all of the address (env:NAME).
    """
    source, target = sides(from_, to, data)
    memory.settle()
    evidence = _Evidence()
    copied = _copied(source, target, evidence, quiet)
    if not quiet:
        say(
            f"{copied.new} events copied, {copied.position} are in both records; all of both was compared,"
            f" the SHA-256 of all stored bytes is {copied.digest}"
        )
    if not _copy_evidence(source, target, evidence, quiet):
        raise SystemExit(MISMATCH)


def sides(from_: str, to: str, data: Path | None) -> tuple[Side, Side]:
    """Return both sides. Raise `UsageProblem` for what names none, or the same one twice."""
    source = _side(from_, data)
    target = _side(to, data or source.folder)
    if from_ == to or _files_of(source) & _files_of(target):
        raise UsageProblem(f"{from_} and {to} are the same record")
    if not is_there(source.settings):
        raise UsageProblem(f"there is no record in {from_}")
    return source, target


def _files_of(side: Side) -> set[Path]:
    return {side.folder.resolve()} if side.settings.database is None else set()


def _side(name: str, folder: Path | None) -> Side:
    address = environ.get(name.removeprefix(VARIABLE)) if name.startswith(VARIABLE) else name
    if address is None:
        raise UsageProblem(f"there is no variable {name.removeprefix(VARIABLE)} in the environment")
    if not address.startswith(SCHEMES):
        return Side(name, settings_of(Path(address), database=""))
    settings = settings_of(folder, database=address)
    if not name.startswith(VARIABLE):
        _check_told(name)
    return Side(name, settings)


def _check_told(address: str) -> None:
    """Raise `UsageProblem` where an address has a password in it."""
    from psycopg.conninfo import conninfo_to_dict  # SQLite does not need the driver

    known = conninfo_to_dict(address)
    if known.keys() & {"password", "sslpassword"}:
        raise UsageProblem(WITHOUT_PASSWORD)


def _copied(source: Side, target: Side, evidence: _Evidence, quiet: bool) -> Copied:
    """Copy what the target lacks, and compare both."""
    with _reading(source) as read, _writing(target) as written:
        first = at = copying.begin(read, written)
        last = read.last_position()
        try:
            with Progress("copying", last, quiet=quiet) as progress:
                for at in copying.copy(read, written, first):
                    progress.at(at)
            with Progress("comparing", last, quiet=quiet) as progress:

                def seen(row: Row) -> None:
                    evidence.note(row)
                    if row[0] % BATCH == 0:
                        progress.at(row[0])

                return copying.finish(read, written, first, seen)
        except Stopped:
            raise Stopped(f"stopped: {at} of {last} events are copied, and the same command goes on there") from None


def _reading(side: Side) -> AbstractContextManager[Source]:
    place = place_of(side.settings)
    if isinstance(place, Path):
        return of_a_file.reading(place)
    from service.store.postgres import copying as on_a_server  # SQLite does not need its driver

    return on_a_server.reading(place)


@contextmanager
def _writing(side: Side) -> Iterator[Target]:
    place = place_of(side.settings)
    side.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if isinstance(place, Path):
        with lock_of(side.folder), of_a_file.writing(place) as target:
            yield target
    else:
        from service.store.postgres import copying as on_a_server  # SQLite does not need its driver

        with on_a_server.writing(place) as target:
            yield target


def _copy_evidence(source: Side, target: Side, evidence: _Evidence, quiet: bool) -> bool:
    """Copy the evidence files that the target's folder lacks, and tell whether they are what was stored."""
    damaged = list[Path]()
    if source.folder.resolve() == target.folder.resolve():
        told = f"the evidence files stay where they are: serve with the data folder {target.folder}"
    else:
        with Progress("copying evidence files", None, quiet=quiet) as progress:
            files, damaged = copy_missing_evidence(source.folder, target.folder, progress.at)
        told = f"{files} evidence files copied from {source.folder} to {target.folder}"
    if missing := evidence.missing(target.folder):
        told += (
            f"; {missing} attached by a hash of which no file is there: other services may keep them in their folders"
        )
    if not quiet or missing:
        say(told)
    for file in damaged:
        say(f"{file}: its bytes are not those that were stored; it was not copied")
    return not damaged
