"""How a command ends: 0 done, 1 failed, 2 usage, 3 verification mismatch, 4 conflict, 5 unavailable."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from domain.refusals import Refused
from service.ledger import LedgerDamaged, LedgerInUse, NoLedger, NotADemonstration, StaleVersion, Unavailable
from service.store.schema import NewerSchema

FAILED, USAGE, MISMATCH, CONFLICT, UNAVAILABLE = 1, 2, 3, 4, 5


class UsageProblem(Exception):
    """What was asked for is not there; the text says what to do."""


@contextmanager
def told() -> Iterator[None]:
    """End with the exit code of the error that stopped the command, and tell it in one line."""
    try:
        yield
    except (Refused, StaleVersion) as problem:
        _end(CONFLICT, f"refused: {problem}")
    except (UsageProblem, NoLedger) as problem:
        _end(USAGE, str(problem))
    except (LedgerInUse, Unavailable) as problem:
        _end(UNAVAILABLE, str(problem))
    except LedgerDamaged as problem:
        _end(MISMATCH, str(problem))
    except (NewerSchema, NotADemonstration) as problem:
        _end(FAILED, str(problem))
    except KeyboardInterrupt:
        _end(FAILED, "stopped")


def _end(code: int, text: str) -> None:
    print(f"onrecord: {text}", file=sys.stderr)
    raise SystemExit(code)
