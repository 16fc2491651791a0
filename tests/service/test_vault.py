"""The vault: keys that come and go, the master key above them, and what it says when something is not right."""

import base64
import stat
import threading
from pathlib import Path

import pytest

from service.ids import uuid7
from service.settings import Settings
from service.vault import BLOCK, SENTINEL, BadVault, NoSuchKey, Vault
from tests.service.command_line import onrecord

NAME = "Zlatoslava Kyrylenko-Vox"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.read(data=tmp_path / "data", vault=tmp_path / "vault", master_key=tmp_path / "master" / "key")


@pytest.fixture
def vault(settings: Settings) -> Vault:
    return Vault.make(settings)


def test_what_is_sealed_is_opened_by_the_key_of_its_person(vault: Vault) -> None:
    one, other = uuid7(), uuid7()
    vault.new_key(one)
    vault.new_key(other)
    sealed = vault.seal(one, NAME)
    assert vault.open(one, sealed) == NAME
    assert vault.seal(one, NAME) != sealed, "each time by another nonce"
    with pytest.raises(BadVault, match="was not sealed by the key"):
        vault.open(other, sealed)


@pytest.mark.parametrize("text", ["", "a", "ends in nothing\0\0", "\x80", "ї" * 31, "x" * 63, "x" * 64, "x" * 10_000])
def test_a_passage_comes_back_as_it_was_and_tells_little_of_its_length(vault: Vault, text: str) -> None:
    subject = uuid7()
    vault.new_key(subject)
    sealed = vault.seal(subject, text)
    assert vault.open(subject, sealed) == text
    assert (len(base64.b64decode(sealed)) - 12 - 16) % BLOCK == 0


def test_an_altered_passage_is_not_opened(vault: Vault) -> None:
    subject = uuid7()
    vault.new_key(subject)
    sealed = bytearray(base64.b64decode(vault.seal(subject, NAME)))
    for at in range(0, len(sealed), 5):
        altered = bytearray(sealed)
        altered[at] ^= 1
        with pytest.raises(BadVault):
            vault.open(subject, base64.b64encode(altered).decode())


def test_a_key_that_was_destroyed_is_gone_with_all_that_a_crash_left_of_it(vault: Vault, settings: Settings) -> None:
    assert settings.vault is not None
    subject, another = uuid7(), uuid7()
    vault.new_key(subject)
    vault.new_key(another)
    sealed = vault.seal(subject, NAME)
    for left in (f"{subject}.key.new-1a2b3c4d", f"{subject}.gone-1a2b3c4d"):
        (settings.vault / left).write_bytes((settings.vault / f"{subject}.key").read_bytes())
    assert vault.destroy(subject)
    assert not vault.destroy(subject)
    assert {file.name for file in settings.vault.iterdir()} == {f"{another}.key", SENTINEL}
    assert list(vault.subjects()) == [another]
    for work in (lambda: vault.open(subject, sealed), lambda: vault.seal(subject, NAME)):
        with pytest.raises(NoSuchKey):
            work()


def test_only_its_owner_reads_it_and_no_key_lies_in_it_unwrapped(vault: Vault, settings: Settings) -> None:
    assert settings.vault is not None
    assert settings.master_key is not None
    vault.new_key(uuid7())
    for file in (settings.master_key, *settings.vault.iterdir()):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {len(file.read_bytes()) for file in settings.vault.iterdir()} == {40}, "as RFC 3394 wraps 32 bytes"


def test_a_new_master_key_wraps_all_keys_and_makes_old_copies_worthless(vault: Vault, settings: Settings) -> None:
    assert settings.vault is not None
    assert settings.master_key is not None
    subject = uuid7()
    vault.new_key(subject)
    sealed = vault.seal(subject, NAME)
    old_master, old_key = settings.master_key.read_bytes(), (settings.vault / f"{subject}.key").read_bytes()
    assert vault.rotate() == (1, [])
    assert settings.master_key.read_bytes() != old_master
    assert vault.open(subject, sealed) == NAME
    (settings.vault / f"{subject}.key").write_bytes(old_key)
    with pytest.raises(BadVault, match="not wrapped by the master key"):
        vault.open(subject, sealed)


