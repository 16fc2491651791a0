"""The notary signs what the log has become, and nothing that contradicts what it signed before."""

import stat
from pathlib import Path
from threading import Thread

import pytest

from proofs.checkpoint import Checkpoint
from proofs.note import Note, Signer
from proofs.tiles import Place
from proofs.tree import Edge, leaf_hash
from service.disk import replace_file
from service.ledger import Ledger
from service.notary import Contradiction, LogKeys, Notary, Signed, new_log, notary_of, signing
from service.notary.keys import BadKeyFile, NoKeyFile
from service.settings import Settings
from tests.notary.conftest import alter, tell


def sign(notary: Notary) -> Signed:
    signed = notary.sign()
    assert signed is not None
    return signed


def test_a_checkpoint_says_what_the_log_is(notary: Notary, ledger: Ledger) -> None:
    assert notary.sign() is None  # nothing is recorded
    tell(ledger, 5)
    signed, edge = sign(notary), Edge()
    for _, _, data in ledger.read_raw(0, 100):
        edge.append(leaf_hash(data))
    assert signed.checkpoint == Checkpoint("log.example/desk", 8, edge.root())
    assert signed.note.signed_by([notary.keys.signer.key]) == [notary.keys.signer.key]
    assert sign(notary) == signed == notary.last() == notary.of_size(8)
    assert notary.of_size(7) is None


def test_what_is_signed_is_kept_outside_the_database_too(settings: Settings, ledger: Ledger, notary: Notary) -> None:
    tell(ledger, 5)
    signed = sign(notary)
    assert (settings.data / "checkpoint").read_text() == str(signed.note) == ledger.recorder.last_checkpoint()
    alter(settings, "DELETE FROM checkpoints")
    assert notary_of(settings, ledger).last() == signed


def test_the_log_grows_and_each_checkpoint_continues_the_one_before(ledger: Ledger, notary: Notary) -> None:
    sizes = []
    for claims in (1, 300, 0, 700):
        tell(ledger, claims)
        sizes.append(sign(notary).checkpoint.size)
    assert sizes == [4, 307, 310, 1013]


ALTERED = {"sqlite": "CAST(replace(CAST(state AS TEXT), 'claim 3', 'claim 4') AS BLOB)"}
ALTERED["postgres"] = "convert_to(replace(convert_from(state, 'UTF8'), 'claim 3', 'claim 4'), 'UTF8')"


def alter_a_claim(settings: Settings) -> None:
    state = ALTERED["sqlite" if settings.database is None else "postgres"]
    alter(settings, f"UPDATE stored_events SET state = {state} WHERE position = 7")  # noqa: S608


def test_a_row_that_was_altered_is_never_signed_over(settings: Settings, ledger: Ledger, notary: Notary) -> None:
    tell(ledger, 5)
    sign(notary)
    alter_a_claim(settings)
    with pytest.raises(Contradiction, match="the first 8 events are not those that were signed"):
        notary.compare()
    tell(ledger, 1)
    for _ in range(2):
        with pytest.raises(Contradiction, match="the first 8 events"):
            notary.sign()
    assert ledger.recorder.last_checkpoint() == (settings.data / "checkpoint").read_text()
    with pytest.raises(Contradiction, match="the first 8 events"):  # nor after a start
        notary_of(settings, ledger).sign()


def test_a_log_that_was_cut_is_never_signed_over(settings: Settings, ledger: Ledger, notary: Notary) -> None:
    tell(ledger, 5)
    sign(notary)
    alter(settings, "DELETE FROM stored_events WHERE position = 8")
    with pytest.raises(Contradiction, match="ends at position 7, and 8 were signed"):
        notary.sign()


def test_an_older_log_in_its_place_is_never_signed_over(settings: Settings, ledger: Ledger, notary: Notary) -> None:
    """All of the database is older, its checkpoints too: the file outside tells."""
    tell(ledger, 5)
    older = sign(notary)
    tell(ledger, 1)
    sign(notary)
    alter(settings, "DELETE FROM stored_events WHERE position > 8")
    alter(settings, "DELETE FROM checkpoints WHERE size > 8")
    assert ledger.recorder.last_checkpoint() == str(older.note)
    with pytest.raises(Contradiction, match="ends at position 8, and 12 were signed"):
        notary.sign()


def test_a_checkpoint_that_was_put_there_by_somebody_else_is_not_believed(
    settings: Settings, ledger: Ledger, notary: Notary
) -> None:
    tell(ledger, 5)
    text = sign(notary).checkpoint.text
    stranger = Signer.new("log.example/desk")
    for note in (Note(text, (stranger.sign(text),)), "no note at all"):
        (settings.data / "checkpoint").write_text(str(note))
        with pytest.raises(Contradiction, match="the checkpoint that was kept"):
            notary_of(settings, ledger).sign()


def test_the_key_is_the_owners_and_another_logs_is_refused(settings: Settings, ledger: Ledger, notary: Notary) -> None:
    file = settings.data / "log.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert notary_of(settings, ledger).keys == notary.keys
    with pytest.raises(BadKeyFile, match="ONRECORD_ORIGIN says elsewhere"):
        notary_of(settings.model_copy(update={"origin": "elsewhere"}), ledger)
    for wrong in ("", "PRIVATE+KEY+", file.read_text() + "x\n"):
        file.write_text(wrong)
        with pytest.raises(BadKeyFile):
            notary_of(settings, ledger)


def test_a_log_without_a_name_is_given_one_that_stays(settings: Settings, ledger: Ledger) -> None:
    unnamed = settings.model_copy(update={"origin": None})
    with pytest.raises(NoKeyFile, match="`onrecord serve` makes one"):
        notary_of(unnamed, ledger)
    name = notary_of(unnamed, ledger, making=True).keys.signer.name
    assert name == f"onrecord-{ledger.id.hex[:12]}" == notary_of(unnamed, ledger).keys.signer.name


