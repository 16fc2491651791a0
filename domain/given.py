"""What a decision needs that the aggregate cannot know by itself: passed in, so that replay never looks elsewhere."""

from collections.abc import Callable, Container, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.account_state import Account
from domain.source_state import Source
from domain.ties import Ties


class Given(NamedTuple):
    """The moment, the head of the log, new ids, the other aggregates, the ties among all sources, and who asks.

    `taken` are the ids of things in the whole log, whatever their kind, and the short ids of incidents.
    `actor` is the account that asks, None for the operator; `may_override`: it may override rule 4.
    """

    at: datetime
    head: int
    new_id: Callable[[], UUID]
    sources: Mapping[UUID, Source]
    accounts: Mapping[UUID, Account]
    incidents: Container[UUID]
    ties: Ties
    actor: UUID | None = None
    may_override: bool = False
    taken: Container[UUID | str] = frozenset()
