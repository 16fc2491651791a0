"""A browser for tests: Debian's Chromium, with nothing of its own kept, and nothing wrong passed over."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

PROGRAM = "/usr/bin/chromium"


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser, and end it."""
    with sync_playwright() as playwright:
        # Its sandbox needs what containers do not let it have; it reads the project's own pages alone.
        started = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield started
        finally:
            started.close()


@dataclass
class Watched:
    """A page, and what the browser found wrong with it."""

    page: Page
    wrong: list[str] = field(default_factory=list)


@contextmanager
def page_of(context: BrowserContext) -> Iterator[Watched]:
    """Give a page. Whatever the browser complains of (errors, refused by the page's policy) fails the test."""
    watched = Watched(context.new_page())
    watched.page.on(
        "console", lambda said: watched.wrong.append(said.text) if said.type in ("error", "warning") else None
    )
    watched.page.on("pageerror", lambda problem: watched.wrong.append(str(problem)))
    yield watched
    assert not watched.wrong, watched.wrong