def test_a_new_key_keeps_the_public_half_of_the_old_one(tmp_path: Path) -> None:
    first = LogKeys.made(tmp_path / "key", "log.example/desk")
    second = first.rotated()
    second.write(tmp_path / "key")
    kept = LogKeys.of(tmp_path / "key", "log.example/desk")
    assert kept == second
    assert kept.all == (second.signer.key, first.signer.key)
    assert first.signer.to_text().rpartition("+")[2] not in (tmp_path / "key").read_text()


def test_a_new_key_signs_in_every_process_that_has_the_file(settings: Settings, ledger: Ledger, notary: Notary) -> None:
    tell(ledger, 5)
    old, signed = notary.keys.signer.key, sign(notary)
    other = notary_of(settings, ledger)
    new = other.rotate().signer.key
    handed_over = other.last()
    assert handed_over is not None
    assert handed_over.checkpoint == signed.checkpoint
    assert handed_over.note.signed_by([old, new]) == [old, new]
    tell(ledger, 1)
    assert sign(notary).note.signed_by([old, new]) == [new]
    assert notary.keys.all == (new, old)


def test_a_second_key_signs_beside_the_first_where_the_operator_wants_it(settings: Settings, ledger: Ledger) -> None:
    tell(ledger, 1)
    strong = settings.model_copy(update={"post_quantum": True})
    notary = notary_of(strong, ledger, making=True)
    assert notary.keys.beside is not None
    both = [notary.keys.signer.key, notary.keys.beside.key]
    assert sign(notary).note.signed_by(both) == both
    assert notary_of(strong, ledger, making=True).keys == notary.keys
    assert notary.rotate().beside not in (None, both[1])


def test_without_its_key_a_log_that_was_signed_gets_no_other_one(
    settings: Settings, ledger: Ledger, notary: Notary
) -> None:
    tell(ledger, 1)
    sign(notary)
    (settings.data / "log.key").rename(settings.data / "elsewhere")
    with pytest.raises(NoKeyFile, match="put it back"):
        notary_of(settings, ledger, making=True)
    (settings.data / "checkpoint").unlink()
    with pytest.raises(NoKeyFile, match="new-log"):
        notary_of(settings, ledger, making=True)
    assert not (settings.data / "log.key").exists()
    with signing(settings, ledger) as nobody:
        assert nobody is None, "it is served all the same, and whoever has the key signs"


def test_another_log_is_begun_after_a_loss_that_is_meant(settings: Settings, ledger: Ledger, notary: Notary) -> None:
    tell(ledger, 5)
    before = sign(notary)
    alter(settings, "DELETE FROM stored_events WHERE position = 8")
    with pytest.raises(Contradiction):
        notary.sign()
    with pytest.raises(BadKeyFile, match="another name"):
        new_log(settings, ledger, "log.example/desk")
    keys = new_log(settings, ledger, "log.example/desk-2")
    again = notary_of(settings.model_copy(update={"origin": "log.example/desk-2"}), ledger, making=True)
    signed = sign(again)
    assert (signed.checkpoint.origin, signed.checkpoint.size) == ("log.example/desk-2", 7)
    assert signed.note.signed_by([keys.signer.key]) == [keys.signer.key]
    aside = sorted(file.name.partition(".2")[0] for file in settings.data.glob("*.2*Z"))
    assert aside == ["checkpoint", "log.key"]
    assert str(before.note) in [file.read_text() for file in settings.data.glob("checkpoint.2*")]


def test_a_crash_between_file_and_database_is_made_up_for(settings: Settings, ledger: Ledger, notary: Notary) -> None:
    tell(ledger, 5)
    signed = sign(notary)
    alter(settings, "DELETE FROM checkpoints")
    assert notary.of_size(8) is None
    assert sign(notary_of(settings, ledger)) == signed
    assert notary.of_size(8) == signed
    assert ledger.recorder.tail() is not None


def test_two_who_sign_one_log_keep_the_later_checkpoint_whole(
    settings: Settings, ledger: Ledger, notary: Notary
) -> None:
    tell(ledger, 5)
    older = sign(notary)
    tell(ledger, 5)
    newer = sign(notary_of(settings, ledger))
    notary._keep(older)  # as a slower process does
    assert (settings.data / "checkpoint").read_text() == str(newer.note)
    file, texts = settings.data / "both", ("a" * 300, "b" * 50_000)
    threads = [
        Thread(target=lambda text=text: [replace_file(file, text.encode()) for _ in range(100)]) for text in texts
    ]
    replace_file(file, texts[0].encode())
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert file.read_text() in texts
    assert [one.name for one in settings.data.glob("both*")] == ["both"]


def test_a_key_that_another_process_changed_is_taken_up_before_anything_is_doubted(
    settings: Settings, ledger: Ledger, notary: Notary
) -> None:
    tell(ledger, 5)
    sign(notary)
    other = notary_of(settings, ledger)
    new = other.rotate().signer.key
    tell(ledger, 1)
    sign(other)  # by the new key alone
    last = notary.last()
    assert last is not None
    assert last.note.signed_by([new]) == [new]
    newest = other.rotate().signer.key
    assert notary._goes_on()
    assert notary.keys.signer.key == newest, "also where nothing is recorded"


def test_what_was_cut_is_told_where_it_is_read(settings: Settings, ledger: Ledger, notary: Notary) -> None:
    tell(ledger, 5)
    assert notary.entries(Place(0, 0, 8))
    alter(settings, "DELETE FROM stored_events WHERE position = 5")
    with pytest.raises(KeyError):
        notary.entries(Place(0, 0, 8))
