"""The examples of the OpenAPI document: what the service answers to the Kursk story.

`python -m tests.answers` prints them, as `service/api/answers.json` holds them.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from starlette.testclient import TestClient

from domain.events import Actor
from service import demo
from service.api.app import bare_app, provide
from service.api.examples import STANCE
from service.imports import import_merged
from service.ledger import Ledger
from service.settings import Settings
from service.views import open_views

INCIDENT, CLAIM = "INC-Q6V7NE", "5f7d23fe-643e-5072-8992-362657b5a203"
ASKED: dict[str, dict[str, str]] = {
    "search": {"q": "stopped", "limit": "1"},
    "list_claims": {"q": "stopped", "limit": "1"},
    "list_timeline": {"limit": "1"},
}
"""What is asked beside the address, of operations that need more than `limit=1`."""
MADE_ANEW = re.compile(rb"0[0-9a-f]{7}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
NO_EXAMPLE = re.compile(r"^download_|^get_timemap$|^stream_changes$|^get_import$|_proof$|^get_log$")


def collect() -> dict[str, Any]:
    """Return an answer of each operation that reads JSON."""
    with _story() as http:
        operations = http.get("/openapi.json").json()["paths"]
        reads = {at["get"]["operationId"]: path for path, at in operations.items() if "get" in at}
        wanted = {name: path for name, path in reads.items() if not NO_EXAMPLE.search(name)}
        addresses = {name: _address(http, path) for name, path in sorted(wanted.items())}
        return {name: _answer(http, name, address) for name, address in addresses.items() if address is not None}


def _answer(http: TestClient, name: str, address: str) -> Any:
    answer = http.get(address, params=_parameters(name))
    assert answer.status_code == 200, (name, answer.text)
    return answer.json()


def _parameters(name: str) -> dict[str, str]:
    if name.startswith("diff_"):
        return {"from": "75", "to": "108", "limit": "2"}
    return ASKED.get(name, {"limit": "1"} if name.startswith("list_") else {})


def _address(http: TestClient, path: str) -> str | None:
    """Return the address of a thing of the story, None where it has none of this kind."""
    address = path.replace("{incident}", INCIDENT).replace("{claim}", CLAIM)
    left = re.search(r"/\{(\w+)\}", address)
    if left is None:
        return address
    items = http.get(address[: left.start()], params={"limit": "1"}).json()["items"]
    return address.replace(left[0], f"/{items[0][left[1]]}") if items else None


@contextmanager
def _story() -> Iterator[TestClient]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder), open_reading=True)
        with (
            Ledger.open(settings, demonstration=True) as ledger,
            open_views(settings) as views,
        ):
            import_merged(ledger, [demo.EXAMPLES / demo.FILES[0]], Actor())
            views.catch_up(ledger.read_raw)
            app = bare_app()
            provide(app, settings, ledger, views)
            yield TestClient(app)


def page() -> bytes:
    """Return the examples as the file holds them. Ids that the ledger makes anew each time are all the same one."""
    return MADE_ANEW.sub(STANCE.encode(), orjson.dumps(collect(), option=orjson.OPT_INDENT_2)) + b"\n"


if __name__ == "__main__":
    print(page().decode(), end="")
