"""Seeing to it that what was erased stays so: a crash may come between record and vault, and an old copy of the vault
may be put back.

Law: the record says who is erased. Where the vault has the key of an erased person still, or again, it is destroyed.
"""

import threading
import time

import structlog

from service.sealing import Sealing
from service.vault import BadVault

log = structlog.get_logger()
EVERY = 3_600.0
"""Seconds between two looks; the first is taken at the start."""
CHECK = 60.0
"""Seconds until it is seen again whether the vault can be used."""


class Eraser:
    """Looks again and again for keys that should be gone, and destroys them."""

    def __init__(self, sealing: Sealing | None) -> None:
        self._sealing = sealing
        self.is_well = True
        """Whether the vault could be used when it was last looked at."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="eraser", daemon=True)

    def start(self) -> None:
        """Begin, where there is a vault."""
        if self._sealing is not None:
            self._thread.start()

    def stop(self) -> None:
        """Stop, also in the middle of a look."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> int:
        """Destroy the keys that should be gone, and return how many there were."""
        found = 0
        assert self._sealing is not None
        self._sealing.vault.tidy()
        for subject in self._sealing.not_destroyed():
            if self._stopping.is_set():
                break
            try:
                found += self._sealing.vault.erase(subject)
            except BadVault as problem:  # the others are not to wait for it
                log.error(
                    "the key of an erased person could not be destroyed", subject=str(subject), error=str(problem)
                )
        return found

    def _run(self) -> None:
        looked_at = time.monotonic() - EVERY
        while True:
            try:
                self._check()
                if time.monotonic() - looked_at >= EVERY:
                    self._tell(self.look())
                    looked_at = time.monotonic()
            except Exception as fault:  # noqa: BLE001  # whatever it is, it is looked again
                log.error("the vault could not be looked through", error=str(fault))
            if self._stopping.wait(CHECK):
                return

    def _check(self) -> None:
        """See whether the vault can be used, and tell it where that changed."""
        assert self._sealing is not None
        try:
            self._sealing.vault.check()
        except BadVault as problem:
            if self.is_well:
                log.error("the vault cannot be used", error=str(problem))
            self.is_well = False
        else:
            self.is_well = True

    def _tell(self, destroyed: int) -> None:
        assert self._sealing is not None
        if destroyed:
            log.warning("keys of erased persons were still there, and are destroyed", keys=destroyed)
        for subject in self._sealing.forgotten_again():
            log.error("who was erased is not in this older record: erase again", subject=str(subject))
