"""`onrecord verify`: a bundle, or the record itself, checked byte by byte. Exit code 3 where anything is not right."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from proofs.alone import BadArgument, checkpoint_in, keys_of, refused, shown, told
from proofs.bundle import Bundle, BundleError
from proofs.checkpoint import Checkpoint
from proofs.verifying import verify as verify_bundle
from proofs.walk import Wrong
from service.cli.exits import MISMATCH, UsageProblem
from service.cli.opening import existing
from service.cli.options import Data, Json, Quiet
from service.cli.progress import Progress
from service.cli.terminal import put, put_json
from service.ledger import Ledger
from service.notary import Checked, Contradiction, check_log, notary_of

EVERY = 1_000
_KEY = "or a file with one a line; again for each"


def verify(
    bundle: Annotated[
        Path | None, typer.Argument(help="A bundle; - is standard input; without one, the record")
    ] = None,
    key: Annotated[list[str] | None, typer.Option("--key", help=f"Verifier key of the log, {_KEY}")] = None,
    witness: Annotated[list[str] | None, typer.Option("--witness", help=f"The same of a witness, {_KEY}")] = None,
    since: Annotated[
        Path | None, typer.Option("--since", help="The last checkpoint that you have: the log must continue it")
    ] = None,
    data: Data = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check a bundle by the keys of its log, or the record itself: bytes, chains, tree and signatures."""
    try:
        before = checkpoint_in(since) if since is not None else None
        if bundle is None:
            found = _record(data, before, quiet)
        else:
            found = _bundle(bundle, (key or [], witness or []), before, quiet)
    except BadArgument as problem:
        raise UsageProblem(str(problem)) from None
    except (Wrong, BundleError) as wrong:
        found = refused(wrong)
    if json:
        put_json(found)
    elif not quiet or not found["verified"]:
        for line in told(found):
            put(line)
    if not found["verified"]:
        raise SystemExit(MISMATCH)


def _bundle(bundle: Path, named: tuple[list[str], list[str]], since: Checkpoint | None, quiet: bool) -> dict[str, Any]:
    keys, witnesses = map(keys_of, named)
    if not keys:
        raise UsageProblem("name the log's key by --key: the one that you were told, not one that came with the bundle")
    with _opened(bundle) as file:
        read = Bundle(file)
        with Progress("verifying", read.holds.last, quiet=quiet) as progress:

            def heard(position: int) -> None:
                if position % EVERY == 0:
                    progress.at(position)

            return shown(verify_bundle(read, keys, witnesses, since, heard))


def _record(data: Path | None, since: Checkpoint | None, quiet: bool) -> dict[str, Any]:
    """Check the record itself: each event, its columns, the tree, and the checkpoints that were kept."""
    settings = existing(data)
    with Ledger.open(settings, read_only=True) as ledger:
        notary, head, checked = notary_of(settings, ledger), ledger.head(), Checked()
        with Progress("verifying", head, quiet=quiet) as progress:
            for until in [*range(EVERY, head, EVERY), head]:
                check_log(ledger.recorder, until, checked)
                progress.at(until)
        try:
            notary.compare([since] if since is not None else [])
        except Contradiction as problem:
            raise Wrong("the log", "what was signed before", problem) from None
    return {
        "verified": True,
        "origin": notary.keys.signer.name,
        "size": head,
        "root": checked.walk.edge.root().hex(),
        "events": head,
        "first": 1,
        "last": head,
        "ends": [],
        "signed_by": [notary.keys.signer.name],
        "seen_by": [],
        "since": since.size if since is not None else None,
        "sealed": checked.walk.sealed.total(),
        "erased": sum(checked.walk.sealed[person] for person in checked.walk.erased),
    }


@contextmanager
def _opened(bundle: Path) -> Iterator[IO[bytes]]:
    if str(bundle) == "-":
        yield sys.stdin.buffer
        return
    try:
        file = bundle.open("rb")
    except OSError as problem:
        raise UsageProblem(f"{bundle}: {problem.strerror}") from problem
    with file:
        yield file
