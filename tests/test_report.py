"""Scores read back, shares with intervals and corrected, data inside a page, pages divided by meeting."""

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import ConfigError, InputError
from pipeline.params import load_params
from pipeline.report.pages import marks
from pipeline.report.payload import by_pages, columns, packed
from pipeline.report.shares import corrected_shares, heldout_confusion, stance_shares
from pipeline.report.transcripts import _FRAME, report
from pipeline.scores import read_scores
from pipeline.tables import write_jsonl
from tests.conftest import ROOT
from tests.scored import HOSTILE, LABELS, scored_rows, with_hostile, write_scores

CODEBOOK = ROOT / "configs/codebook.yaml"
PARAMS = load_params(ROOT / "configs/params.yaml")
PARAMS = PARAMS.model_copy(update={"evaluate": PARAMS.evaluate.model_copy(update={"resamples": 150})})


def unpacked(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="text/plain" id="data">([^<]*)</script>', page)
    return json.loads(zlib.decompress(base64.b64decode(text), -15))


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_every_form_of_scores_gives_the_same_rows(tmp_path: Path, ending: str) -> None:
    rows = with_hostile(scored_rows(30))
    read = read_scores(write_scores(tmp_path / f"s.{ending}", rows), LABELS)
    assert [{name: row[name] for name in rows[0]} for row in read] == rows


def test_scores_that_are_none_are_told(tmp_path: Path) -> None:
    rows = scored_rows(3)
    for change, message in (
        ([], "no rows"),
        ([rows[0], {k: v for k, v in rows[1].items() if k != "p_oppose"}], "row 2: .*no p_oppose"),
        ([rows[0] | {"stance": "maybe"}], "'maybe'"),
    ):
        write_jsonl(tmp_path / "s.jsonl", change)
        with pytest.raises(InputError, match=message):
            read_scores(tmp_path / "s.jsonl", LABELS)
    (tmp_path / "s.csv").write_text("statement,start\nWell,first\n")
    with pytest.raises(InputError, match="s.csv:2"):
        read_scores(tmp_path / "s.csv", LABELS)
    with pytest.raises(InputError, match=r"\.parquet, \.csv"):
        read_scores(tmp_path / "s.xlsx", LABELS)


def test_correction_undoes_a_known_confusion() -> None:
    truth = np.array([0.5, 0.3, 0.2])
    confusion = np.array([[80, 15, 5], [10, 160, 30], [0, 10, 40]])
    rates = confusion / confusion.sum(1, keepdims=True)
    assert corrected_shares(truth @ rates, confusion) == pytest.approx(truth)
    assert corrected_shares(truth, np.zeros((3, 3))) == pytest.approx(truth)
    beyond = corrected_shares(np.array([1.0, 0.0, 0.0]), confusion)
    assert beyond == pytest.approx([1, 0, 0])


def test_shares_are_counted_and_their_intervals_heed_speeches() -> None:
    rows = scored_rows(240)
    shares = stance_shares(rows, LABELS, [], PARAMS)
    assert [s.count for s in shares] == [sum(r["stance"] == label for r in rows) for label in LABELS]
    assert sum(s.share for s in shares) == pytest.approx(1)
    assert all(s.corrected is None and s.interval[0] <= s.share <= s.interval[1] for s in shares)
    one_sided = [row | {"stance": "oppose" if int(row["speech_order"]) % 2 else "none"} for row in rows]
    alone = [row | {"speech_id": row["statement_id"]} for row in one_sided]
    wide, narrow = (stance_shares(r, LABELS, [], PARAMS)[1].interval for r in (one_sided, alone))
    assert wide[1] - wide[0] > 2 * (narrow[1] - narrow[0])


def test_a_model_that_errs_has_its_shares_corrected() -> None:
    heldout = [
        {"statement_id": f"a:{i % 9}:{i}:ff", "label": label, "predicted": "none" if i % 5 == 0 else label}
        for i, label in enumerate(LABELS * 50)
    ]
    assert heldout_confusion(heldout, LABELS).sum() == 200
    shares = stance_shares(scored_rows(240), LABELS, heldout, PARAMS)
    assert shares[1].corrected == pytest.approx(shares[1].share / 0.8, abs=0.01)
    low, high = shares[1].corrected_interval or (0, 0)
    assert low < shares[1].corrected < high


def test_columns_give_the_rows_back() -> None:
    rows = scored_rows(60, meetings=2)
    data = columns(rows, LABELS)
    for i, row in enumerate(rows):
        speech = data["speeches"][data["speech"][i]]
        assert data["meetings"][speech[0]][0] == row["symbol"]
        assert speech[1:] == [row[n] for n in ("speech_id", "speech_order", "speaker", "affiliation", "country")] + [0]
        assert (data["text"][i], LABELS[data["stance"][i]]) == (row["statement"], row["stance"])
        before = data["previous"][i]
        assert (data["text"][i - 1] if before == 0 else before) == row["previous"]
        assert data["p"][4 * i : 4 * i + 4] == [round(1000 * row[f"p_{label}"]) for label in LABELS]
        assert [LABELS[k] for k in data["set"][i]] == row["prediction_set"].split("|")
    assert "abstained" not in columns([{k: v for k, v in r.items() if k != "abstained"} for r in rows], LABELS)


def test_pages_hold_whole_meetings_and_stay_below_the_limit() -> None:
    rows = scored_rows(2000, meetings=8)
    limit = len(packed(columns(rows, LABELS))) // 3
    pages = by_pages(rows, LABELS, limit)
    assert [row for page, _ in pages for row in page] == rows
    assert len(pages) >= 3
    assert all(len(data) <= limit for _, data in pages)
    symbols = [{row["symbol"] for row in page} for page, _ in pages]
    assert sum(map(len, symbols)) == len(set.union(*symbols)) == 8


def test_a_large_report_becomes_an_overview_and_pages(tmp_path: Path) -> None:
    small = PARAMS.model_copy(update={"report": PARAMS.report.model_copy(update={"page_megabytes": 0.2})})
    rows = scored_rows(6000, meetings=6)
    written = report(write_scores(tmp_path / "s.parquet", rows), None, CODEBOOK, tmp_path / "r.html", small)
    assert len(written) > 2
    assert all(path.stat().st_size <= 200_000 for path in written[1:])
    overview = written[0].read_text()
    assert "text" not in unpacked(overview)
    assert len(unpacked(overview)["speech"]) == len(rows)
    assert re.findall(r'href="(r-\d+\.html)"', overview) == [path.name for path in written[1:]]
    texts = [text for path in written[1:] for text in unpacked(path.read_text())["text"]]
    assert texts == [row["statement"] for row in rows]


def test_a_page_holds_no_text_as_markup_and_the_same_bytes_again(tmp_path: Path) -> None:
    scores = write_scores(tmp_path / "s.parquet", with_hostile(scored_rows(30)))
    for name in ("a.html", "b.html"):
        report(scores, None, CODEBOOK, tmp_path / name, PARAMS, dated=False)
    page = (tmp_path / "a.html").read_text()
    assert page == (tmp_path / "b.html").read_text()
    assert "hacked" not in page
    assert "<i>A/1</i>" not in page
    assert HOSTILE in unpacked(page)["text"]
    assert "://" not in page.replace("http://www.w3.org", "")
    frame = len(page) - len(re.findall(r'id="data">([^<]*)<', page)[0])
    assert frame < _FRAME


def test_labels_of_another_codebook_are_refused(workspace: Any) -> None:
    write_scores(workspace.folder / "foreign.parquet", scored_rows(3))
    done = workspace.stance(
        "report", "foreign.parquet", "--codebook", "codebook.yaml", "--params", "params.yaml", code=InputError.exit_code
    )
    assert "no p_pro" in done.stderr
    assert "--codebook" in done.stderr
    missing = ["report", "foreign.parquet", "--codebook", "nowhere.yaml", "--params", "params.yaml"]
    workspace.stance(*missing, code=ConfigError.exit_code)


def test_every_label_has_a_mark_of_its_own() -> None:
    found = marks([*LABELS, "more", "still"], "oppose", "support", "none")
    assert len(set(found.values())) == 6
