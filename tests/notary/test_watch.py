"""The record is checked while it is served, and what is found is told."""

import pytest

from service.ledger import Ledger
from service.notary import Contradiction, Notary
from service.notary.watching import Watch
from service.settings import Settings
from tests.notary.conftest import tell
from tests.notary.test_notary import alter_a_claim, sign


def test_a_record_that_is_whole_is_told_to_be(settings: Settings, ledger: Ledger, notary: Notary) -> None:
    tell(ledger, 5)
    sign(notary)
    watch = Watch(settings, notary)
    assert watch.checked_at is None
    watch.check()
    assert (watch.size, watch.problem) == (8, None)
    assert watch.checked_at is not None


def test_a_record_that_was_altered_is_told_and_not_signed_any_more(
    settings: Settings, ledger: Ledger, notary: Notary
) -> None:
    tell(ledger, 300)  # what is altered lies below a full tile: signing alone does not look there
    sign(notary)
    alter_a_claim(settings)
    notary.compare()
    watch = Watch(settings, notary)
    watch.check()
    assert watch.problem is not None
    assert watch.problem.startswith("position 7: the hash of the event's bytes")
    tell(ledger, 1)
    with pytest.raises(Contradiction, match="position 7"):
        notary.sign()


def test_a_check_that_could_not_be_made_is_no_good_news(settings: Settings, ledger: Ledger, notary: Notary) -> None:
    tell(ledger, 5)
    watch = Watch(settings.model_copy(update={"data": settings.data / "elsewhere", "database": None}), notary)
    watch.check()
    assert watch.problem is not None
    assert watch.problem.startswith("it could not be checked")
    assert sign(notary)
