"""The one thread that writes: it takes what waits, decides, saves, answers.

Law: no receipt is given before its commit, and every ticket is answered, however the writer ends. What a failed save
leaves is asked of the log, never guessed; while the log cannot be asked, nothing is decided. Where other processes
write too, a batch is decided and saved in a turn of its own, on all that the others have saved.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog

from domain.events import mark_of
from service.ledger.asking import LedgerDamaged, Outcome, Receipt, Unavailable
from service.ledger.batch import Batch, Head
from service.ledger.inbox import Inbox, Ticket, answer
from service.ledger.keyring import Keyring
from service.ledger.others import Others, head_at
from service.ledger.things import brought_by
from service.store.log import RecordLog, StoreError, rfc3339
from service.store.recorder import KeptAnswer, Turn
from service.store.spill import Spill
from service.store.states import States

log = structlog.get_logger()
BATCH = 256
"""Commands that share one commit at the most."""
ANSWERS_KEPT = timedelta(hours=24)
CACHED_EVENTS = 100_000
"""Events whose states are kept at hand: about 3 kB each."""
TRIED_EVENTS = 20_000
"""The same of a trial, which runs beside a server or in it."""
RECENT = 1_000
"""Events whose aggregates are recalled at the start."""
NOT_SAVED = "the record could not be written: ask again, with the same Idempotency-Key"
STOPPED = "the ledger is closing: try again"


class Writer:
    """The writer of a ledger; `start` it once, `stop` it once."""

    def __init__(self, log: RecordLog, inbox: Inbox, keyring: Keyring, *, trial: bool = False) -> None:
        """Write what comes in; in a `trial`, decide it and save nothing."""
        self._log, self._inbox, self._keyring, self._trial = log, inbox, keyring, trial
        self._spill = Spill() if trial else None
        self._states = States(log, TRIED_EVENTS if trial else CACHED_EVENTS, self._spill)
        self._others = Others(log, self._states, keyring) if log.log_recorder.is_shared and not trial else None
        self._head: Head | None = head_of(log)
        self._is_demonstration = log.log_recorder.meta("demonstration") == "yes"
        self.listeners: list[Callable[[int], None]] = []
        self._recalling = False
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)

    def start(self, *, recalling: bool = False) -> None:
        """Begin to serve the inbox; `recalling`, load what was worked on last before it is asked for."""
        self._recalling = recalling
        self._thread.start()

    def stop(self) -> None:
        """Serve what waits, then end."""
        self._inbox.close()
        if self._thread.is_alive():
            self._thread.join()
        if self._spill is not None:
            self._spill.close()

    def _run(self) -> None:
        try:
            if self._recalling:
                self._recall()
            while tickets := self._inbox.take(BATCH):
                self._serve(tickets)
        finally:
            _refuse(self._inbox.rest(), STOPPED)

    def _recall(self) -> None:
        """Have at hand what was worked on last: an incident of 100,000 events takes seconds to load."""
        try:
            for aggregate in self._log.log_recorder.recent(RECENT):
                self._states.find(aggregate)
            self._states.trim()
        except Exception as fault:  # an aid that fails is told; what is asked for is loaded then
            log.error("states not recalled", exc_info=fault)
            self._states.clear()

    def _serve(self, tickets: list[Ticket]) -> None:
        try:
            batch, outcomes = self._decided(tickets)
        except Exception as fault:  # whatever it is, the callers are told and the writer goes on
            unforeseen = None if isinstance(fault, StoreError) else fault
            log.error("batch not served", commands=len(tickets), error=str(fault), exc_info=unforeseen)
            self._doubt()
            if unforeseen is not None:  # while the store is away, the states stay what they were
                self._states.clear()
            _refuse(tickets, NOT_SAVED)
            return
        except BaseException:
            _refuse(tickets, STOPPED)
            raise
        for ticket, outcome in zip(tickets, outcomes, strict=True):
            ticket.outcome = outcome
        answer(tickets)
        self._follow_up(batch)

    def _decided(self, tickets: list[Ticket]) -> tuple[Batch, list[Outcome]]:
        """Decide and save; return the batch and what to answer now."""
        if self._others is not None and self._head is not None:
            self._head = self._others.look_ahead(self._head, [ticket.request for ticket in tickets])
        with self._turn(tickets) as turn:
            if self._others is not None and self._head is not None and turn.end is not None:
                self._head = self._others.take_in(self._head, turn.end)
            batch = self._begun(tickets, turn.answers)
            outcomes = [batch.decide(ticket.request) for ticket in tickets]
            fault = self._append(batch) if batch.recorded else None
            if not batch.recorded:
                self._confirm(outcomes)
        if batch.recorded and not self._saved(batch, fault):
            outcomes = [one if self._stands(one, batch) else Unavailable(NOT_SAVED) for one in outcomes]
        return batch, outcomes

    def _confirm(self, outcomes: list[Outcome]) -> None:
        """Before answers that were given before are given again: what they tell must be where a commit has to be."""
        if self._others is not None and any(isinstance(one, Receipt) for one in outcomes):
            self._log.log_recorder.confirm()

    def _turn(self, tickets: list[Ticket]) -> AbstractContextManager[Turn]:
        """Take the turn, and with it the answers that were given before to these requests."""
        keys = [ticket.request.idempotency for ticket in tickets if ticket.request.idempotency is not None]
        asked = [(one.caller, one.key) for one in keys]
        since = rfc3339(datetime.now(UTC) - ANSWERS_KEPT)
        recorder = self._log.log_recorder
        return nullcontext(Turn(answers=recorder.answers(asked, since))) if self._trial else recorder.turn(asked, since)

    def _begun(self, tickets: list[Ticket], answers: Sequence[KeptAnswer]) -> Batch:
        if self._head is None:
            self._head = head_of(self._log)
        things = set[str]() if self._spill is None else self._spill
        brought = {key for ticket in tickets if (key := brought_by(ticket.request.command)) is not None}
        kept = {(one.caller, one.key): (one.fingerprint, Receipt.from_bytes(one.receipt)) for one in answers}
        return Batch(self._log, self._states, self._head, kept, self._is_demonstration, things, brought)

    def _append(self, batch: Batch) -> Exception | None:
        """Save the batch in one transaction, and return what went wrong.

        A crash before the commit leaves nothing, after it everything.
        """
        if self._trial:
            return None
        now = datetime.now(UTC)
        try:
            self._log.append(
                batch.stored,
                [rfc3339(one.recorded_at) for one in batch.recorded],
                after=batch.recorded[0].position - 1,
                answers=batch.answers(rfc3339(now)),
                secrets=batch.secrets,
                marks=list(batch.marks.items()),
                things=batch.things,
                forget_before=rfc3339(now - ANSWERS_KEPT),
            )
        except Exception as fault:  # noqa: BLE001  # whatever it is, the writer goes on and the callers are told
            return fault
        return None

    def _saved(self, batch: Batch, fault: Exception | None) -> bool:
        """Tell whether the batch is in the log, and note it where it is."""
        if fault is not None:
            unforeseen = None if isinstance(fault, StoreError) else fault
            log.error("batch not saved", events=len(batch.recorded), error=str(fault), exc_info=unforeseen)
            self._states.forget(batch.touched)
            if not self._is_saved(batch):
                return False
        self._head = replace(batch.head, mark=mark_of(batch.stored[-1].state))
        if batch.changes_accounts:
            self._keyring.forget()
        return True

    def _is_saved(self, batch: Batch) -> bool:
        """Ask the log whether it holds a batch whose commit raised. Where it cannot be asked, it is asked again.

        It is asked in a turn: a server that was left with a commit under way has then ended it, one way or the other.
        """
        self._doubt()
        with self._log.log_recorder.turn():
            if self._log.log_recorder.bytes_at(batch.head.position) != batch.stored[-1].state:
                return False
            self._log.log_recorder.confirm()
        return True

    def _stands(self, outcome: Outcome, batch: Batch) -> bool:
        """Tell whether an outcome stands though its batch was not saved: an answer that was given before it.

        Where others write, the save would have confirmed that answer.
        """
        was_before = isinstance(outcome, Receipt) and outcome.position < batch.recorded[0].position
        return was_before and self._others is None

    def _doubt(self) -> None:
        """Forget where the log ends and who holds which key: what raised may be in it.

        Where others write, what it may hold is theirs or ours, and is taken in with the next turn.
        """
        if self._others is None:
            self._head = None
        self._keyring.forget()

    def _follow_up(self, batch: Batch) -> None:
        """After the answers: tell who follows the log, keep snapshots, drop what was not used for long."""
        try:
            if batch.recorded and not self._trial:
                for listener in self.listeners:
                    listener(batch.head.position)
                self._states.keep(batch.touched)
        except Exception as fault:  # all is saved and answered: an aid that fails is told, and the writer goes on
            log.error("after a commit", exc_info=fault)
        self._states.trim()


def head_of(log: RecordLog) -> Head:
    """Return where the log ends, or raise `LedgerDamaged` where positions are missing."""
    position, _, count = log.log_recorder.last()
    if position != count:
        raise LedgerDamaged(f"the log ends at position {position} but holds {count} events: restore a backup")
    return head_at(log.log_recorder.end())


def _refuse(tickets: list[Ticket], why: str) -> None:
    for ticket in tickets:
        ticket.outcome = Unavailable(why)
    answer(tickets)
