"""The transcript report in Chromium: filters, search, keyboard, links, downloads, print, accessibility, speed, hostility."""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from pypdf import PdfReader
from pypdfium2 import PdfDocument

from pipeline.params import load_params
from pipeline.report.transcripts import report
from tests.browser import Opened, needs_chromium, started
from tests.conftest import ROOT
from tests.reviewed import written_review
from tests.scored import HOSTILE, HOSTILE_NAME, LABELS, scored_rows, with_hostile, write_scores

pytestmark = needs_chromium
PARAMS = load_params(ROOT / "configs/params.yaml")
PARAMS = PARAMS.model_copy(update={"evaluate": PARAMS.evaluate.model_copy(update={"resamples": 50})})
CODEBOOK = ROOT / "configs/codebook.yaml"
ROWS = scored_rows(600, meetings=2)
Open = Callable[..., Opened]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from started()


def _written(folder: Path, rows: list[dict[str, object]]) -> Path:
    report(write_scores(folder / "scores.parquet", rows), None, CODEBOOK, folder / "report.html", PARAMS)
    return folder / "report.html"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _written(tmp_path_factory.mktemp("page"), ROWS)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _written(tmp_path_factory.mktemp("hostile"), with_hostile(scored_rows(30)))


@pytest.fixture
def opened(browser: Browser, path: Path) -> Iterator[Open]:
    found: list[Opened] = []

    def open_page(page: Path = path, **settings: object) -> Opened:
        found.append(Opened(browser, page, **settings))
        return found[-1]

    yield open_page
    for each in found:
        each.context.close()
        assert each.complaints == []
        assert all(url.startswith(("file:", "blob:", "data:")) for url in each.requests), each.requests


def _until(page: Page, expression: str) -> None:
    """Wait, without Playwright's own way, which evaluates a string inside the page: its policy forbids that."""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(20)
    raise AssertionError(expression)


def _count(page: Page) -> int:
    return int(page.inner_text("#count").split(" of ")[0].replace(",", ""))


def test_filters_and_search_combine_and_stand_in_the_address(opened: Open) -> None:
    page = opened().ready()
    assert _count(page) == len(ROWS)
    page.check("#stances input[value=oppose]")
    page.locator("#min").fill("80")
    fits = [r for r in ROWS if r["stance"] == "oppose" and round(r["p_oppose"], 3) >= 0.8]
    assert _count(page) == len(fits) > 0
    page.select_option("#country", fits[0]["country"])
    page.select_option("#meeting", fits[0]["symbol"])
    page.fill("#q", "PEOPLE country")
    _until(page, "location.hash.includes('q=')")
    fits = [r for r in fits if (r["country"], r["symbol"]) == (fits[0]["country"], fits[0]["symbol"])]
    assert _count(page) == len(fits) > 0
    shown = page.locator(".st").all_inner_texts()
    assert len(shown) == len(fits)
    assert all(row["statement"] in text for row, text in zip(fits, shown, strict=True))
    assert page.locator(".st mark").count() >= 2 * len(fits)
    again = opened(hash=page.evaluate("location.hash")).ready()
    assert again.inner_text("#count") == page.inner_text("#count")
    assert again.input_value("#q") == "PEOPLE country"
    assert again.is_checked("#stances input[value=oppose]")
    again.click("#reset")
    assert _count(again) == len(ROWS)
    assert again.evaluate("location.hash") == ""


def test_speakers_kind_and_abstention_filter(opened: Open) -> None:
    page = opened().ready()
    page.check("#sure")
    assert _count(page) == sum(not row["abstained"] for row in ROWS)
    page.select_option("#kind", "chair")
    assert _count(page) == 0
    page.select_option("#kind", "state")
    assert _count(page) == sum(not row["abstained"] for row in ROWS)


def test_the_table_counts_sorts_and_chooses(opened: Open) -> None:
    page = opened().ready()
    page.click("#countries th button[data-sort='n-oppose']")
    assert page.get_attribute("#countries th:has(button[data-sort='n-oppose'])", "aria-sort") == "descending"
    counts = [int(x) for x in page.locator("#countries tbody td:nth-child(5)").all_inner_texts()]
    assert counts == sorted(counts, reverse=True)
    first = page.locator("#countries tbody tr").first
    code = first.locator("button").get_attribute("title")
    mine = [row for row in ROWS if row["country"] == code]
    cells = first.locator("td").all_inner_texts()
    assert cells[3:] == [str(sum(r["stance"] == label for r in mine)) for label in LABELS] + [str(len(mine))]
    first.locator("button").click()
    assert _count(page) == len(mine)
    assert page.evaluate("document.activeElement.title") == code
    page.click("#chips button")
    assert _count(page) == len(ROWS)


