"""The ledger: commands in, receipts out, events in the log between.

Law 1: an answer goes out only after the commit. Law 2: a refused command fails alone and leaves nothing behind.
Law 3: one thread writes; it takes all commands that wait, decides each on the current state, and saves the events of
all in one transaction (group commit). Alone, a request waits for nobody; under load, one flush serves many.

`asking` is what is asked and answered, `inbox` where requests wait, `batch` what is decided before it is saved,
`writer` the thread, `keyring` who holds which key, `record` the whole, with its readers.
"""

from service.ledger.asking import (
    FutureTime,
    Idempotency,
    IdempotencyMismatch,
    KeyNoLongerValid,
    LedgerDamaged,
    LedgerInUse,
    NoLedger,
    NotADemonstration,
    NotAllowed,
    Outcome,
    QueueFull,
    Receipt,
    Request,
    StaleVersion,
    TooLong,
    Unavailable,
)
from service.ledger.keyring import Holder
from service.ledger.record import Ledger

__all__ = [
    "FutureTime",
    "Holder",
    "Idempotency",
    "IdempotencyMismatch",
    "KeyNoLongerValid",
    "Ledger",
    "LedgerDamaged",
    "LedgerInUse",
    "NoLedger",
    "NotADemonstration",
    "NotAllowed",
    "Outcome",
    "QueueFull",
    "Receipt",
    "Request",
    "StaleVersion",
    "TooLong",
    "Unavailable",
]
