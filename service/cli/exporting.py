"""`onrecord export` and `onrecord backup`: taking the record elsewhere, whole or not at all.

Law: a file under its final name is complete. What was stopped leaves a file that ends in `.partial`, or nothing.
"""

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, NamedTuple, cast
from uuid import UUID

import typer

from domain.seals import seals_in
from projections.views.subjects import person_named
from service.cli.exits import Conflict, UsageProblem
from service.cli.opening import Record, existing, reading
from service.cli.options import AnyIncident, Data, Force, Quiet
from service.cli.progress import Progress
from service.cli.terminal import say
from service.ledger import Ledger
from service.notary import notary_of
from service.notary.bundles import Wanted, bundle_of, sources_of, texts_of
from service.store.copies import copy_evidence, copy_log

BATCH = 1_000


def export(
    incident: AnyIncident = None,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="File to write, compressed where it ends in .gz; - is standard output"),
    ] = Path("-"),
    force: Force = False,
    bundle: Annotated[
        bool, typer.Option("--bundle", help="With proofs and a signed checkpoint, for `onrecord verify`")
    ] = False,
    since: Annotated[
        list[int] | None, typer.Option("--since", help="In a bundle: size of a checkpoint that the auditor has")
    ] = None,
    with_sources: Annotated[
        bool,
        typer.Option("--with-sources", help="In a bundle: also the sources that the incident names, and those sealed"),
    ] = False,
    first: Annotated[
        int | None, typer.Option("--first", min=1, help="In a bundle of all: from this position on")
    ] = None,
    last: Annotated[int | None, typer.Option("--last", min=1, help="In a bundle of all: up to this position")] = None,
    data: Data = None,
    quiet: Quiet = False,
) -> None:
    """Write the whole history as it is stored: one event a line, its position first."""
    asked, count = _Asked(incident, tuple(since or ()), with_sources, first, last), 0
    _check(asked, bundle=bundle)
    with reading(data) as record:
        if bundle:
            _write_bundle(record, asked, output, force=force, quiet=quiet)
            return
        wanted = record.incident(incident) if incident else None
        total = None if wanted else record.ledger.head()
        with _written(output, force=force) as file, Progress(str(output), total, quiet=quiet) as progress:
            for position, stored in record.ledger.stored(wanted):
                file.write(b'{"position":%d,%b\n' % (position, stored[1:]))
                count += 1
                if count % BATCH == 0:
                    progress.at(count)
    if not quiet:
        say(f"{count} events written to {output}")


class _Asked(NamedTuple):
    """What is to be in a bundle."""

    incident: str | None
    since: tuple[int, ...]
    with_sources: bool
    first: int | None
    last: int | None


def _check(asked: _Asked, *, bundle: bool) -> None:
    incident, since, with_sources, first, last = asked
    if not bundle and (since or with_sources or (first, last) != (None, None)):
        raise UsageProblem("--since, --with-sources, --first and --last are of a bundle: give --bundle too")
    if incident is not None and (first, last) != (None, None):
        raise UsageProblem("a bundle is of an incident, or from one position to another: not both")
    if incident is None and with_sources:
        raise UsageProblem("a bundle of all has the sources in it: leave --with-sources out")


def _write_bundle(record: Record, asked: _Asked, output: Path, *, force: bool, quiet: bool) -> None:
    notary = notary_of(record.settings, record.ledger)
    signed = notary.last()
    if signed is None:
        raise UsageProblem("no checkpoint was signed yet: `onrecord serve` signs one as soon as something is recorded")
    notary.compare()  # of an older record that was put back there is no bundle
    size = signed.checkpoint.size
    first, last = asked.first or 1, min(asked.last or size, size)
    if first > last:
        raise UsageProblem(f"nothing is from position {first} to {last}: the log as signed has {size} events")
    wanted = Wanted(_aggregates(record, asked, size), first, last, asked.since)
    with _written(output, force=force) as file:
        for line in bundle_of(record.ledger.recorder, notary.keys, signed, wanted):
            file.write(line)
    if not quiet:
        say(f"the log as signed at size {signed.checkpoint.size} written to {output}")


def _aggregates(record: Record, asked: _Asked, size: int) -> tuple[UUID, ...]:
    """Return what is wanted whole: an incident, with its sources, and with those of whom it has sealed passages."""
    if asked.incident is None:
        return ()
    recorder, incident = record.ledger.recorder, record.aggregate(asked.incident)
    if not asked.with_sources:
        return (incident,)
    found = (incident, *sources_of(recorder, incident, size))
    seals = dict.fromkeys(seal.short_id for text in texts_of(recorder, found, size) for seal in seals_in(text))
    with record.views.connect() as connection:
        persons = [person_named(connection, record.position, short_id) for short_id in seals]
    return (*found, *(UUID(one.subject) for one in persons if one is not None))


@contextmanager
def _written(output: Path, *, force: bool) -> Iterator[BinaryIO]:
    """Give a file to write that becomes `output` when all is in it; it never takes another's place unless `force`."""
    if str(output) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    _check_new(output, force=force)
    partial = output.with_name(f"{output.name}.partial")
    try:
        with partial.open("wb") as file:
            if output.suffix == ".gz":
                with gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0) as compressed:
                    yield cast(BinaryIO, compressed)
            else:
                yield file
            file.flush()
            os.fsync(file.fileno())
        _check_new(output, force=force)
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


def _check_new(output: Path, *, force: bool) -> None:
    if output.exists() and not force:
        raise Conflict(f"{output} is there already: name another file, or give --force to replace it")


def backup(
    folder: Annotated[Path, typer.Argument(help="A folder that is not there yet")],
    data: Data = None,
    quiet: Quiet = False,
) -> None:
    """Copy the record with its evidence, whole and as of one moment, also while it is served.

    The copy is a folder that `serve` takes as it is. Views are not copied: they are built anew from the log.
    """
    settings = existing(data)
    if settings.database is not None:
        raise UsageProblem(
            "the record is on a server: copy it by pg_dump or pg_basebackup, and the evidence files after"
        )
    if folder.exists():
        raise Conflict(f"{folder} is there already: name another folder")
    partial = folder.with_name(f"{folder.name}.partial")
    partial.mkdir(parents=True, mode=0o700)
    with Progress("copying the log", None, quiet=quiet) as progress:
        copy_log(settings.data, partial, told=progress.at)
    # The log first: what it names was stored before it was named, so the copy of the files has all of it.
    files = copy_evidence(settings.data, partial)
    with Ledger.open(settings.model_copy(update={"data": partial}), read_only=True) as ledger:
        head = ledger.head()
    partial.rename(folder)
    if not quiet:
        say(f"{head} events and {files} evidence files copied to {folder}")
