"""How a command ends: 0 done, 1 failed, 2 usage, 3 verification mismatch, 4 conflict, 5 unavailable.

Law: whatever a user can cause is told in one line, with what to do; a traceback is a fault of ours.
"""

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
from pydantic import ValidationError
from sqlalchemy.exc import DatabaseError

from domain.commands import COMMANDS
from domain.events import UnknownEvent
from domain.refusals import Refused
from projections.checkpoints import OtherVersion
from projections.runner import NotOfThisLog
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
from service.settings import BadSettings
from service.store.log import StoreError
from service.store.schema import NewerSchema

DONE, FAILED, USAGE, MISMATCH, CONFLICT, UNAVAILABLE = 0, 1, 2, 3, 4, 5
DAMAGED = ("malformed", "not a database")
"""What SQLite says of a file that is not what it wrote."""

UNREADABLE = "an event of the log is not what was stored: run `onrecord doctor`, and restore a backup"


class UsageProblem(Exception):
    """What was asked for is not there; the text says what to do."""


class Conflict(Exception):
    """What is there already stands against it; the text says what to do."""


class NotAvailable(Exception):
    """Something that is needed is away or in use; the text says what to do."""


class Stopped(BaseException):
    """The user, or the system, asked the command to stop; the text says how to go on."""


CODES: tuple[tuple[tuple[type[BaseException], ...], int], ...] = (
    ((UsageProblem, NoLedger, BadMoment, BadSettings), USAGE),
    ((Refused, StaleVersion, Conflict, FileChanged), CONFLICT),
    ((LedgerInUse, NotAvailable, Unavailable, QueueFull), UNAVAILABLE),
    ((LedgerDamaged, NotOfThisLog), MISMATCH),
    ((NewerSchema, OtherVersion, NotADemonstration, UnknownEvent, OSError, Stopped), FAILED),
)


@contextmanager
def told() -> Iterator[None]:
    """End with the exit code of the error that stopped the command, and tell it in one line."""
    try:
        yield
    except BrokenPipeError:
        _let_go_of_stdout()
    except (StoreError, DatabaseError, sqlite3.Error) as problem:
        _end(*_of_the_store(problem))
    except ValidationError as problem:
        if problem.title not in {command.__name__ for command in COMMANDS.values()}:
            _end(MISMATCH, UNREADABLE)
        _end(USAGE, _of_the_fields(problem))
    except orjson.JSONDecodeError:
        _end(MISMATCH, UNREADABLE)
    except tuple(kind for kinds, _ in CODES for kind in kinds) as problem:
        _end(_code_of(problem), _words_of(problem))


def _code_of(problem: BaseException) -> int:
    return next(code for kinds, code in CODES if isinstance(problem, kinds))


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


def _let_go_of_stdout() -> None:
    """Whoever read our output has had enough: no more of it, not even when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end(code: int, text: str) -> None:
    print(f"onrecord: {text}", file=sys.stderr)
    raise SystemExit(code)
