"""Passages between vault and record: sealed on their way in, opened on their way out.

Law: who asks for what was erased is told so by the record, whatever the vault holds.
"""

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple, TypeVar
from uuid import UUID

from domain.refusals import SubjectErased
from domain.subject import there
from domain.subject_events import SubjectSealed
from service.ledger import Ledger
from service.vault import BadVault, NoSuchKey, Vault

T = TypeVar("T")


class KeyMissing(Exception):
    """The record holds what is sealed, and nobody has erased it; the vault lacks its key."""


class Passage(NamedTuple):
    """A passage in the clear, and what stands in its place in the record's texts."""

    seal: str
    text: str

    def __repr__(self) -> str:
        return f"Passage({self.seal})"


class Sealing:
    """The vault and the record together."""

    def __init__(self, vault: Vault, ledger: Ledger) -> None:
        self.vault, self._ledger = vault, ledger

    def seal(self, subject: UUID, incident: UUID | None, text: str) -> str:
        """Return a passage sealed by the key of a person, who is known for the incident where one is named.

        Raise `UnknownSubject`, `SubjectErased`, `KeyMissing` or `BadVault`.
        """
        self._there(subject, incident)
        return self._by_key(subject, lambda: self.vault.seal(subject, text))

    def disclosed(self, subject: UUID, incident: UUID | None, numbers: Collection[int] = ()) -> list[Passage]:
        """Return passages of a person in the clear, all where no numbers are given. Raise as `seal` does."""
        self._there(subject, incident)
        events = (one.event for one in self._ledger.history(subject))
        sealed = [event for event in events if isinstance(event, SubjectSealed)]
        wanted = [event for event in sealed if not numbers or event.number in numbers]
        return self._by_key(
            subject, lambda: [Passage(event.seal, self.vault.open(subject, event.sealed)) for event in wanted]
        )

    def erasing(self, subject: UUID, incident: UUID | None) -> None:
        """See to it before a person is erased that the key can be destroyed. Where it should be gone, it is now.

        Raise `BadVault`, `UnknownSubject`, or `SubjectErased`.
        """
        self.vault.check()
        state = self._ledger.subject(subject)
        if state is not None and state.erased and incident in (None, state.incident):
            self.vault.erase(subject)
        there(state, subject, incident)

    def not_destroyed(self) -> Iterator[UUID]:
        """Yield the persons that are erased, and of whom the vault has the key still, or again."""
        erased = self.vault.erased()
        for subject in self.vault.subjects():
            state = self._ledger.subject(subject)
            if (state is not None and state.erased) or subject in erased:
                yield subject

    def forgotten_again(self) -> Iterator[UUID]:
        """Yield the persons who were erased, and of whom the record no longer says so: an older one was put back."""
        for subject in self.vault.erased():
            state = self._ledger.subject(subject)
            if state is not None and not state.erased:
                yield subject

    def _there(self, subject: UUID, incident: UUID | None) -> None:
        state = there(self._ledger.subject(subject), subject, incident)
        if subject in self.vault.erased():
            raise SubjectErased(f"{state.short_id} was erased, which this older record does not say: erase it again")

    def _by_key(self, subject: UUID, work: Callable[[], T]) -> T:
        """Return what is done by a person's key. Where that cannot be, raise what the record says of the person."""
        try:
            return work()
        except (NoSuchKey, BadVault) as problem:
            state = there(self._ledger.subject(subject), subject, None)
            if isinstance(problem, BadVault):
                raise
            said = f"the vault lacks the key of {state.short_id}: tell the operator, who has a copy of the vault"
            raise KeyMissing(said) from None
