"""How a command ends: 0 done, 1 failed, 2 usage, 3 verification mismatch, 4 conflict, 5 unavailable.

Law: whatever a user can cause is told in one line, with what to do; a traceback is a fault of ours.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

DONE, FAILED, USAGE, MISMATCH, CONFLICT, UNAVAILABLE = 0, 1, 2, 3, 4, 5


class UsageProblem(Exception):
    """What was asked for is not there; the text says what to do."""


class Conflict(Exception):
    """What is there already stands against it; the text says what to do."""


class NotAvailable(Exception):
    """Something that is needed is away or in use; the text says what to do."""


class Stopped(BaseException):
    """The user, or the system, asked the command to stop; the text says how to go on."""


@contextmanager
def told() -> Iterator[None]:
    """End with the exit code of the error that stopped the command, and tell it in one line."""
    try:
        yield
    except BrokenPipeError:
        _let_go_of_stdout()
    except (Exception, Stopped) as problem:
        from service.cli.endings import ending_of  # it knows the errors of every part, and loads them

        ending = ending_of(problem)
        if ending is None:
            raise
        code, text = ending
        print(f"onrecord: {text}", file=sys.stderr)
        raise SystemExit(code) from problem


def _let_go_of_stdout() -> None:
    """Whoever read our output has had enough: no more of it, not even when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
