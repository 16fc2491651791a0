"""The verifier as a program of its own, for who has nothing of the project but this.

Law: exit code 0 where all was verified, 2 where it was asked in a wrong way, 3 where anything is not right.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from proofs.bundle import Bundle, BundleError
from proofs.checkpoint import Checkpoint
from proofs.note import Ed25519Key, Note, NoteError, key_from_text
from proofs.verifying import Verified, verify
from proofs.walk import Wrong


class BadArgument(Exception):
    """A key or a checkpoint that was given is none; the text says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify a bundle, say what it shows or what is wrong, and return the exit code."""
    options = _options(arguments)
    try:
        keys, witnesses = keys_of(options.key), keys_of(options.witness)
        since = checkpoint_in(options.since) if options.since else None
        with nullcontext(sys.stdin.buffer) if options.bundle == "-" else open(options.bundle, "rb") as file:
            found, code = shown(verify(Bundle(file), keys, witnesses, since)), 0
    except (Wrong, BundleError) as wrong:
        found, code = refused(wrong), 3
    except (BadArgument, OSError) as problem:
        print(f"onrecord-verify: {problem}", file=sys.stderr)
        return 2
    print(json.dumps(found) if options.json else "\n".join(told(found)))
    return code


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="onrecord-verify", description="Verify a bundle of On Record.")
    parser.add_argument("bundle", help="the bundle; - is standard input")
    key = "verifier key, or a file with one a line; again for each"
    parser.add_argument("--key", action="append", required=True, help=f"of the log: {key}")
    parser.add_argument("--witness", action="append", default=[], help=f"of a witness: {key}")
    parser.add_argument("--since", type=Path, help="the last checkpoint that you have: the log must continue it")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(arguments)


def keys_of(given: Sequence[str]) -> list[Ed25519Key]:
    """Read keys, each given as such or by a file. Raise `BadArgument`."""
    try:
        return [key_from_text(line) for one in given for line in _lines(one)]
    except NoteError as problem:
        raise BadArgument(f"{problem}: a key is NAME+ID+KEY, or the name of a file with such lines") from None


def _lines(given: str) -> list[str]:
    if "+" in given or not Path(given).is_file():
        return [given]
    try:
        return [line for line in Path(given).read_text().splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise BadArgument(f"{given} is no text: it has a verifier key in each line") from None


def checkpoint_in(file: Path) -> Checkpoint:
    """Read the checkpoint in a file. Raise `BadArgument`."""
    try:
        return Checkpoint.read(Note.read(file.read_bytes()).text)
    except OSError as problem:
        raise BadArgument(f"{file}: {problem.strerror}") from None
    except NoteError as problem:
        raise BadArgument(f"{file}: {problem}") from None


def shown(verified: Verified) -> dict[str, Any]:
    """Return what a bundle shows, as JSON has it."""
    return {"verified": True, **asdict(verified), "root": verified.root.hex()}


def refused(wrong: Exception) -> dict[str, Any]:
    """Return what is wrong, as JSON has it."""
    if isinstance(wrong, Wrong):
        said = {"position": wrong.position, "what": wrong.what, "expected": wrong.expected, "found": wrong.found}
    else:
        said = {"position": None, "what": "the bundle", "expected": "one that is whole", "found": str(wrong)}
    return {"verified": False, **said}


def told(found: dict[str, Any]) -> list[str]:
    """Return what was found, in lines for people."""
    if not found["verified"]:
        where = f"position {found['position']}: " if found["position"] is not None else ""
        return [f"NOT VERIFIED: {where}{found['what']}: expected {found['expected']}, found {found['found']}"]
    ends = [f"{end['aggregate']}: {end['version']} events, all of them" for end in found["ends"]]
    lines = [
        f"log: {found['origin']}, {found['size']} events, root {found['root']}",
        f"in the bundle: {found['events']} events, of positions {found['first']} to {found['last']}",
        *ends,
        f"signed by: {', '.join(found['signed_by'])}",
        f"seen by witnesses: {', '.join(found['seen_by']) or 'none that you named'}",
    ]
    if found["sealed"]:
        lines.append(f"sealed passages: {found['sealed']}, of which erased: {found['erased']}")
    if found["since"] is not None:
        lines.append(f"continues the checkpoint of {found['since']} events")
    return [*lines, "VERIFIED"]


if __name__ == "__main__":
    sys.exit(main())
