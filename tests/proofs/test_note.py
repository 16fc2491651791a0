"""Signed notes, keys and checkpoints: the example of the specification, and what must be refused."""

from base64 import b64encode

import pytest

from proofs.checkpoint import Checkpoint
from proofs.note import (
    MOST_SIGNATURES,
    Ed25519Key,
    MlDsa44Key,
    Note,
    NoteError,
    PostQuantumSigner,
    Signer,
    WitnessKey,
    key_from_text,
    signed,
)

EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = """This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""
"""From c2sp.org/signed-note."""
SIGNER = Signer("log.example/one", bytes(range(32)))
OTHER = Signer("log.example/one", bytes(32))
CHECKPOINT = Checkpoint("log.example/one", 7, bytes(32))


def test_the_example_of_the_specification_is_read_written_and_verified() -> None:
    note, key = Note.read(EXAMPLE.encode()), key_from_text(EXAMPLE_KEY)
    assert note.text == "This is an example message.\n"
    assert str(note) == EXAMPLE
    assert str(key) == EXAMPLE_KEY
    assert note.signed_by([key]) == [key]


def test_a_note_says_who_of_those_that_are_known_has_signed_it() -> None:
    note = Note.read(str(signed("a\n\nb\n", [SIGNER, OTHER, SIGNER])).encode())
    assert note.text == "a\n\nb\n"
    assert note.signed_by([OTHER.key]) == [OTHER.key]
    assert note.signed_by([SIGNER.key, OTHER.key]) == [SIGNER.key, OTHER.key]
    assert note.signed_by([Ed25519Key("log.example/two", SIGNER.key.public)]) == []


def test_what_was_altered_below_a_known_signature_spoils_the_note() -> None:
    note = signed("a\n", [SIGNER, OTHER])
    altered = Note("b\n", note.signatures)
    for keys in ([SIGNER.key], [OTHER.key], [OTHER.key, SIGNER.key]):
        with pytest.raises(NoteError, match=r"signature by log\.example/one is wrong"):
            altered.signed_by(keys)
    assert altered.signed_by([]) == []


def test_a_witness_signs_the_time_with_the_text() -> None:
    signature = SIGNER.cosign(CHECKPOINT.text, 1_679_315_147)
    note = Note.read(str(Note(CHECKPOINT.text, (signature,))).encode())
    assert note.signed_by([SIGNER.witness_key]) == [SIGNER.witness_key]
    assert note.signed_by([SIGNER.key]) == []  # another id: it is another kind of signature
    later = type(signature)(signature.name, signature.key_id, (5).to_bytes(8, "big") + signature.blob[8:])
    short = type(signature)(signature.name, signature.key_id, signature.blob[:-1])
    for wrong in (later, short):
        with pytest.raises(NoteError, match="is wrong"):
            Note(CHECKPOINT.text, (wrong,)).signed_by([SIGNER.witness_key])


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"a\n",
        b"a\n\n",
        b"a\n\nb\n",
        "a\n\n— n AAAAAAA=".encode(),  # no end of line
        "a\n\n— n AAAAAA==\n".encode(),  # an id and no signature
        "a\n\n—  AAAAAAA=\n".encode(),
        "a\n\n— n+m AAAAAAA=\n".encode(),
        "a\n\n— n !AAAAAA=\n".encode(),
        "a\r\n\n— n AAAAAAA=\n".encode(),
        "a\t\n\n— n AAAAAAA=\n".encode(),
        b"\xff\n\n" + "— n AAAAAAA=\n".encode(),
        ("a\n\n" + (MOST_SIGNATURES + 1) * "— n AAAAAAA=\n").encode(),
    ],
)
def test_what_is_no_note_is_refused(wrong: bytes) -> None:
    with pytest.raises(NoteError):
        Note.read(wrong)
    Note.read("a\n\n— n AAAAAAA=\n".encode())


def test_a_key_is_kept_as_text_and_shows_itself_nowhere_else() -> None:
    new = Signer.new("log.example/new")
    text = new.to_text()
    assert Signer.from_text(text + "\n") == new
    assert text.rpartition("+")[2] not in repr(new)
    wrong = (text[8:], text + "=", text.replace("new", "old"), text.replace("log.example/new", "a b"), text[:-8], "")
    for one in wrong:
        with pytest.raises(NoteError) as refusal:
            Signer.from_text(one)
        assert text.rpartition("+")[2][:16] not in str(refusal.value)


def test_a_verifier_key_is_read_with_its_kind() -> None:
    for key in (SIGNER.key, SIGNER.witness_key):
        read = key_from_text(str(key))
        assert (read, type(read)) == (key, type(key))
    assert isinstance(SIGNER.witness_key, WitnessKey)
    strong = PostQuantumSigner.new("log.example/one")
    assert isinstance(key_from_text(str(strong.key)), MlDsa44Key)
    name, id_, material = EXAMPLE_KEY.split("+")
    unknown = b64encode(b"\x02" + bytes(32)).decode()
    wrong = (f"{name}+{id_}", f"{name}+00000000+{material}", f"x+{id_}+{material}", f"{name}+{id_}+{unknown}")
    for one in (*wrong, f"{name}+{id_}+{material}A", f"+{id_}+{material}", ""):
        with pytest.raises(NoteError):
            key_from_text(one)


@pytest.mark.parametrize("text", ["a", "a\r\n", "a\x00\n", ""])
def test_a_text_that_cannot_be_a_notes_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError, match="ends in a newline"):
        SIGNER.sign(text)


def test_a_checkpoint_is_read_as_it_is_written() -> None:
    assert Checkpoint.read(CHECKPOINT.text) == CHECKPOINT
    assert Checkpoint.read(CHECKPOINT.text + "more\n") == CHECKPOINT
    root = b64encode(bytes(32)).decode()
    for wrong in (
        "",
        f"a\n1\n{root}",
        f"\n1\n{root}\n",
        f"a\n01\n{root}\n",
        f"a\n-1\n{root}\n",
        f"a\n١\n{root}\n",
        f"a\n1\n{root[:-4]}\n",
        "a\n1\n!\n",
        f"a\n1\n{root}\n\n",
        f"a\n1\n{root}\n\nb\n",
    ):
        with pytest.raises(NoteError):
            Checkpoint.read(wrong)


def test_a_checkpoint_is_signed_against_quantum_computers_too() -> None:
    strong = PostQuantumSigner.new("log.example/one")
    assert PostQuantumSigner.from_text(strong.to_text()) == strong
    assert strong.to_text().rpartition("+")[2] not in repr(strong)
    signature = strong.sign(CHECKPOINT.text, 1_700_000_000)
    assert len(signature.blob) == 8 + 2_420
    note = Note.read(str(Note(CHECKPOINT.text, (SIGNER.sign(CHECKPOINT.text), signature))).encode())
    assert note.signed_by([strong.key, SIGNER.key]) == [SIGNER.key, strong.key]
    for wrong in (
        Note(CHECKPOINT.text.replace("7", "8", 1), note.signatures),
        Note("no checkpoint\n", note.signatures[1:]),
        Note(note.text, (type(signature)(signature.name, signature.key_id, signature.blob[:-1]),)),
        Note(note.text, (type(signature)(signature.name, signature.key_id, b"x"),)),
    ):
        with pytest.raises(NoteError, match="is wrong"):
            wrong.signed_by([strong.key])
    for text in (SIGNER.to_text(), strong.to_text()[:-8]):
        with pytest.raises(NoteError):
            PostQuantumSigner.from_text(text)
