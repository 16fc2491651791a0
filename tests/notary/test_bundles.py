"""Bundles: what an auditor takes away verifies, and shows what it holds."""

from collections.abc import Sequence
from io import BytesIO
from uuid import UUID

import pytest

from proofs.bundle import Bundle
from proofs.note import Signer
from proofs.verifying import Verified, Wrong, verify
from service.ledger import Ledger
from service.notary import Notary, Signed
from service.notary.bundles import Wanted, bundle_of
from service.settings import Settings
from tests.notary.conftest import alter, tell
from tests.notary.test_notary import alter_a_claim, sign
from tests.service.ledgers import ask, begin, claim


@pytest.fixture
def incident(ledger: Ledger) -> UUID:
    """Tell two stories that are one in the other, and return the incident of the first."""
    one, report = begin(ledger)
    tell(ledger, 300)
    ledger.execute_many([ask(claim(one, report, f"claim {n}")) for n in range(5)])
    tell(ledger, 4)
    return one


def exported(notary: Notary, ledger: Ledger, signed: Signed, wanted: Wanted) -> bytes:
    return b"".join(bundle_of(ledger.recorder, notary.keys, signed, wanted))


def verified(bundle: bytes, notary: Notary, **given: object) -> Verified:
    return verify(Bundle(BytesIO(bundle)), [notary.keys.signer.key], **given)  # type: ignore[arg-type]


def test_the_whole_log_verifies(notary: Notary, ledger: Ledger, incident: UUID) -> None:
    signed = sign(notary)
    found = verified(exported(notary, ledger, signed, Wanted()), notary)
    assert (found.events, found.size, found.root) == (ledger.head(), ledger.head(), signed.checkpoint.root)
    assert found.signed_by == ("log.example/desk",)
    assert found.ends == ()


def test_one_incident_shows_by_itself_that_nothing_is_missing(notary: Notary, ledger: Ledger, incident: UUID) -> None:
    bundle = exported(notary, ledger, sign(notary), Wanted((incident,)))
    found = verified(bundle, notary)
    assert found.events == 7
    assert [(end.aggregate, end.version) for end in found.ends] == [(str(incident), 7)]
    events = [line for line in bundle.splitlines(keepends=True) if line.startswith(b"@")]
    assert len(events) == 7
    for n, event in enumerate(events):
        with pytest.raises(Wrong) as wrong:
            verified(bundle.replace(event, b""), notary)
        position = int(event[1 : event.index(b" ")])
        assert wrong.value.position is None or wrong.value.position <= position, n


@pytest.mark.parametrize(("first", "last"), [(1, 1), (2, 300), (256, 257), (310, None), (1, 256)])
def test_a_range_verifies(notary: Notary, ledger: Ledger, incident: UUID, first: int, last: int | None) -> None:
    bundle = exported(notary, ledger, sign(notary), Wanted(first=first, last=last))
    found = verified(bundle, notary)
    assert found.events == (last or ledger.head()) - first + 1
    assert (found.first, found.last) == (first, last or ledger.head())


def test_a_bundle_of_an_earlier_size_is_as_it_was(notary: Notary, ledger: Ledger, incident: UUID) -> None:
    signed = sign(notary)
    before = exported(notary, ledger, signed, Wanted((incident,)))
    tell(ledger, 700)
    sign(notary)
    assert exported(notary, ledger, signed, Wanted((incident,))) == before


def test_the_log_continues_what_the_auditor_has(notary: Notary, ledger: Ledger, incident: UUID) -> None:
    before = sign(notary)
    tell(ledger, 77)
    after = sign(notary)
    size = before.checkpoint.size
    for wanted in (Wanted(), Wanted((incident,), cuts=(size,)), Wanted(first=350, cuts=(size,))):
        found = verified(exported(notary, ledger, after, wanted), notary, since=before.checkpoint)
        assert found.since == size
    with pytest.raises(Wrong, match=f"export it with --since {size}"):
        verified(exported(notary, ledger, after, Wanted((incident,))), notary, since=before.checkpoint)
    forked = type(before.checkpoint)(before.checkpoint.origin, size, bytes(32))
    with pytest.raises(Wrong, match="the root at the earlier checkpoint"):
        verified(exported(notary, ledger, after, Wanted()), notary, since=forked)
    with pytest.raises(Wrong, match=f"at least the {after.checkpoint.size} of the earlier checkpoint"):
        verified(exported(notary, ledger, before, Wanted()), notary, since=after.checkpoint)


def test_only_the_keys_that_the_auditor_knows_count(notary: Notary, ledger: Ledger, incident: UUID) -> None:
    bundle = exported(notary, ledger, sign(notary), Wanted())
    stranger = Signer.new("log.example/desk")
    for keys in ([], [stranger.key]):
        with pytest.raises(Wrong, match="the signature"):
            verify(Bundle(BytesIO(bundle)), keys)


def test_what_was_altered_since_it_was_recorded_is_named(settings: Settings, notary: Notary, ledger: Ledger) -> None:
    tell(ledger, 600)
    signed = sign(notary)
    alter_a_claim(settings)
    with pytest.raises(Wrong) as wrong:
        verified(exported(notary, ledger, signed, Wanted()), notary)
    assert wrong.value.position == 7
    assert wrong.value.what == "the hash of the event's bytes"


def lines_with(bundle: bytes, change: Sequence[tuple[bytes, bytes]]) -> bytes:
    for before, after in change:
        assert before in bundle
        bundle = bundle.replace(before, after, 1)
    return bundle


def test_nothing_is_verified_of_what_was_signed_for_another_size(
    settings: Settings, notary: Notary, ledger: Ledger, incident: UUID
) -> None:
    small = exported(notary, ledger, sign(notary), Wanted((incident,)))
    tell(ledger, 1)
    large = exported(notary, ledger, sign(notary), Wanted((incident,)))
    end = large[large.index(b"log.example/desk/end") :]
    mixed = small[: small.index(b"log.example/desk/end")] + end
    with pytest.raises(Wrong, match="the end of"):
        verified(mixed, notary)
    alter(settings, "DELETE FROM checkpoints")