def test_downloads_hold_the_figures_and_no_formulas(opened: Open, hostile: Path) -> None:
    page = opened().ready()
    with page.expect_download() as download:
        page.click("#csv")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    assert download.value.suggested_filename == "countries.csv"
    assert sum(int(row["statements"]) for row in rows) == len(ROWS)
    norway = next(row for row in rows if row["country"] == ROWS[0]["country"])
    mine = [row for row in ROWS if row["country"] == norway["country"]]
    assert int(norway["oppose"]) == sum(row["stance"] == "oppose" for row in mine)
    bad = opened(hostile, hash="#kind=body").ready()
    with bad.expect_download() as download:
        bad.click("#csv-statements")
    (row,) = csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"), newline=""))
    assert row["statement"] == HOSTILE
    assert row["affiliation"] == f"'{HOSTILE_NAME}"  # no formula


def test_the_keyboard_reaches_everything_and_comes_back(opened: Open) -> None:
    page = opened().ready()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.locator(".st[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.i") == "2"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "close"
    assert page.locator("#panel blockquote").last.inner_text() == ROWS[2]["statement"]
    assert ROWS[2]["previous"] in page.inner_text("#panel")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.i") == "2"
    page.keyboard.press("Enter")
    page.click("#panel button >> text=Next")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.i") == "3"
    page.keyboard.press("End")
    assert page.evaluate("document.activeElement.dataset.i") == str(len(ROWS) - 1)
    assert page.locator(".st[tabindex='0']").count() == 1


def test_a_statement_shows_its_figures_and_gives_a_citation_and_a_link(opened: Open) -> None:
    page = opened(permissions=["clipboard-read", "clipboard-write"]).ready()
    page.locator(".st").nth(20).locator(".mark, .vh").first.dispatch_event("click")
    row = ROWS[20]
    text = page.inner_text("#panel")
    assert f"{100 * row['p_' + row['stance']]:.1f} %" in text
    assert f"characters {row['start']:,} to {row['end']:,}" in text
    assert row["source"] in text
    page.click("#cite")
    page.wait_for_selector("#panel [role=status]:has-text('Copied')")
    cited = page.evaluate("navigator.clipboard.readText()")
    assert cited == f"{row['symbol']}, {row['speaker']} ({row['affiliation']}), {row['date']}: “{row['statement']}”"
    again = opened(hash=page.evaluate("location.hash")).ready()
    assert again.locator("#panel blockquote").last.inner_text() == row["statement"]
    assert again.locator(".st[aria-current]").get_attribute("data-i") == "20"


def test_text_from_transcripts_is_never_markup(opened: Open, hostile: Path) -> None:
    page = opened(hostile, hash="#kind=body").ready()
    assert HOSTILE in page.locator(".st").inner_text()
    assert HOSTILE_NAME in page.locator(".turn h3").inner_text()
    page.locator(".st").dispatch_event("click")
    assert page.input_value("#panel textarea").endswith(f"“{HOSTILE}”")
    assert "<i>A/1</i>" in page.inner_text("#panel")
    page.select_option("#country", HOSTILE_NAME)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#live img, #live i, #panel img, h3 b").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(opened: Open, hostile: Path, theme: str) -> None:
    page = opened(hostile, color_scheme=theme).ready()
    page.locator("details").evaluate_all("all => all.forEach(d => { d.open = true; })")
    tags = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    assert Axe().run(page, options=tags).response["violations"] == []
    page.locator(".st").nth(3).dispatch_event("click")
    assert Axe().run(page, options=tags).response["violations"] == []


def test_a_phone_scrolls_only_down(opened: Open) -> None:
    page = opened(viewport={"width": 360, "height": 740}, has_touch=True).ready()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.click("#filters summary")
    page.check("#stances input[value=support]")
    assert _count(page) == sum(row["stance"] == "support" for row in ROWS)
    page.locator(".st").first.dispatch_event("click")
    assert page.locator("#panel").bounding_box()["width"] <= 360


