"""`onrecord export` and `onrecord backup`: taking the record elsewhere, whole or not at all.

Law: a file under its final name is complete. What was stopped leaves a file that ends in `.partial`, or nothing.
"""

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import typer

from service.cli.exits import Conflict, UsageProblem
from service.cli.opening import Record, existing, reading
from service.cli.options import AnyIncident, Data, Force, Quiet
from service.cli.progress import Progress
from service.cli.terminal import say
from service.ledger import Ledger
from service.notary import notary_of
from service.notary.bundles import Wanted, bundle_of
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
    data: Data = None,
    quiet: Quiet = False,
) -> None:
    """Write the whole history as it is stored: one event a line, its position first."""
    count = 0
    with reading(data) as record:
        if bundle:
            _write_bundle(record, incident, output, since or [], force=force, quiet=quiet)
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


def _write_bundle(
    record: Record, incident: str | None, output: Path, since: list[int], *, force: bool, quiet: bool
) -> None:
    notary = notary_of(record.settings, record.ledger)
    signed = notary.last()
    if signed is None:
        raise UsageProblem("no checkpoint was signed yet: `onrecord serve` signs one as soon as something is recorded")
    wanted = Wanted((record.incident(incident),) if incident else (), cuts=tuple(since))
    with _written(output, force=force) as file:
        for line in bundle_of(record.ledger.recorder, notary.keys, signed, wanted):
            file.write(line)
    if not quiet:
        say(f"the log as signed at size {signed.checkpoint.size} written to {output}")


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
