"""Witnesses: one of our own, by the specification, behind HTTP; and some that are not what they should be."""

import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from proofs.checkpoint import Checkpoint
from proofs.note import Note, Signer
from proofs.tree import is_consistent
from service.ledger import Ledger
from service.notary import Notary, notary_of
from service.notary.witnesses import Witness, witnesses_in
from service.settings import BadSettings, Settings
from tests.notary.conftest import tell
from tests.notary.test_notary import sign

Answer = tuple[int, bytes]


class AWitness:
    """What c2sp.org/tlog-witness asks of a witness of one log."""

    def __init__(self, notary: Notary) -> None:
        self.signer = Signer.new("witness.example/w1")
        self._log = notary.keys.signer.key
        self.seen: Checkpoint | None = None

    def answer(self, body: bytes) -> Answer:
        head, _, data = body.partition(b"\n\n")
        old, *proof = head.decode().split("\n")
        note = Note.read(data)
        if not note.signed_by([self._log]):
            return 403, b"not signed by the log\n"
        new, size = Checkpoint.read(note.text), self.seen.size if self.seen else 0
        if old != f"old {size}":
            return 409, b"%d\n" % size
        hashes = [b64decode(one) for one in proof]
        if self.seen is not None and not is_consistent(size, new.size, hashes, self.seen.root, new.root):
            return 422, b"not consistent\n"
        self.seen = new
        return 200, self.signer.cosign(note.text, 1_700_000_000).line().encode()


@contextmanager
def served(answer: Callable[[bytes], Answer]) -> Iterator[str]:
    """Serve a witness, and give its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, said = answer(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.path == "/w/add-checkpoint"
            self.send_response(status)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/w/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def show(notary: Notary) -> Note:
    """Sign, show it to the witnesses, and return the note that is kept."""
    notary.show(sign(notary))
    last = notary.last()
    assert last is not None
    return last.note


def test_a_witness_signs_each_checkpoint_and_its_signature_is_kept_with_it(
    settings: Settings, ledger: Ledger, notary: Notary
) -> None:
    tell(ledger, 5)
    one = AWitness(notary)
    with served(one.answer) as url:
        notary.witnesses = [Witness(url, one.signer.witness_key)]
        for claims in (1, 300, 7):
            tell(ledger, claims)
            note = show(notary)
            assert note.signed_by([one.signer.witness_key]) == [one.signer.witness_key]
            assert (settings.data / "checkpoint").read_text() == str(note) == ledger.recorder.last_checkpoint()
            assert notary.witnesses[0].last == Checkpoint.read(note.text).size
        # After a start nobody remembers what the witness has seen: it says so itself.
        again = notary_of(settings, ledger)
        again.witnesses = [Witness(url, one.signer.witness_key)]
        tell(ledger, 1)
        assert show(again).signed_by([one.signer.witness_key])


def test_a_witness_that_is_away_or_wrong_holds_up_nothing(ledger: Ledger, notary: Notary) -> None:
    tell(ledger, 5)
    right, stranger = AWitness(notary), Signer.new("witness.example/w1")
    answers: dict[str, Callable[[bytes], Answer]] = {
        "it answered 500": lambda _: (500, b"broken"),
        "no signature of it": lambda _: (200, b"yes"),
        "is not signed by its key": lambda _: (200, stranger.cosign("a\n", 5).line().encode()),
        "without the size that it has seen": lambda _: (409, b"some\n"),
        "it has seen the log at size 99": lambda _: (409, b"99\n"),
    }
    with served(right.answer) as url:
        for why, answer in answers.items():
            with served(answer) as wrong:
                notary.witnesses = [Witness(wrong, right.signer.witness_key), Witness(url, right.signer.witness_key)]
                note = show(notary)
                assert why in str(notary.witnesses[0].why)
                assert note.signed_by([right.signer.witness_key])
                tell(ledger, 1)
    notary.witnesses = [Witness("http://127.0.0.1:9", right.signer.witness_key)]
    assert show(notary).signed_by([notary.keys.signer.key])
    assert "it does not answer" in str(notary.witnesses[0].why)


def test_witnesses_are_named_in_a_file(tmp_path: Path, notary: Notary) -> None:
    file = tmp_path / "witnesses"
    key = Signer.new("witness.example/w1").witness_key
    file.write_text(f"# ours\nhttps://witness.example/w1 {key}\n\n")
    assert witnesses_in(file) == [Witness("https://witness.example/w1", key)]
    for wrong in (f"{key}\n", "https://witness.example/w1 key\n", f"file:///etc/passwd {key}\n"):
        file.write_text(wrong)
        with pytest.raises(BadSettings, match="write an address and a verifier key"):
            witnesses_in(file)
    with pytest.raises(BadSettings):
        witnesses_in(tmp_path / "nowhere")