def test_printing_holds_the_filtered_debate(opened: Open, tmp_path: Path) -> None:
    page = opened(hash="#stance=dialogue", color_scheme="dark").ready()
    page.pdf(path=tmp_path / "print.pdf", format="A4")
    text = " ".join(" ".join(p.extract_text() for p in PdfReader(tmp_path / "print.pdf").pages).split())
    for row in (r for r in ROWS if r["stance"] == "dialogue"):
        assert f"proposal {row['statement'].split('proposal ')[1].split('.')[0]}." in text
    assert "Copy link" not in text
    assert "Chosen: dialogue." in text
    picture = PdfDocument(tmp_path / "print.pdf")[0].render().to_numpy()
    assert picture.mean() > 200  # dark ink on white paper, whatever the screen shows


def test_without_scripts_the_head_still_tells(browser: Browser, path: Path) -> None:
    found = Opened(browser, path, java_script_enabled=False)
    text = found.page.inner_text("body")
    assert "Everything below needs JavaScript" in text
    assert "95 % interval" in text
    found.context.close()


def test_fifty_thousand_statements_stay_usable(opened: Open, tmp_path: Path) -> None:
    path = _written(tmp_path, scored_rows(50000))
    assert path.stat().st_size < 5_000_000
    page = opened(path).ready()
    paints = page.evaluate("performance.getEntriesByType('paint').map(e => e.startTime)")
    assert max(paints) < 2000
    page.evaluate("performance.clearMeasures()")
    for query in ("committee", "envoys 77", ""):
        page.fill("#q", query)
        _until(page, f"(new URLSearchParams(location.hash.slice(1)).get('q') || '') === '{query}'")
    page.check("#stances input[value=oppose]")
    page.locator("#min").fill("80")
    page.uncheck("#stances input[value=oppose]")
    times = sorted(page.evaluate("performance.getEntriesByName('filter').map(e => e.duration)"))
    assert len(times) == 6
    assert times[len(times) // 2] < 200
    assert page.locator(".st").count() < 2000
    page.locator(".st[tabindex='0']").focus()
    page.keyboard.press("End")
    assert int(page.evaluate("document.activeElement.dataset.i")) > 49000


@pytest.fixture(scope="module")
def review_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A review of invented results with every part it knows, hostile where a transcript's text comes in."""
    return written_review(tmp_path_factory.mktemp("review"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_review_is_accessible_and_whole(opened: Open, review_page: Path, theme: str, tmp_path: Path) -> None:
    page = opened(review_page, color_scheme=theme).page
    page.locator("details").evaluate_all("all => all.forEach(d => { d.open = true; })")
    assert Axe().run(page).response["violations"] == []
    assert page.locator("figure svg").count() == 7
    told = ["It answers", "How to read it", "It does not show", "Made by"]
    for figure in page.locator("figure").all():
        assert figure.locator("dt").all_inner_texts() == told
    for link in page.locator("nav a").all():
        assert page.locator(link.get_attribute("href") or "").count() == 1
    assert HOSTILE.split("\u2028")[0] in page.inner_text("#errors + p + ol")
    page.pdf(path=tmp_path / "review.pdf")
    assert "How much is luck?" in " ".join(p.extract_text() for p in PdfReader(tmp_path / "review.pdf").pages)


def test_the_review_fits_a_phone(opened: Open, review_page: Path) -> None:
    page = opened(review_page, viewport={"width": 360, "height": 740}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_an_overview_filters_by_everything_but_words_and_leads_to_its_pages(opened: Open, tmp_path: Path) -> None:
    small = PARAMS.model_copy(update={"report": PARAMS.report.model_copy(update={"page_megabytes": 0.2})})
    rows = scored_rows(5000, meetings=5)
    report(write_scores(tmp_path / "s.parquet", rows), None, CODEBOOK, tmp_path / "report.html", small)
    page = opened(tmp_path / "report.html").ready()
    assert _count(page) == len(rows)
    assert page.locator("#timeline-table tbody tr").count() == 5
    assert "2015" in (page.locator("#timeline-table tbody tr").first.text_content() or "")
    page.check("#stances input[value=dialogue]")
    assert _count(page) == sum(row["stance"] == "dialogue" for row in rows)
    assert not page.is_visible("#debate-section")
    page.click("nav a >> nth=0")
    page.wait_for_selector("html[data-ready]")
    assert page.locator(".st").count() > 0
    page.click("nav a >> text=Overview")
    assert page.url.endswith("report.html")
