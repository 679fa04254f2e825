"""Stage: scored transcripts as a page that a person reads, from who stands where down to the sentence.

Its charts are drawn by the page's own script and not by Vega-Lite: they follow every filter over 50,000 statements,
they are tables that a screen reader reads, and the page stays 800 kB lighter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.codebook import Codebook, load_codebook
from pipeline.params import Params
from pipeline.report.pages import marks, render
from pipeline.report.payload import by_pages, columns, packed
from pipeline.report.shares import Share, stance_shares
from pipeline.scores import Row, meeting_of, read_scores, who
from pipeline.tables import read_jsonl, whole

_MEGABYTE = 1_000_000
_FRAME = 80_000  # style, script and head of a page; a test holds them below this
_PREDICTIONS = "predictions.jsonl"


@dataclass(frozen=True, slots=True)
class _Common:
    """What all pages of a report share."""

    book: Codebook
    params: Params
    predictions: Sequence[Row]
    scores: str
    day: str


def report(
    scores: Path, evaluation: Path | None, codebook: Path, out: Path, params: Params, *, dated: bool = True
) -> list[Path]:
    """Write the page; where it would grow beyond the limit, an overview and pages of whole meetings beside it.

    Args:
        scores: Parquet, CSV or JSONL that `score` wrote.
        evaluation: folder that `evaluate` wrote, for what the model's error does to the shares; None: not said.
        codebook: whose labels the scores carry.
        out: the page, one file that needs no network.
        params: what is drawn on which side, what counts as few, how large a page may be.
        dated: whether the page names the day on which the scores were written.

    Returns:
        Every page that was written, `out` first.
    """
    book = load_codebook(codebook)
    rows = _gathered(read_scores(scores, book.names))
    day = f"{datetime.fromtimestamp(scores.stat().st_mtime, UTC):%Y-%m-%d}" if dated else ""
    heldout = [row for _, row in read_jsonl(evaluation / _PREDICTIONS)] if evaluation else []
    common = _Common(book, params, heldout, scores.name, day)
    pages = by_pages(rows, book.names, int(params.report.page_megabytes * _MEGABYTE) - _FRAME)
    if len(pages) == 1:
        _write(out, _page(rows, pages[0][1], common, []))
        return [out]
    names = [out.with_name(f"{out.stem}-{number}{out.suffix}") for number in range(1, len(pages) + 1)]
    links = [_link(name, page) for name, (page, _) in zip(names, pages, strict=True)]
    for name, (page, data) in zip(names, pages, strict=True):
        _write(name, _page(page, data, common, [{"href": out.name, "text": "Overview of all meetings"}]))
    _write(out, _page(rows, packed(columns(rows, book.names, texts=False)), common, links))
    return [out, *names]


def _gathered(rows: list[Row]) -> list[Row]:
    """The rows with each meeting's, and in it each speech's, together, in order of appearance."""
    meetings: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        meetings.setdefault(meeting_of(row), {}).setdefault(row["speech_id"], []).append(row)
    return [row for speeches in meetings.values() for speech in speeches.values() for row in speech]


def _link(name: Path, rows: Sequence[Row]) -> dict[str, Any]:
    meetings = list(dict.fromkeys(map(meeting_of, rows)))
    text = meetings[0] if len(meetings) == 1 else f"{meetings[0]} to {meetings[-1]}, {len(meetings)} meetings"
    return {"href": name.name, "text": f"{text}: {len(rows):,} statements"}


def _write(path: Path, page: str) -> None:
    with whole(path) as file:
        file.write(page)


def _side(label: str, book: Codebook) -> str:
    """A label of the parameters if this codebook has it; one file of parameters serves several codebooks."""
    return label if label in book.names else ""


def _settings(common: _Common) -> dict[str, Any]:
    book, chosen = common.book, common.params.report
    left, right = _side(chosen.left, book), _side(chosen.right, book)
    return {
        "labels": book.names,
        "none": book.names.index(book.no_stance),
        "left": book.names.index(left) if left else -1,
        "right": book.names.index(right) if right else -1,
        "marks": list(marks(book.names, left, right, book.no_stance).values()),
        "few": chosen.few_stances,
    }


def _facts(rows: Sequence[Row]) -> dict[str, Any]:
    dates = sorted({row["date"] for row in rows} - {""})
    return {
        "statements": len(rows),
        "speeches": len({row["speech_id"] for row in rows}),
        "countries": len({row["country"] for row in rows} - {""}),
        "others": len({who(row) for row in rows if not row["country"]}),
        "meetings": list(dict.fromkeys(map(meeting_of, rows))),
        "dates": dates[:1] + dates[-1:] if len(dates) > 1 else dates,
        "models": sorted({row["model"] for row in rows}),
        "abstained": sum(bool(row.get("abstained")) for row in rows),
    }


def _page(rows: Sequence[Row], data: str, common: _Common, links: list[dict[str, Any]]) -> str:
    shares: list[Share] = stance_shares(rows, common.book.names, common.predictions, common.params)
    settings = _settings(common)
    return render(
        "transcripts.html",
        "transcripts",
        facts=_facts(rows),
        shares=shares,
        level=f"{100 * common.params.evaluate.confidence:g}",
        definitions={label.name: label.definition for label in common.book.labels},
        marks=dict(zip(common.book.names, settings["marks"], strict=True)),
        question=common.book.question,
        codebook=common.book.version,
        heldout=len(common.predictions),
        scores=common.scores,
        day=common.day,
        links=links,
        settings=settings,
        data=data,
    )