def test_a_rotation_that_was_cut_short_is_finished_by_another(vault: Vault, settings: Settings) -> None:
    assert settings.master_key is not None
    subject = uuid7()
    vault.new_key(subject)
    sealed, old = vault.seal(subject, NAME), settings.master_key.read_text()
    settings.master_key.write_text(base64.b64encode(b"n" * 32).decode() + "\n" + old)
    another = uuid7()
    vault.new_key(another)  # by the new one, while the first is wrapped by the old one still
    assert vault.open(subject, sealed) == NAME
    assert vault.rotate() == (2, [])
    assert len(settings.master_key.read_text().split()) == 1
    assert vault.open(subject, sealed) == NAME
    assert vault.open(another, vault.seal(another, NAME)) == NAME


def test_passages_are_sealed_and_opened_while_the_master_key_changes(vault: Vault) -> None:
    failed: list[Exception] = []
    stopping = threading.Event()

    def work() -> None:
        try:
            while not stopping.is_set():
                subject = uuid7()
                vault.new_key(subject)
                assert vault.open(subject, vault.seal(subject, NAME)) == NAME
                vault.destroy(subject)
        except Exception as fault:  # noqa: BLE001  # whatever it is, the test shows it
            failed.append(fault)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        vault.rotate()
    stopping.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert list(vault.subjects()) == [], "what was destroyed was not made again"


def test_where_this_is_not_the_vault_no_key_is_made_and_none_is_said_to_be_destroyed(
    vault: Vault, settings: Settings, tmp_path: Path
) -> None:
    assert settings.vault is not None
    assert settings.master_key is not None
    subject = uuid7()
    vault.new_key(subject)
    sealed = vault.seal(subject, NAME)
    mounted = tmp_path / "elsewhere"
    settings.vault.rename(mounted)
    for _ in ("the folder is gone", "there is an empty mount point"):
        for work in (lambda: vault.new_key(uuid7()), lambda: vault.destroy(subject)):
            with pytest.raises(BadVault, match="mount"):
                work()
        settings.vault.mkdir(exist_ok=True)
    settings.vault.rmdir()
    mounted.rename(settings.vault)
    right = settings.master_key.read_text()
    settings.master_key.write_text(base64.b64encode(b"x" * 32).decode())
    with pytest.raises(BadVault, match="not wrapped by the master key"):
        vault.new_key(uuid7())
    settings.master_key.write_text(right)
    assert list(vault.subjects()) == [subject]
    assert vault.open(subject, sealed) == NAME


def test_what_a_crash_left_is_tidied_up(vault: Vault, settings: Settings) -> None:
    assert settings.vault is not None
    assert settings.master_key is not None
    subject = uuid7()
    vault.new_key(subject)
    old = settings.master_key.with_name(f"{settings.master_key.name}.new-1a2b3c4d")
    for tidy in (vault.tidy, vault.rotate):
        old.write_bytes(settings.master_key.read_bytes())
        for left in (f"{uuid7()}.gone-1a2b3c4d", f"{uuid7()}.key.new-1a2b3c4d"):
            (settings.vault / left).write_bytes(b"k" * 40)
        tidy()
        assert {file.name for file in settings.vault.iterdir()} == {f"{subject}.key", SENTINEL}
        assert list(settings.master_key.parent.iterdir()) == [settings.master_key]


def test_files_of_others_stand_in_nobodys_way(vault: Vault, settings: Settings) -> None:
    assert settings.vault is not None
    subject, unreadable = uuid7(), uuid7()
    vault.new_key(subject)
    (settings.vault / "0 copy of something.key").write_bytes(b"k" * 40)
    (settings.vault / f"{unreadable}.key").write_bytes(b"k" * 40)
    assert set(vault.subjects()) == {subject, unreadable}
    assert vault.rotate() == (1, ["0 copy of something.key", f"{unreadable}.key"])
    assert settings.master_key is not None
    assert len(settings.master_key.read_text().split()) == 1, "the old one is retired all the same"
    assert vault.open(subject, vault.seal(subject, NAME)) == NAME


