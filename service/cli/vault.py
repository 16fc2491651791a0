"""`onrecord vault`: the keys of what is sealed. What may be read by them, this command does not read."""

from collections.abc import Iterator
from typing import Annotated

import typer
from sqlalchemy import select

from projections.temporal import holds_at
from projections.views.subjects import subjects
from service.cli.exits import MISMATCH, Conflict, UsageProblem
from service.cli.opening import Record, existing, reading, settings_of
from service.cli.options import Data
from service.cli.terminal import put, say
from service.ledger.places import is_there
from service.sealing import Sealing
from service.settings import Settings
from service.vault import Vault

vault = typer.Typer(help="Make the vault of sealed passages; change its master key; check it.", no_args_is_help=True)
NAME_IT = "name the vault's folder by ONRECORD_VAULT, and its master key's file by ONRECORD_MASTER_KEY"
MADE = "copy the master key to a safe place, apart from every copy of the vault: without it, what is sealed is lost"
ROTATED = (
    "back up vault and master key anew, apart from each other, and destroy every copy of the old master key:"
    " by it, older copies of the vault can be read"
)


@vault.command("make")
def make(data: Data = None) -> None:
    """Make the vault in ONRECORD_VAULT, and its master key in ONRECORD_MASTER_KEY unless it is there."""
    settings = settings_of(data)
    Vault.make(settings)
    put(f"vault in {settings.vault}, master key in {settings.master_key}")
    say(MADE)


@vault.command("rotate")
def rotate(
    data: Data = None,
    force: Annotated[bool, typer.Option("--force", help="Also where keys are missing, which are lost then")] = False,
) -> None:
    """Wrap all keys by a new master key; a running `serve` takes it up. Where `check` finds fault, nothing is done."""
    settings = settings_of(data)
    found = _vault(settings)
    if not force and is_there(settings):
        with reading(data) as record:
            if problems := list(_problems(Sealing(found, record.ledger), record)):
                raise Conflict(
                    f"{'; '.join(problems)}: copies of the vault could not be read any more; mend it first, or give"
                    " --force"
                )
    wrapped, unreadable = found.rotate()
    put(f"{wrapped} keys wrapped by a new master key")
    say(ROTATED)
    for name in unreadable:
        put(f"not well   {name}: no master key that is here has wrapped it; it was left as it is")
    if unreadable:
        raise SystemExit(MISMATCH)


@vault.command("check")
def check(
    data: Data = None,
    destroy: Annotated[bool, typer.Option("--destroy", help="Destroy the keys of those who are erased")] = False,
) -> None:
    """Compare the vault with the record: after an old copy of it was put back. Exit code 3 where they disagree."""
    settings = existing(data)
    found = _vault(settings)
    with reading(data) as record:
        sealing = Sealing(found, record.ledger)
        if destroy:
            for subject in list(sealing.not_destroyed()):
                found.erase(subject)
                put(f"destroyed  the key of {_called(record, str(subject))}")
        problems = list(_problems(sealing, record))
        for problem in problems:
            put(f"not well   {problem}")
        states = [row["state"] for row in _persons(record)]
    keys = len(list(found.subjects()))
    put(f"{len(states)} persons in the record, of whom {states.count('erased')} are erased; {keys} keys in the vault")
    if problems:
        raise SystemExit(MISMATCH)


def _problems(sealing: Sealing, record: Record) -> Iterator[str]:
    """Yield what is not as it should be, and what to do about it."""
    for subject in sealing.not_destroyed():
        yield f"{_called(record, str(subject))} is erased, and its key is there: `onrecord vault check --destroy`"
    for subject in sealing.forgotten_again():
        yield f"{_called(record, str(subject))} was erased, which this older record does not say: erase it again"
    there, erased = set(map(str, sealing.vault.subjects())), set(map(str, sealing.vault.erased()))
    for row in _persons(record):
        if row["state"] != "erased" and row["subject"] not in there | erased:
            yield f"the key of {row['short_id']} is missing: put back a copy of the vault that has it"


def _persons(record: Record) -> list[dict[str, str]]:
    with record.views.connect() as connection:
        query = select(subjects).where(holds_at(subjects, record.position)).order_by(subjects.c.position)
        return [dict(row) for row in connection.execute(query).mappings()]


def _called(record: Record, subject: str) -> str:
    return next((row["short_id"] for row in _persons(record) if row["subject"] == subject), subject)


def _vault(settings: Settings) -> Vault:
    found = Vault.of(settings)
    if found is None:
        raise UsageProblem(NAME_IT)
    return found
