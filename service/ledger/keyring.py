"""Who holds which key, as the log says.

Law: from the answer to a change of an account on, nobody is told what held before it; in another process that serves
the same log, nobody `NOTICED` seconds later. Only what is committed counts.
"""

import threading
import time
from dataclasses import dataclass

from domain.account_state import Account
from service.store.log import RecordLog
from service.store.recorder import End
from service.store.states import load

NOTICED = 1.0
"""Seconds for which a process believes that no other one has changed an account."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The account that a key belongs to, and the hash of the key's secret."""

    account: Account
    hash: bytes


class Keyring:
    """The holders of keys, remembered until an account changes."""

    def __init__(self, log: RecordLog) -> None:
        self._log = log
        self._holders: dict[str, Holder] = {}
        self._changes = 0
        self._looked_at, self._last_change = -NOTICED, End()
        self._lock = threading.Lock()

    def holder(self, key_id: str) -> Holder | None:
        """Return who holds a key, None where there is no such key. What was never a key is not remembered."""
        if self._log.log_recorder.is_shared:
            self._look()
        found = self._holders.get(key_id)
        if found is None:
            before = self._changes
            found = self._look_up(key_id)
            with self._lock:
                # A change that was committed while we looked may be missing in what we found: use it, but forget it.
                if found is not None and before == self._changes:
                    self._holders[key_id] = found
        return found

    def forget(self) -> None:
        """Forget all: an account changed."""
        with self._lock:
            self._changes += 1
            self._holders = {}

    def _look(self) -> None:
        """Ask now and then whether another process has changed an account."""
        now = time.monotonic()
        if now - self._looked_at < NOTICED:
            return
        last = self._log.log_recorder.last_of_accounts()
        if last != self._last_change:
            self.forget()
        self._last_change, self._looked_at = last, now

    def _look_up(self, key_id: str) -> Holder | None:
        secret = self._log.log_recorder.secret(key_id)
        account = load(self._log, secret.account) if secret is not None else None
        return Holder(account, secret.hash) if secret is not None and isinstance(account, Account) else None
