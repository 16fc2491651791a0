"""Three years of real claims: what stood at a moment, as the publisher's own version history knows it."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service import demo
from service.ledger import Ledger
from service.settings import Settings
from tests.e2e.desk import Server, serving

MOMENTS = [json.loads(line) for line in (demo.EXAMPLES / "losses-moments.ndjson").read_text().splitlines()]
STANDING = ["standing", "corrected", "superseded"]


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data: Path = tmp_path_factory.mktemp("demonstration")
    with Ledger.open(Settings(data=data), demonstration=True) as ledger:
        demo.load(ledger)
    with serving(data, open_reading="true") as server:
        yield server


def standing_at(client: httpx2.Client, moment: str) -> dict[str, int]:
    """Return the values that stood at a moment, by claim, read page by page."""
    (incident,) = client.get("/incidents", params={"tag": "losses"}).json()["items"]
    parameters: dict[str, Any] = {"at": moment, "record_state": STANDING, "limit": 200}
    values: dict[str, int] = {}
    while True:
        page = client.get(f"/incidents/{incident['incident']}/claims", params=parameters).json()
        for claim in page["items"]:
            values[claim["reference"]] = stated(claim["quantity"])
        if page["next"] is None:
            return values
        parameters["cursor"] = page["next"]


def stated(quantity: dict[str, Any]) -> int:
    """Return the number that was stated, whichever side its bound gives it to."""
    (number,) = {quantity[name] for name in ("low", "best", "high") if name in quantity}
    return int(number)


@pytest.mark.parametrize("expected", MOMENTS, ids=[moment["at"] for moment in MOMENTS])
def test_what_stood_at_a_moment_is_what_the_publisher_then_said(
    demonstration: Server, expected: dict[str, Any]
) -> None:
    with demonstration.client() as client:
        values = standing_at(client, expected["at"])
    assert len(values) == expected["claims"]
    assert {claim: values[claim] for claim in expected["sample"]} == expected["sample"]
    lines = "\n".join(sorted(f"{claim}={value}" for claim, value in values.items()))
    assert hashlib.sha256(lines.encode()).hexdigest() == expected["sha256"]
