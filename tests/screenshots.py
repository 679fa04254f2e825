"""Draws the pictures of the documents from the reports of the last run: `python -m tests.screenshots`."""

import io
import os
import pty
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser
from rich.console import Console
from rich.text import Text

from tests.browser import Opened, started
from tests.conftest import ROOT

IMAGES = ROOT / "docs/images"
REPORT, REVIEW = ROOT / "data/report/report.html", ROOT / "data/report/evaluation.html"
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def _picture(
    browser: Browser, name: str, path: Path, *, at: str = "", press: str = "", hash: str = "", **settings: object
) -> None:
    opened = Opened(browser, path, hash=hash, **settings)
    page = opened.page if path == REVIEW else opened.ready()
    if at:
        page.evaluate("id => document.getElementById(id).scrollIntoView()", at)
    if press:
        page.locator(press).first.dispatch_event("click")
    page.wait_for_timeout(300)
    page.screenshot(path=IMAGES / f"{name}.png")
    opened.context.close()
    assert opened.complaints == [], opened.complaints


def _run_on_a_terminal(arguments: list[str]) -> str:
    """What a command prints when it stands before a terminal of 100 columns, escapes and all."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": "100", "LINES": "60", "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *arguments],
        stdout=theirs,
        stderr=theirs,
        stdin=theirs,
        env=environment,
        cwd=ROOT,
    )
    os.close(theirs)
    found = b""
    try:
        while part := os.read(ours, 65536):
            found += part
    except OSError:  # Linux tells the end of a terminal in this way
        pass
    process.wait()
    return found.decode().replace("\r\n", "\n")


def _terminal(browser: Browser, folder: Path) -> None:
    """The doctor and the result, as a terminal shows them."""
    console = Console(record=True, width=100, file=io.StringIO(), force_terminal=True)
    for arguments in (["doctor"], ["result"]):
        console.print(Text(f"$ stance {' '.join(arguments)}", style="bold"))
        console.print(Text.from_ansi(_run_on_a_terminal(arguments)))
    style = "body{margin:0;background:#16181d;color:#e8e8e8}pre{font:15px/1.3 'DejaVu Sans Mono',monospace;padding:1rem;margin:0}"
    code = console.export_html(inline_styles=True, code_format="{code}")
    page = folder / "terminal.html"
    page.write_text(f"<meta charset=utf-8><style>{style}</style><pre>{code}</pre>")
    context = browser.new_context(viewport={"width": 960, "height": 400})
    opened = context.new_page()
    opened.goto(page.as_uri())
    opened.screenshot(path=IMAGES / "terminal.png", full_page=True)
    context.close()


def main() -> None:
    """Draw every picture."""
    for browser in started():
        _picture(browser, "report-light", REPORT, viewport=WIDE)
        _picture(browser, "report-countries", REPORT, at="countries-title", viewport=WIDE)
        _picture(browser, "report-dark", REPORT, at="countries-title", viewport=WIDE, color_scheme="dark")
        _picture(browser, "report-statement", REPORT, at="debate-title", press=".st .mark", viewport=WIDE)
        _picture(browser, "report-phone", REPORT, at="countries-title", viewport=PHONE, device_scale_factor=2)
        _picture(browser, "evaluation", REVIEW, viewport=WIDE)
        with tempfile.TemporaryDirectory() as folder:
            _terminal(browser, Path(folder))


if __name__ == "__main__":
    main()
