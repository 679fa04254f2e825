"""The recipe for TweetEval's stance data, run on an invented benchmark in its layout."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.tables import read_json, read_jsonl, read_parquet
from tests.conftest import ROOT, Workspace

RECIPE = ROOT / "configs/recipes/tweeteval.md"
WORDS = {"none": "The market opens on Monday", "against": "Nobody needs it, so stop", "favor": "We want to build it"}
CODES = {"none": "0", "against": "1", "favor": "2"}
FILES = ["--statements", "s.parquet", "--labels", "l.parquet", "--splits", "p.parquet", "--params", "params.yaml"]


def _benchmark(folder: Path) -> None:
    for target in ("alder", "birch"):
        place = folder / "tweeteval/datasets/stance" / target
        place.mkdir(parents=True)
        for split, count in (("train", 8), ("val", 3), ("test", 3)):
            rows = [(f"{text} {target} {split} {i}.", label) for i in range(count) for label, text in WORDS.items()]
            (place / f"{split}_text.txt").write_text("".join(f"{text}\n" for text, _ in rows))
            (place / f"{split}_labels.txt").write_text("".join(f"{CODES[label]}\n" for _, label in rows))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    w = Workspace(tmp_path_factory.mktemp("recipe"))
    _benchmark(w.folder)
    code = re.search(r"```python\n(.*?)```", RECIPE.read_text(), re.S)[1]
    subprocess.run([sys.executable, "-c", code], cwd=w.folder, check=True)
    book = ["--codebook", ROOT / "configs/recipes/tweeteval-codebook.yaml"]
    w.stance("segment", "tweets.csv", "--out", "t.csv")
    w.stance("segment", "tweets.csv", "--out", "s.parquet")
    w.stance(
        "labels", "t.csv", "--annotator", "gold", "--statements", "s.parquet", "--annotations", "annotations", *book
    )
    own = ["--annotations", "annotations", "--out", "l.parquet", "--report", "a.json"]
    w.stance("annotate", *FILES[:2], *book, *own, *FILES[-2:])
    w.stance("split", *FILES[:4], "--out", "p.parquet", "--heldout", "h.txt", *FILES[-2:])
    bases = ["--bases", "bases.yaml"]
    w.stance("train", *FILES, *book, *bases, "--out", "model", "--report", "t.json")
    w.stance("baselines", *FILES, *book, *bases, "--out", "baselines")
    w.stance("evaluate", *FILES, *book, *bases, "--model", "model", "--baselines", "baselines", "--out", "evaluation")
    return w


def test_given_splits_are_followed(ran: Workspace) -> None:
    told = {row["statement_id"]: row["split"] for row in csv.DictReader((ran.folder / "t.csv").open())}
    names = {"train": "train", "val": "validation", "test": "heldout"}
    found = {row["statement_id"]: row["split"] for row in read_parquet(ran.folder / "p.parquet")}
    assert found == {statement: names[split] for statement, split in told.items()}
    assert len(found) == 84


def test_the_target_is_shown_and_the_benchmarks_figure_is_there(ran: Workspace) -> None:
    rows = [row for _, row in read_jsonl(ran.folder / "evaluation" / "predictions.jsonl")]
    assert {row["previous"] for row in rows} == {"alder", "birch"}
    result = read_json(ran.folder / "evaluation" / "evaluation.json")
    per_label = result["per_label"]
    assert result["macro_f1_stances"] == pytest.approx((per_label["favor"]["f1"] + per_label["against"]["f1"]) / 2)
    assert set(result["leakage"]) == {"near-duplicates", "one sentence shown twice"}
