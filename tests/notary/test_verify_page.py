"""The page that verifies a bundle: in a real browser, offline from a folder of its own, and as it is served."""

import shutil
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from service.ledger import Ledger
from service.notary import notary_of
from service.notary.bundles import Wanted, bundle_of
from service.settings import Settings
from tests.browser import browser, page_of
from tests.e2e.desk import Desk, open_account, serving
from tests.notary.conftest import tell
from tests.notary.test_notary import sign
from tests.notary.test_verifiers_agree import VERIFIER, seal
from tests.service.ledgers import begin, behind_its_back

FILES = ("index.html", "page.js", "page.css", "verify.js")
DROP = """([name, content]) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(content), (one) => one.charCodeAt(0))], name));
  document.getElementById("drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));
}"""


SHOWN = """() => {
  const texts = (what) => [...document.querySelectorAll(`#answer ${what}`)].map((one) => one.textContent);
  const [terms, said] = [texts("dt"), texts("dd")];
  return { title: texts("h2")[0], ...Object.fromEntries(terms.map((term, n) => [term, said[n]])) };
}"""


@dataclass(frozen=True)
class Bundle:
    """A bundle of an incident, with the log's key and an earlier checkpoint."""

    key: str
    data: bytes
    since: bytes

    @property
    def altered(self) -> bytes:
        """Return it with one letter of an event altered."""
        assert b"claim 7" in self.data
        return self.data.replace(b"claim 7", b"claim 8", 1)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    settings = Settings.read(data=tmp_path_factory.mktemp("log"), origin="log.example/desk", log_level="error")
    with Ledger.open(settings) as ledger:
        notary = notary_of(settings, ledger, making=True)
        begin(ledger)
        before = sign(notary)
        tell(ledger, 20)
        seal(ledger)
        data = b"".join(bundle_of(ledger.recorder, notary.keys, sign(notary), Wanted()))
        return Bundle(str(notary.keys.signer.key), data, str(before.note).encode())


def verified(page: Page, bundle: Bundle, data: bytes, *, dropped: bool = False) -> dict[str, str]:
    """Have the page verify a bundle, and return what it shows: the title, and each term with what is said of it."""
    page.get_by_label("Key of the log").fill(bundle.key)
    page.get_by_label("Your last checkpoint").set_input_files({"name": "c", "mimeType": "", "buffer": bundle.since})
    if dropped:
        page.evaluate(DROP, ["kursk.bundle", b64encode(data).decode()])
    else:
        page.locator("#bundle").set_input_files({"name": "kursk.bundle", "mimeType": "", "buffer": data})
    page.evaluate("document.getElementById('answer').replaceChildren()")  # of an earlier one nothing is left
    page.get_by_role("button", name="Verify").click()
    page.locator("#answer h2").wait_for()
    found: dict[str, str] = page.evaluate(SHOWN)
    return found


@pytest.mark.parametrize("dropped", [False, True], ids=["chosen", "dropped"])
def test_it_works_from_a_folder_without_a_network(
    chromium: Browser, bundle: Bundle, tmp_path: Path, dropped: bool
) -> None:
    for file in FILES:
        shutil.copy(VERIFIER.with_name(file), tmp_path / file)
    with chromium.new_context(offline=True) as context, page_of(context) as watched:
        watched.page.goto((tmp_path / "index.html").as_uri())
        good = verified(watched.page, bundle, bundle.data, dropped=dropped)
        assert (good["title"], good["log"]) == ("Verified", "log.example/desk")
        assert (good["sealed passages"], good["of which erased"]) == ("4", "2")
        assert good["continues the checkpoint of"] == "3"
        watched.page.reload()
        bad = verified(watched.page, bundle, bundle.altered, dropped=dropped)
        position = next(line.split(b" ")[0][1:].decode() for line in bundle.data.splitlines() if b"claim 7" in line)
        assert (bad["title"], bad["position"], bad["what is wrong"]) == (
            "Not verified",
            position,
            "the hash of the event's bytes",
        )


def test_it_is_served_under_a_strict_policy(chromium: Browser, bundle: Bundle, tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server, chromium.new_context() as context, page_of(context) as watched:
        answer = watched.page.goto(f"{server.url}/verify")
        assert answer is not None
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in (
            answer.header_value("content-security-policy") or ""
        )
        assert verified(watched.page, bundle, bundle.data)["title"] == "Verified"
        assert verified(watched.page, bundle, bundle.data[:-40])["title"] == "Not verified"
        watched.page.get_by_label("Key of the log").fill("no key")
        watched.page.get_by_role("button", name="Verify").click()
        watched.page.get_by_text("is no key").wait_for()


def test_it_shows_what_the_service_found_when_it_last_checked_itself(chromium: Browser, tmp_path: Path) -> None:
    data = tmp_path / "data"
    key = open_account(data, "reporter-1", "reporter")
    with (
        serving(data, check_every="0.3") as server,
        server.client(key) as client,
        chromium.new_context() as context,
        page_of(context) as watched,
    ):
        desk = Desk(client)
        desk.claim("claim 3")
        desk.claim("one more: who follows the log looks at its last event")

        def shows(text: str) -> None:
            """Load the page until it shows this: a check takes a moment."""
            until = time.monotonic() + 60
            while text not in (shown := show()) and time.monotonic() < until:
                time.sleep(0.2)
            assert text in shown

        def show() -> str:
            watched.page.goto(f"{server.url}/verify")
            watched.page.locator("#service").wait_for()
            return watched.page.locator("#service").inner_text()

        shows("events 1 to 8 are whole")
        altered = "CAST(replace(CAST(state AS TEXT), 'claim 3', 'claim 4') AS BLOB)"
        behind_its_back(data, f"UPDATE stored_events SET state = {altered} WHERE position = 7")  # noqa: S608
        shows("BROKEN")
