"""Two verifiers, one in Python and one in JavaScript, written apart: on bundles good and bad they say the same."""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest

from domain.subject_commands import DiscloseSubject, EraseSubject, SealPassage, SealSubject
from proofs.alone import refused, shown, told
from proofs.bundle import Bundle, BundleError
from proofs.checkpoint import Checkpoint
from proofs.note import DASH, Note, Signer, key_from_text
from proofs.tree import leaf_hash
from proofs.verifying import verify
from proofs.walk import Wrong
from service.ids import uuid7
from service.ledger import Ledger
from service.notary import notary_of
from service.notary.bundles import Wanted, bundle_of
from service.settings import Settings
from tests.notary.conftest import tell
from tests.notary.test_notary import sign
from tests.service.ledgers import ask, begin, claim

VERIFIER = Path(__file__).parents[2] / "service" / "static" / "verify" / "verify.js"
FLIPPED = 250
NODE = """
const { readFileSync } = require("node:fs");
require(process.argv[1]);
const given = JSON.parse(readFileSync(0, "utf8"));
(async () => {
  const found = [];
  for (const { bundle, ...named } of given) {
    found.push(await globalThis.onRecord.verify(new Uint8Array(Buffer.from(bundle, "base64")), named));
  }
  process.stdout.write(JSON.stringify(found));
})();
"""


class Case(dict[str, Any]):
    """A bundle, and what it is verified by."""

    def by_python(self) -> dict[str, Any]:
        keys = [key_from_text(line) for line in self["keys"].splitlines()]
        witnesses = [key_from_text(line) for line in self["witnesses"].splitlines()]
        since = Checkpoint.read(Note.read(self["since"].encode()).text) if self["since"] else None
        try:
            return shown(verify(Bundle(BytesIO(self["data"])), keys, witnesses, since))
        except (Wrong, BundleError) as wrong:
            return refused(wrong)


def by_javascript(cases: list[Case]) -> list[dict[str, Any]]:
    given = [{**one, "data": None, "bundle": b64encode(one["data"]).decode()} for one in cases]
    command = [str(Path(sys.executable).with_name("node")), "-e", NODE, str(VERIFIER)]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def seal(ledger: Ledger) -> None:
    """Seal two persons, look at one, and erase the other."""
    looked_at, erased = uuid7(), uuid7()
    for subject in (looked_at, erased):
        ledger.execute_now(ask(SealSubject(subject=subject, sealed="c2VhbGVk")))
        ledger.execute_now(ask(SealPassage(subject=subject, sealed="c2VhbGVk")))
    ledger.execute_now(ask(DiscloseSubject(subject=looked_at, reason="r")))
    ledger.execute_now(ask(EraseSubject(subject=erased, ordered_by="a court", ground="court_order", reason="r")))


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """Return good bundles of one log, of each kind, and what their keys are."""
    settings = Settings.read(data=tmp_path_factory.mktemp("log"), origin="log.example/desk", log_level="error")
    witness = Signer.new("witness.example/w1")
    with Ledger.open(settings) as ledger:
        notary = notary_of(settings, ledger, making=True)
        incident, report = begin(ledger)
        tell(ledger, 40)
        before = sign(notary)
        ledger.execute_many([ask(claim(incident, report, f"Заявление {n}")) for n in range(5)])
        seal(ledger)
        tell(ledger, 20)
        after = sign(notary)
        seen = Note(after.note.text, (*after.note.signatures, witness.cosign(after.note.text, 1_700_000_000)))
        size = before.checkpoint.size
        wanted = [
            (after, Wanted(), ""),
            (after, Wanted((incident,)), ""),
            (after, Wanted((incident,), cuts=(size,)), str(before.note)),
            (after, Wanted(first=5, last=30), ""),
            (before, Wanted(), ""),
            (type(after)(after.checkpoint, seen), Wanted(), str(before.note)),
        ]
        named = {"keys": str(notary.keys.signer.key), "witnesses": str(witness.witness_key)}
        return [
            Case(data=b"".join(bundle_of(ledger.recorder, notary.keys, signed, what)), since=since or None, **named)
            for signed, what, since in wanted
        ]


def test_good_bundles_are_good_to_both(cases: list[Case]) -> None:
    found = [one.by_python() for one in cases]
    assert all(one["verified"] for one in found)
    assert found[-1]["seen_by"] == ("witness.example/w1",)
    assert [(one["sealed"], one["erased"]) for one in found] == [(4, 2), (0, 0), (0, 0), (0, 0), (0, 0), (4, 2)]
    assert json.loads(json.dumps(found)) == by_javascript(cases)


def but_for_others(data: bytes) -> list[bytes]:
    """Return the lines, but for signatures by others than the log: one by an unknown key says nothing."""
    ours = f"{DASH}log.example/desk ".encode()
    return [line for line in data.splitlines() if not line.startswith(DASH.encode()) or line.startswith(ours)]


