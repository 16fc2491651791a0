"""Witnesses: one of our own, by the specification, behind HTTP; and some that are not what they should be."""

import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from proofs.checkpoint import Checkpoint
from proofs.note import Note, Signer
from proofs.tree import is_consistent
from service.ledger import Ledger
from service.notary import Notary, notary_of, signing, witnesses
from service.notary.witnesses import Witness, witnesses_in
from service.settings import BadSettings, Settings
from tests.notary.conftest import tell
from tests.notary.test_notary import sign

Answer = tuple[int, bytes | Iterator[bytes]]


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
            with suppress(OSError):
                for some in (said,) if isinstance(said, bytes) else said:
                    self.wfile.write(some)

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


def another_text(witness: AWitness, body: bytes) -> Answer:
    """Answer a signature over more than the checkpoint: what stands before it belongs to the text that it signs."""
    text = Note.read(body.partition(b"\n\n")[2]).text
    longer = f"{text}\n\u2014 a line that is no signature\n"
    return 200, f"\u2014 a line that is no signature\n\n{witness.signer.cosign(longer, 5).line()}".encode()


def drip() -> Iterator[bytes]:
    """Answer a byte now and then."""
    while True:
        time.sleep(0.3)
        yield b"x"


def test_a_witness_that_is_away_or_wrong_holds_up_nothing(ledger: Ledger, notary: Notary) -> None:
    tell(ledger, 5)
    right, stranger = AWitness(notary), Signer.new("witness.example/w1")
    answers: dict[str, Callable[[bytes], Answer]] = {
        "it answered 500": lambda _: (500, b"broken"),
        "no signature of it": lambda _: (200, b"yes"),
        "is not signed by its key": lambda _: (200, stranger.cosign("a\n", 5).line().encode()),
        "without the size that it has seen": lambda _: (409, b"some\n"),
        "it has seen the log at size 99": lambda _: (409, b"99\n"),
        "without the size that it has seen ": lambda _: (409, b"-5\n"),
        "is not signed by its key ": lambda body: another_text(right, body),
        "did not come within": lambda _: (200, drip()),
    }
    with served(right.answer) as url:
        for why, answer in answers.items():
            with served(answer) as wrong:
                notary.witnesses = [Witness(wrong, right.signer.witness_key), Witness(url, right.signer.witness_key)]
                note = show(notary)
                assert why.strip() in str(notary.witnesses[0].why)
                assert note.signed_by([right.signer.witness_key])
                tell(ledger, 1)
    notary.witnesses = [Witness("http://127.0.0.1:9", right.signer.witness_key)]
    assert show(notary).signed_by([notary.keys.signer.key])
    assert "it does not answer" in str(notary.witnesses[0].why)


def test_however_often_it_is_shown_a_witness_stands_below_a_checkpoint_once(
    settings: Settings, ledger: Ledger, notary: Notary
) -> None:
    tell(ledger, 5)
    one, asked = AWitness(notary), []

    def answer(body: bytes) -> Answer:
        asked.append(body)
        return one.answer(body)

    with served(answer) as url:
        for _ in range(5):
            again = notary_of(settings, ledger)
            again.witnesses = [Witness(url, one.signer.witness_key)]
            assert len(show(again).signatures) == 2
    assert len(asked) == 1, "what it has signed is in the note that was kept"


def test_a_witness_that_is_ahead_is_asked_again_and_signs_when_the_log_has_come_so_far(
    ledger: Ledger, notary: Notary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnesses, "REST", 0.0)
    tell(ledger, 5)
    one = AWitness(notary)
    ahead = Signer.new("witness.example/w1")
    with served(lambda _: (409, b"99\n")) as wrong, served(one.answer) as url:
        notary.witnesses = [Witness(wrong, ahead.witness_key), Witness(url, one.signer.witness_key)]
        for _ in range(3):
            assert show(notary).signed_by([one.signer.witness_key])
            assert "size 99" in str(notary.witnesses[0].why)
            tell(ledger, 1)


def test_a_slow_witness_holds_up_neither_signing_nor_the_end(
    settings: Settings, ledger: Ledger, notary: Notary
) -> None:
    tell(ledger, 1)
    one = AWitness(notary)
    file = settings.data / "witnesses"
    with served(lambda _: (200, drip())) as slow, served(one.answer) as url:
        file.write_text(f"{slow} {Signer.new('witness.example/slow').witness_key}\n{url} {one.signer.witness_key}\n")
        with signing(settings.model_copy(update={"witnesses": file}), ledger) as signer:
            for size in (4, 8, 12):
                until = time.monotonic() + 30
                while (last := signer.last()) is None or last.checkpoint.size < size or len(last.note.signatures) < 2:
                    assert time.monotonic() < until
                    time.sleep(0.05)
                tell(ledger, 1)
            began = time.monotonic()
        assert time.monotonic() - began < 3


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
