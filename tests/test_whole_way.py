"""From transcripts to a page with a codebook of three labels, a tiny base model and no network: every stage once."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.errors import ModelError
from pipeline.tables import read_json, read_jsonl, read_parquet
from tests.conftest import ROOT, Workspace

DATA = ["--statements", "s.parquet", "--labels", "l.parquet", "--splits", "p.parquet", "--params", "params.yaml"]
MODEL = ["--codebook", "codebook.yaml", "--bases", "bases.yaml"]


def _label(workspace: Workspace) -> None:
    """Two annotators who give every statement its label, and one of them errs once; an adjudicator decides."""
    truth = json.loads((workspace.folder / "truth.json").read_text())
    rows = read_parquet(workspace.folder / "s.parquet")
    for annotator in ("ann", "bob"):
        with (workspace.folder / "annotations" / f"{annotator}.jsonl").open("w") as file:
            for i, row in enumerate(rows):
                label = "other" if (annotator, i) == ("bob", 0) else truth[row["statement"]]
                file.write(json.dumps({"statement_id": row["statement_id"], "label": label}) + "\n")
    first = {"statement_id": rows[0]["statement_id"], "label": truth[rows[0]["statement"]]}
    (workspace.folder / "annotations" / "adjudication.jsonl").write_text(json.dumps(first) + "\n")


@pytest.fixture(scope="module")
def ran(workspace: Workspace) -> Workspace:
    """The workspace after every stage but score and report."""
    w = workspace
    w.stance("segment", "raw", "--out", "s.parquet")
    _label(w)
    w.stance(
        "annotate",
        *DATA[:2],
        *MODEL[:2],
        "--annotations",
        "annotations",
        "--out",
        "l.parquet",
        "--report",
        "a.json",
        *DATA[-2:],
    )
    w.stance("split", *DATA[:4], "--out", "p.parquet", "--heldout", "heldout.txt", *DATA[-2:])
    w.stance("train", *DATA, *MODEL, "--out", "model", "--report", "t.json")
    w.stance("baselines", *DATA, *MODEL, "--out", "baselines")
    w.stance("evaluate", *DATA, *MODEL, "--model", "model", "--baselines", "baselines", "--out", "evaluation")
    w.stance("export", *DATA, "--model", "model", "--out", "exported", "--report", "e.json")
    return w


def test_labels_and_splits(ran: Workspace) -> None:
    report = read_json(ran.folder / "a.json")
    assert (report["labelled"], report["adjudicated"], report["awaiting_adjudication"]) == (72, 1, 0)
    assert report["labels"] == {"pro": 24, "contra": 24, "other": 24}
    splits = {row["speech_id"]: row["split"] for row in read_parquet(ran.folder / "p.parquet")}
    assert (
        sorted(s for s, where in splits.items() if where == "heldout")
        == (ran.folder / "heldout.txt").read_text().split()
    )


def test_the_model_tells_what_made_it(ran: Workspace) -> None:
    description = read_json(ran.folder / "model" / "stance.json")
    assert description["labels"] == ["pro", "contra", "other"]
    assert description["made_from"]["params"]["train"]["base_model"] == "tiny"
    assert {path.suffix for path in (ran.folder / "model").iterdir()} <= {".json", ".safetensors", ".txt"}


def test_training_again_gives_the_same_bytes(ran: Workspace) -> None:
    ran.stance("train", *DATA, *MODEL, "--out", "again", "--report", "t2.json")
    for path in (ran.folder / "model").iterdir():
        assert path.read_bytes() == (ran.folder / "again" / path.name).read_bytes(), path.name


def test_the_evaluation_is_of_the_heldout_speeches_alone(ran: Workspace) -> None:
    heldout = set((ran.folder / "heldout.txt").read_text().split())
    result = read_json(ran.folder / "evaluation" / "evaluation.json")
    rows = [row for _, row in read_jsonl(ran.folder / "evaluation" / "predictions.jsonl")]
    assert {row["statement_id"].rsplit(":", 2)[0] for row in rows} == heldout
    assert result["n"] == len(rows) == 6 * len(heldout)
    right = sum(row["label"] == row["predicted"] for row in rows) / len(rows)
    assert result["accuracy"] == pytest.approx(right)
    assert set(result["baselines"]) == {"majority", "keywords", "tfidf", "frozen"}
    assert result["baselines"]["keywords"]["macro_f1"] == 1.0
    low, high = result["intervals"]["macro_f1"]
    assert low <= result["macro_f1"] <= high


def test_a_labelled_file_is_measured_the_same_way(ran: Workspace) -> None:
    rows = [row for _, row in read_jsonl(ran.folder / "evaluation" / "predictions.jsonl")]
    with (ran.folder / "own.jsonl").open("w") as file:
        for row in rows:
            file.write(json.dumps({name: row[name] for name in ("statement", "previous", "label")}) + "\n")
    options = [*MODEL, "--params", "params.yaml", "--model", "model", "--baselines", "baselines"]
    done = ran.stance("evaluate", "--on", "own.jsonl", *options, "--out", "own.json")
    own, whole = read_json(ran.folder / "own.json"), read_json(ran.folder / "evaluation" / "evaluation.json")
    assert {"n", "macro_f1", "per_label"} <= set(own)
    assert (own["n"], own["macro_f1"]) == (whole["n"], whole["macro_f1"])
    assert "macro-F1" in done.stdout
    (ran.folder / "bad.jsonl").write_text('{"statement": "x", "label": "maybe"}\n')
    assert "bad.jsonl:1" in ran.stance("evaluate", "--on", "bad.jsonl", *options, code=3).stderr


def test_scores_are_the_models_and_keep_a_tables_own_columns(ran: Workspace) -> None:
    rows = [row for _, row in read_jsonl(ran.folder / "evaluation" / "predictions.jsonl")][:5]
    (ran.folder / "in.jsonl").write_text(
        "".join(json.dumps({"statement": r["statement"], "previous": r["previous"], "theme": "x"}) + "\n" for r in rows)
    )
    options = ["--model", "exported", "--params", "params.yaml"]
    done = ran.stance("score", "in.jsonl", "raw", *options, "--out", "scores.parquet")
    assert "pro" in done.stdout
    scores = read_parquet(ran.folder / "scores.parquet")
    assert len(scores) == 77
    for row, score in zip(rows, scores, strict=False):
        assert score["stance"] == row["predicted"]
        assert score["p_pro"] == pytest.approx(row["p_pro"], abs=1e-3)
        assert score["theme"] == "x"
    columns = [
        "statement_id",
        "source",
        "symbol",
        "date",
        "speech_id",
        "speech_order",
        "speaker",
        "affiliation",
        "country",
    ]
    columns += ["presiding", "language", "start", "end", "previous", "statement", "stance", "confidence"]
    columns += ["p_pro", "p_contra", "p_other", "abstained", "prediction_set", "model", "theme"]
    assert pq.read_schema(ran.folder / "scores.parquet").names == columns
    ran.stance("score", "in.jsonl", "raw", *options, "--out", "scores.csv")
    ran.stance("score", "in.jsonl", "raw", *options, "--out", "scores.jsonl")
    assert [row["stance"] for _, row in read_jsonl(ran.folder / "scores.jsonl")] == [row["stance"] for row in scores]
    assert len((ran.folder / "scores.csv").read_text().splitlines()) == 78


def test_the_model_abstains_below_the_confidence_that_keeps_the_promised_error(ran: Workspace) -> None:
    from pipeline.abstention import load_calibration
    from pipeline.scoring import Scorer

    calibration = load_calibration(ran.folder / "exported")
    confidence = calibration.threshold(0.3)
    options = ["--model", "exported", "--params", "params.yaml"]
    done = ran.stance("score", "raw", *options, "--max-error", "0.3", "--out", "careful.parquet")
    rows = read_parquet(ran.folder / "careful.parquet")
    assert [row["abstained"] for row in rows] == [row["confidence"] < confidence for row in rows]
    assert ("left open" in done.stdout) == any(row["abstained"] for row in rows)
    for row in rows:
        sure = [n for n in ("pro", "contra", "other") if row[f"p_{n}"] >= calibration.set_threshold]
        assert row["prediction_set"].split("|") == (sure or [row["stance"]])
    scorer = Scorer.load(ran.folder / "exported", max_error=0.3)
    said = scorer([row["statement"] for row in rows], [row["previous"] for row in rows])
    assert [s.abstained for s in said] == [row["abstained"] for row in rows]
    assert ["|".join(s.prediction_set) for s in said] == [row["prediction_set"] for row in rows]
    assert not any(row["abstained"] for row in read_parquet(ran.folder / "scores.parquet"))


def test_the_result_in_parts_and_the_behaviour_tests(ran: Workspace) -> None:
    folder = ran.folder / "behaviour"
    folder.mkdir()
    (folder / "plain.yaml").write_text(
        "capability: plain\nshows: x\ncases:\n  - {statement: We want to build it., label: pro}\n"
    )
    (ran.folder / "topics.yaml").write_text("topics: {bridge: bridge}\nexplicit: build\nnear: build\n")
    options = [
        "--codebook",
        "codebook.yaml",
        "--topics",
        "topics.yaml",
        "--behaviour",
        "behaviour",
        "--params",
        "params.yaml",
    ]
    files = ["--predictions", "evaluation/predictions.jsonl", "--model", "model", "--out", "examination"]
    done = ran.stance("examine", *DATA[:4], *files, *options)
    assert "plain" in done.stdout
    slices = read_json(ran.folder / "examination" / "slices.json")
    evaluation = read_json(ran.folder / "evaluation" / "evaluation.json")
    for way in ("topic", "length", "words"):
        assert sum(row["n"] for row in slices if row["by"] == way) == evaluation["n"]


def test_the_exported_model_agrees_and_a_disagreement_stops_the_stage(
    ran: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline import export
    from pipeline.params import load_params
    from pipeline.scoring import Scorer

    report = read_json(ran.folder / "e.json")
    assert report["same_label"] == report["statements"] > 0
    assert report["engines"]["onnx/float32"]["agrees"]
    right = Scorer.probabilities
    monkeypatch.setattr(Scorer, "probabilities", lambda *a: np.roll(right(*a), 1, axis=1))
    f = ran.folder
    with pytest.raises(ModelError, match="labels the same"):
        export.export(
            f / "s.parquet",
            f / "l.parquet",
            f / "p.parquet",
            f / "model",
            f / "e2",
            f / "e2.json",
            load_params(f / "params.yaml"),
        )


def test_the_pages_hold_the_figures_and_no_markup_from_transcripts(ran: Workspace) -> None:
    hostile = "<script>alert(1)</script> & We want to build it."
    (ran.folder / "hostile.jsonl").write_text(json.dumps({"text": hostile, "speaker": "<b>Mr. X</b>"}) + "\n")
    options = ["--params", "params.yaml"]
    ran.stance("score", "hostile.jsonl", "--model", "exported", *options, "--out", "h.parquet")
    ran.stance("report", "h.parquet", "--evaluation", "evaluation", *MODEL[:2], *options, "--out", "report.html")
    ran.stance(
        "review",
        "--plot",
        "b.csv",
        "--evaluation",
        "evaluation",
        "--agreement",
        "a.json",
        *options,
        "--out",
        "evaluation.html",
    )
    page, review = ((ran.folder / name).read_text() for name in ("report.html", "evaluation.html"))
    assert "<script>alert" not in page
    assert "<b>Mr. X</b>" not in page
    assert "corrected" in page
    result = read_json(ran.folder / "evaluation" / "evaluation.json")
    assert f"{result['macro_f1']:.3f}" in review
    assert f"{result['abstention']['aurc']:.3f}" in review
    assert "Did anything leak?" in review
    for text in (page, review):
        assert "://" not in text.replace("http://www.w3.org", "")
    done = ran.stance("result", "--evaluation", "evaluation", "--page", "report.html", "--review", "evaluation.html")
    assert "held-out" in done.stdout
    assert "report.html" in done.stdout
    assert "evaluation.html" in done.stdout
    told = json.loads(ran.stance("result", "--evaluation", "evaluation", "--json").stdout)
    assert told["macro_f1"] == result["macro_f1"]


def _commands() -> dict[str, str]:
    """Every command of a document that is marked to be run, once, and the page where it stands."""
    pages = sorted((ROOT / "docs").rglob("*.md"), reverse=True)  # the tutorial first
    return {
        line: page.name
        for page in pages
        for code in re.findall(r"<!-- run -->\n+```\n(.*?)```", page.read_text(), re.S)
        for line in code.strip().splitlines()
    }


def test_commands_of_the_documents_run_as_they_stand(ran: Workspace) -> None:
    place = ran.folder / "clone"
    (place / "configs").mkdir(parents=True)
    for name, source in (("params", "params"), ("codebook", "codebook"), ("base-models", "bases")):
        (place / "configs" / f"{name}.yaml").write_text((ran.folder / f"{source}.yaml").read_text())
    (place / "models").mkdir()
    (place / "models" / "exported").symlink_to(ran.folder / "exported")
    (place / "data").mkdir()
    (place / "data" / "evaluation").symlink_to(ran.folder / "evaluation")
    for name in ("raw", "incoming"):
        (place / "data" / name).symlink_to(ROOT / "data" / name)
    commands = _commands()
    assert len(commands) >= 5
    for line, page in commands.items():
        program, *arguments = shlex.split(line)
        assert program == ".venv/bin/stance", (page, line)
        written = arguments[arguments.index("--out") + 1]
        ran.stance(*arguments, at=place)
        assert (place / written).stat().st_size > 0, (page, line)


def test_an_altered_model_is_refused(ran: Workspace, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    for path in (ran.folder / "exported").iterdir():
        (tmp_path / "broken" / path.name).write_bytes(path.read_bytes()[: None if path.suffix == ".json" else 500])
    done = ran.stance(
        "score", "raw", "--model", tmp_path / "broken", "--params", "params.yaml", "--out", "x.csv", code=7
    )
    assert "Traceback" not in done.stderr
    assert not (ran.folder / "x.csv").exists()