def flip_a_bit(data: bytes, random: Random) -> bytes:
    altered = bytearray(data)
    altered[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(altered)


def drop_a_line(data: bytes, random: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    # Without the signature of a witness it is as good a bundle.
    del lines[random.choice([n for n, line in enumerate(lines) if b" witness." not in line])]
    return b"".join(lines)


def double_a_line(data: bytes, random: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    # A signature that stands there twice is no more than it is once.
    n = random.choice([n for n, line in enumerate(lines) if not line.startswith(DASH.encode())])
    return b"".join([*lines[:n], lines[n], *lines[n:]])


def swap_two_lines(data: bytes, random: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    n = random.randrange(len(lines) - 1)
    lines[n], lines[n + 1] = lines[n + 1], lines[n]
    return b"".join(lines)


def cut_it(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data))]


def insert_a_byte(data: bytes, random: Random) -> bytes:
    n = random.randrange(len(data))
    return data[:n] + random.choice([b"\n", b" ", b"0", b"\x00", b"\xff"]) + data[n:]


ALTERING: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(flip_a_bit, flip_a_bit, drop_a_line, double_a_line, swap_two_lines, cut_it, insert_a_byte),
)


def test_altered_bundles_are_refused_by_both_and_at_the_same_place(cases: list[Case]) -> None:
    random, altered = Random(7), []
    for n in range(FLIPPED):
        case = cases[n % len(cases)]
        altered.append(Case({**case, "data": ALTERING[n % len(ALTERING)](case["data"], random)}))
    for n, (case, found) in enumerate(zip(altered, by_javascript(altered), strict=True)):
        expected = case.by_python()
        assert expected["verified"] is found["verified"], (n, expected, found)
        if but_for_others(case["data"]) != but_for_others(cases[n % len(cases)]["data"]):
            assert not found["verified"], n
        if not found["verified"]:
            assert (expected["position"], expected["what"]) == (found["position"], found["what"]), n


def test_keys_and_checkpoints_of_others_are_refused_by_both(cases: list[Case]) -> None:
    stranger = Signer.new("log.example/desk")
    other = Checkpoint("log.example/desk", 10, bytes(32)).text
    forked = str(Note(other, (stranger.sign(other),)))
    wrong = [
        Case({**cases[0], "keys": str(stranger.key)}),
        Case({**cases[0], "keys": ""}),
        Case({**cases[0], "since": forked}),
        Case({**cases[3], "since": cases[2]["since"]}),
    ]
    for case, found in zip(wrong, by_javascript(wrong), strict=True):
        expected = case.by_python()
        assert expected["verified"] is found["verified"] is False
        assert (expected["position"], expected["what"]) == (found["position"], found["what"])


def hostile(cases: list[Case]) -> Iterator[Case]:
    """Yield bundles that somebody made up, who has no key."""
    whole, one, part = (cases[n]["data"] for n in (0, 1, 3))
    head, rest = whole.split(b"\n", 2)[1], whole.split(b"\n", 2)[2]
    first = rest.split(b"\n", 1)[0]
    size = whole.count(b"\n@")

    def made(data: bytes) -> Case:
        return Case({**cases[0], "data": data})

    def event(data: bytes) -> Case:
        return made(whole.replace(first, b"@1 %s %s" % (b64encode(leaf_hash(data)), data), 1))

    yield made(part.replace(b"\n=1 ", b"\n=1 999999999999999 ", 1))
    yield made(part.replace(b"\n=1 2 ", b"\n=1 63 ", 1))
    yield made(whole.replace(head, b"[" * 200_000, 1))
    for wrong in (b'"aggregates":[1]', b'"aggregates":[[]]', b'"aggregates":{}', b'"aggregates":null'):
        yield made(whole.replace(b'"aggregates":[]', wrong, 1))
    yield made(
        whole.replace(b'"first":1,', b'"first":0,', 1).replace(b'"last":%d' % size, b'"last":%d' % (size - 1), 1)
    )
    yield made(whole.replace(b'"last":%d' % size, b'"last":%d' % (size + 1), 1))
    yield made(part.replace(b'"last":30', b'"last":31', 1))
    yield made(one.replace(b'"first":1,', b'"first":2,', 1))
    yield event(b"[" * 100_000)
    said = json.loads(first.split(b" ", 2)[2])
    for name, value in (
        ("previous", "\ud800"),
        ("previous", "\x1b[2J\nVERIFIED"),
        ("version", True),
        ("aggregate", []),
    ):
        yield event(json.dumps({**said, name: value}).encode())
    for data in (b"\xef\xbb\xbf{}", b"NaN", b"null", b"7", b'"x"', b"{}", b"\xff", b""):
        yield event(data)
    yield made(b"")
    yield made(whole + b"x" * 2_000_000)
    yield made(whole.rpartition(b"\n\n")[0] + b"\n\n" + b"x\n" * 700_000 + b".\n")


def test_what_somebody_made_up_is_refused_by_both_and_says_nothing_to_a_terminal(cases: list[Case]) -> None:
    made = list(hostile(cases))
    for n, (case, found) in enumerate(zip(made, by_javascript(made), strict=True)):
        expected = case.by_python()
        assert expected["verified"] is found["verified"] is False, n
        assert (expected["position"], expected["what"]) == (found["position"], found["what"]), (n, expected, found)
        assert all(line.isprintable() for line in told(expected))


def test_the_key_of_another_log_signs_nothing_of_this_one(cases: list[Case]) -> None:
    other = Signer.new("log.example/other")
    text = Note.read(cases[0]["data"].rpartition(b"\n\nlog")[2].join([b"log", b""]).rpartition(b".\n")[0]).text
    data = cases[0]["data"].rpartition(b"\n\nlog")[0] + f"\n\n{Note(text, (other.sign(text),))}.\n".encode()
    case = Case({**cases[0], "data": data, "keys": f"{cases[0]['keys']}\n{other.key}"})
    expected, (found,) = case.by_python(), by_javascript([case])
    assert expected["what"] == found["what"] == "the signature"
