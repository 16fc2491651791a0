"""Bodies from people who mean harm, or from broken clients: a clear answer, nothing recorded, and it goes on.

Law: every test of this file leaves the log where it was, unless it says that what it sends is accepted.
"""

import gzip
import json

import pytest

from tests.e2e.desk import Desk
from tests.e2e.hostile import JSON, SOURCE, told
from tests.e2e.stage import Stage

MALFORMED = {
    "cut": b'{"name": ',
    "utf-16": '{"name": "A", "kind": "outlet"}'.encode("utf-16"),
    "utf-32": '{"name": "A", "kind": "outlet"}'.encode("utf-32-le"),
    "byte-order-mark": b"\xef\xbb\xbf" + SOURCE,
    "overlong-utf-8": b'{"name": "\xc0\xaf", "kind": "outlet"}',
    "surrogate-in-utf-8": b'{"name": "\xed\xa0\x80", "kind": "outlet"}',
    "latin-1": '{"name": "Ä", "kind": "outlet"}'.encode("latin-1"),
    "raw-nul": b'{"name": "A\x00", "kind": "outlet"}',
    "raw-newline": b'{"name": "A\n", "kind": "outlet"}',
    "two-values": SOURCE + SOURCE,
    "trailing-comma": b'{"name": "A", "kind": "outlet",}',
    "comment": b'{"name": "A", /* kind */ "kind": "outlet"}',
    "single-quotes": b"{'name': 'A', 'kind': 'outlet'}",
    "name-twice": b'{"name": "A", "name": "B", "kind": "outlet"}',
    "name-twice-within": b'{"name": "A", "kind": "outlet", "x": {"a": 1, "a": 2}}',
    "name-twice-escaped": b'{"name": "A", "n\\u0061me": "B", "kind": "outlet"}',
    "not-a-number": b'{"name": "A", "kind": "outlet", "x": NaN}',
    "infinity": b'{"name": "A", "kind": "outlet", "x": -Infinity}',
    "a-million-digits": b'{"name": "A", "kind": "outlet", "x": ' + b"9" * 1_000_000 + b"}",
    "depth": b'{"a": [' * 40 + b"]}" * 40,
    "depth-of-arrays": b"[" * 500_000 + b"]" * 500_000,
    "depth-never-closed": b"[" * 1_000_000,
    "form": b"name=A&kind=outlet",
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_body_that_is_not_json_is_400(editor: Desk, body: bytes) -> None:
    told(editor.client.post("/sources", content=body, headers=JSON), 400)


INVALID = {
    "nothing": b"",
    "null": b"null",
    "list": b"[]",
    "text": b'"A"',
    "number": b"1",
    "nul": b'{"name": "A\\u0000", "kind": "outlet"}',
    "escape": b'{"name": "A\\u001b[31m", "kind": "outlet"}',
    "high-surrogate": b'{"name": "A\\ud83d", "kind": "outlet"}',
    "low-surrogate": b'{"name": "\\ude00A", "kind": "outlet"}',
    "surrogate-as-code": b'{"name": "A", "kind": "\\ud800"}',
    "surrogate-as-field": b'{"name": "A", "kind": "outlet", "\\ud800": 1}',
    "nul-as-field": b'{"name": "A", "kind": "outlet", "\\u0000": 1}',
    "prototype": b'{"name": "A", "kind": "outlet", "__proto__": {"admin": true}}',
    "python": b'{"name": "A", "kind": "outlet", "__class__": "x", "model_config": {}}',
    "white-name": '{"name": " \u2003\u00a0 ", "kind": "outlet"}'.encode(),
    "list-for-text": b'{"name": ["A"], "kind": "outlet"}',
    "number-for-text": b'{"name": 1, "kind": "outlet"}',
    "long-name": b'{"name": "' + b"A" * 501 + b'", "kind": "outlet"}',
    "nearly-a-megabyte": b'{"name": "' + b"A" * 1_000_000 + b'", "kind": "outlet"}',
    "many-fields": json.dumps({"name": "A", "kind": "outlet", **{f"x{n}": n for n in range(20_000)}}).encode(),
    "many-items": json.dumps({"name": "A", "kind": "outlet", "handles": ["a"] * 100_000}).encode(),
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("body", INVALID.values(), ids=INVALID)
def test_a_body_whose_fields_are_not_valid_is_422(editor: Desk, body: bytes) -> None:
    problem = told(editor.client.post("/sources", content=body, headers=JSON), 422)
    assert problem["errors"]
    assert len(problem["errors"]) <= 50


NUMBERS = ["1e999", "-1e999", "1" + "0" * 400, "1e16", "1.5e308", "true", '"6"', "[6]", "1" + "0" * 4_000]


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("number", NUMBERS, ids=[f"{n}-{number[:8]}" for n, number in enumerate(NUMBERS)])
def test_a_number_that_cannot_be_kept_is_refused(stage: Stage, editor: Desk, number: str) -> None:
    figure = f"/incidents/{stage.id('incident')}/figures/{stage.id('figure')}/adoption"
    body = f'{{"value": {{"best": {number}, "unit": "km"}}, "rests_on": ["{stage.id("claim")}"], "reason": "r"}}'
    told(editor.client.post(figure, content=body.encode(), headers=JSON), 422)
    evidence = f"/incidents/{stage.id('incident')}/evidence"
    body = f'{{"kind": "video", "hash": "sha256:{"0" * 64}", "size": {number}}}'
    told(editor.client.post(evidence, content=body.encode(), headers=JSON), 422)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/jsonx",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "text/html, application/json",
        "*/*",
    ],
)
def test_another_media_type_is_415(editor: Desk, media_type: str | None) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}
    told(editor.client.post("/sources", content=SOURCE, headers=headers), 415)


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "identity, gzip", "x"])
def test_an_encoded_body_is_refused_and_never_unpacked(editor: Desk, coding: str) -> None:
    bomb, headers = gzip.compress(b'{"name": "' + b"A" * 10_000_000 + b'"}'), {**JSON, "Content-Encoding": coding}
    for body in (SOURCE, bomb, gzip.compress(SOURCE)):
        told(editor.client.post("/sources", content=body, headers=headers), 415)
