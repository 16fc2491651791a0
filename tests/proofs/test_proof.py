"""The proof of one event as text: read as it was written, and nothing else is one."""

import pytest

from proofs.checkpoint import Checkpoint
from proofs.note import Signer, signed
from proofs.proof import HEAD, BadProof, Proof
from proofs.tree import Edge, inclusion_proof, leaf_hash, node_hash

SIGNER = Signer.new("log.example/desk")
LEAVES = [leaf_hash(bytes([n])) for n in range(11)]


def subtree(height: int, index: int) -> bytes:
    """Return the hash of a complete subtree of the leaves."""
    if height == 0:
        return LEAVES[index]
    return node_hash(subtree(height - 1, 2 * index), subtree(height - 1, 2 * index + 1))


def proof_of(index: int, size: int) -> Proof:
    edge = Edge()
    for leaf in LEAVES[:size]:
        edge.append(leaf)
    note = signed(Checkpoint(SIGNER.name, size, edge.root()).text, [SIGNER])
    return Proof(index, tuple(inclusion_proof(index, size, subtree)), note)


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 11), (10, 11), (5, 8), (7, 9)])
def test_a_proof_is_read_as_it_was_written(index: int, size: int) -> None:
    proof = proof_of(index, size)
    read = Proof.read(str(proof).encode())
    assert read == proof
    assert read.check(LEAVES[index], [SIGNER.key]).size == size
    assert str(proof).startswith(f"{HEAD}\nindex {index}\n")


def test_it_proves_nothing_of_another_event_or_by_another_key() -> None:
    proof = proof_of(5, 11)
    with pytest.raises(BadProof, match="another event at position 6"):
        proof.check(LEAVES[4], [SIGNER.key])
    for keys in ([], [Signer.new("log.example/desk").key], [Signer.new("other.example/log").key]):
        with pytest.raises(BadProof, match="no key of log"):
            proof.check(LEAVES[5], keys)
    forged = Proof(5, (bytes(32), *proof.hashes[1:]), proof.note)
    with pytest.raises(BadProof, match="another event"):
        forged.check(LEAVES[5], [SIGNER.key])


def test_extra_data_is_passed_over() -> None:
    text = str(proof_of(5, 11)).replace("index 5", "extra ZXh0cmE=\nindex 5")
    assert Proof.read(text.encode()) == proof_of(5, 11)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (HEAD, "c2sp.org/tlog-proof@v2"),
        ("index 5", "index 05"),
        ("index 5", "index -5"),
        ("index 5", "5"),
        ("index 5\n", ""),
        ("index 5", "extra !\nindex 5"),
        ("\n\n", "\nnot base64\n\n"),
        ("\n\n", "\n"),
        ("log.example/desk ", "log.example/desk"),
    ],
)
def test_what_is_none_is_refused(before: str, after: str) -> None:
    text = str(proof_of(5, 11))
    assert before in text
    with pytest.raises(BadProof):
        Proof.read(text.replace(before, after, 1).encode())


def test_what_is_no_text_is_refused() -> None:
    for data in (b"", b"\xff", HEAD.encode()):
        with pytest.raises(BadProof):
            Proof.read(data)
