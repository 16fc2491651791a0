"""Which error ends a command with which exit code, and what is said of it."""

import sqlite3

import orjson
from pydantic import ValidationError
from sqlalchemy.exc import DatabaseError

from domain.commands import COMMANDS
from domain.events import UnknownEvent
from domain.refusals import Refused
from projections.checkpoints import OtherVersion
from projections.projecting import NotOfThisLog
from service.cli.exits import (
    CONFLICT,
    FAILED,
    MISMATCH,
    UNAVAILABLE,
    USAGE,
    Conflict,
    NotAvailable,
    Stopped,
    UsageProblem,
)
from service.imports import FileChanged
from service.ledger import (
    LedgerDamaged,
    LedgerInUse,
    NoLedger,
    NotADemonstration,
    QueueFull,
    StaleVersion,
    Unavailable,
)
from service.moments import BadMoment
from service.notary import BadKeyFile, Contradiction
from service.settings import BadSettings
from service.store.copying import AnotherLog, Busy, Damaged, Differs, NotWhole
from service.store.log import StoreError
from service.store.recorder import NewerSchema
from service.vault import BadVault

DAMAGED = ("malformed", "not a database")
"""What SQLite says of a file that is not what it wrote."""

UNREADABLE = "an event of the log is not what was stored: run `onrecord doctor`, and restore a backup"
CODES: tuple[tuple[tuple[type[BaseException], ...], int], ...] = (
    ((UsageProblem, NoLedger, BadMoment, BadSettings, BadKeyFile, BadVault), USAGE),
    ((Refused, StaleVersion, Conflict, FileChanged, AnotherLog, NotWhole), CONFLICT),
    ((LedgerInUse, NotAvailable, Unavailable, QueueFull, Busy), UNAVAILABLE),
    ((LedgerDamaged, NotOfThisLog, Damaged, Differs, Contradiction), MISMATCH),
    ((NewerSchema, OtherVersion, NotADemonstration, UnknownEvent, OSError, Stopped), FAILED),
)


def ending_of(problem: BaseException) -> tuple[int, str] | None:
    """Return the exit code for an error and what to say of it, None for a fault of ours."""
    if isinstance(problem, StoreError | DatabaseError | sqlite3.Error):
        return _of_the_store(problem)
    if isinstance(problem, ValidationError):
        of_commands = problem.title in {command.__name__ for command in COMMANDS.values()}
        return (USAGE, _of_the_fields(problem)) if of_commands else (MISMATCH, UNREADABLE)
    if isinstance(problem, orjson.JSONDecodeError):
        return MISMATCH, UNREADABLE
    code = next((code for kinds, code in CODES if isinstance(problem, kinds)), None)
    return None if code is None else (code, _words_of(problem))


def _words_of(problem: BaseException) -> str:
    if isinstance(problem, OSError):
        return f"{problem.filename}: {problem.strerror}" if problem.filename else str(problem)
    said = str(problem) or "stopped"
    return f"refused: {said}" if isinstance(problem, Refused | StaleVersion) else said


def _of_the_store(problem: BaseException) -> tuple[int, str]:
    said = str(problem).partition("\n")[0]
    if any(words in said for words in DAMAGED) and isinstance(problem, DatabaseError):
        return MISMATCH, (
            f"views.sqlite is damaged ({said}): stop the server and delete views.sqlite and what begins with its"
            " name; the views are built again from the log"
        )
    if any(words in said for words in DAMAGED):
        return MISMATCH, f"a file of the record is damaged ({said}): run `onrecord doctor`, and restore a backup"
    return UNAVAILABLE, f"the record cannot be used now: {said}"


def _of_the_fields(problem: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problem.errors())