def test_who_was_erased_stays_so_whatever_is_put_back(vault: Vault, settings: Settings) -> None:
    assert settings.vault is not None
    assert settings.master_key is not None
    subject, another = uuid7(), uuid7()
    for one in (subject, another):
        vault.new_key(one)
    kept = (settings.vault / f"{subject}.key").read_bytes()
    assert vault.erase(subject)
    (settings.vault / f"{subject}.key").write_bytes(kept)
    assert vault.erased() == {subject}
    assert vault.erase(subject)
    noted = settings.master_key.with_name("key.erased")
    assert noted.read_text().split() == [str(subject)]
    with noted.open("a") as file:  # a crash in the middle of a line
        file.write(str(another)[:10])
    assert vault.erased() == {subject}
    vault.erase(another)
    assert vault.erased() == {subject, another}


def test_a_disk_that_refuses_is_told_as_such(vault: Vault, settings: Settings) -> None:
    assert settings.vault is not None
    subject = uuid7()
    vault.new_key(subject)
    file = settings.vault / f"{subject}.key"
    file.unlink()
    file.mkdir()
    with pytest.raises(BadVault, match="Is a directory"):
        vault.seal(subject, NAME)


def test_it_lies_apart_from_the_record_and_from_its_master_key(tmp_path: Path) -> None:
    for vault, master, what in (
        ("data/vault", "key", "the vault lies in"),
        ("vault", "data/key", "the master key lies in"),
        ("vault", "vault/key", "the master key lies in"),
        ("data/../data/vault", "key", "the vault lies in"),
        (".", "key", "the record lies in"),
    ):
        settings = Settings.read(data=tmp_path / "data", vault=tmp_path / vault, master_key=tmp_path / master)
        with pytest.raises(BadVault, match=what):
            Vault.make(settings)
    assert list(tmp_path.iterdir()) == []


def test_it_says_what_is_missing(tmp_path: Path, vault: Vault, settings: Settings) -> None:
    assert Vault.of(Settings.read(data=tmp_path / "data")) is None
    with pytest.raises(BadVault, match="ONRECORD_MASTER_KEY"):
        Vault.of(Settings.read(data=tmp_path / "data", vault=tmp_path / "vault"))
    with pytest.raises(BadVault, match="there is a vault in"):
        Vault.make(settings)
    assert settings.master_key is not None
    for wrong in ("", "not base64!", base64.b64encode(b"short").decode()):
        settings.master_key.write_text(wrong)
        with pytest.raises(BadVault, match="master key"):
            Vault.of(settings)
    settings.master_key.write_text(base64.b64encode(b"x" * 32).decode())
    with pytest.raises(BadVault, match="not wrapped by the master key"):
        Vault.of(settings)
    settings.master_key.unlink()
    with pytest.raises(BadVault, match="cannot be read"):
        Vault.of(settings)


def test_the_command_line_makes_it_and_serve_says_what_stands_in_the_way(tmp_path: Path) -> None:
    data, named = tmp_path / "data", {"ONRECORD_VAULT": str(tmp_path / "v"), "ONRECORD_MASTER_KEY": str(tmp_path / "m")}
    early = onrecord(data, "serve", ONRECORD_PORT="0", **named)
    assert (early.code, "onrecord vault make" in early.err) == (2, True)
    assert onrecord(data, "vault", "make").code == 2
    made = onrecord(data, "vault", "make", **named)
    assert (made.code, str(tmp_path / "v") in made.out, "safe place" in made.err) == (0, True, True)
    assert onrecord(data, "vault", "make", **named).code == 2
    rotated = onrecord(data, "vault", "rotate", **named)
    assert (rotated.code, rotated.out) == (0, "0 keys wrapped by a new master key\n")
    assert onrecord(data, "vault", "check", **named).code == 0
    assert onrecord(data, "vault", "rotate").code == 2
