"""Debian's Chromium for the tests of pages, driven by Playwright; tests that need it skip where there is none."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium; on Debian: apt-get install chromium, or as root make test installs it"
)


def started() -> Iterator[Browser]:
    """A browser that cannot reach the network, closed at the end."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


class Opened:
    """A page and what it complained of."""

    def __init__(self, browser: Browser, path: Path, *, hash: str = "", **settings: object) -> None:
        self.context: BrowserContext = browser.new_context(
            reduced_motion="reduce", accept_downloads=True, **{"viewport": {"width": 1280, "height": 900}, **settings}
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(10000)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.resolve().as_uri() + hash)

    def ready(self) -> Page:
        """The page once its script has drawn everything."""
        self.page.wait_for_selector("html[data-ready]")
        return self.page
