"""A review of invented results, with every part that the page knows."""

from pathlib import Path

from pipeline.params import load_params
from pipeline.report.review import Sources, review
from pipeline.tables import write_json, write_jsonl
from tests.conftest import ROOT
from tests.scored import HOSTILE, LABELS

SPAN = [0.7, 0.9]
MEASURES = ("macro_f1", "macro_f1_stances", "accuracy", "mcc", "log_loss", "brier", "ece")


def _result() -> dict[str, object]:
    row = {**dict.fromkeys(MEASURES, 0.8), "intervals": dict.fromkeys(MEASURES, SPAN)}
    gap = {"model_minus_baseline": {"macro_f1": {"difference": 0.1, "interval": [0.05, 0.15]}}}
    label = {"precision": 0.8, "recall": 0.7, "f1": 0.75, "f1_interval": SPAN, "support": 10}
    promise = {"promised": 0.05, "coverage": 0.6, "share": 0.04, "interval": [0.02, 0.06]}
    return {
        **{"on": "held-out speeches", "model": "0123456789abcdef", "codebook": "1.0", "n": 40, "speeches": 5, **row},
        "per_label": dict.fromkeys(LABELS, label),
        "confusion": {t: {p: 7 if t == p else 1 for p in LABELS} for t in LABELS},
        "reliability": [
            {"count": 20, "confidence": 0.6, "accuracy": 0.5},
            {"count": 20, "confidence": 0.9, "accuracy": 1.0},
        ],
        "baselines": {"majority": row | gap},
        "abstention": {
            "risk_coverage": [{"coverage": 0.1, "error": 0.0}, {"coverage": 1.0, "error": 0.2}],
            "aurc": 0.05,
            "max_error": [promise],
            "sets": {"promised": 0.9, "mean_size": 1.2, "share": 0.91, "interval": SPAN},
        },
        "leakage": {"near-duplicates": {"in one split": 3, "across": 0}},
    }


def written_review(folder: Path) -> Path:
    """Write results into a folder and a page of them; give the page."""
    chances = {f"p_{label}": 0.9 if label == "support" else 0.03 for label in LABELS}
    wrong = {
        "statement_id": "a:1:0:ff",
        "label": "none",
        "predicted": "support",
        "previous": HOSTILE,
        "statement": HOSTILE,
        **chances,
    }
    part = {
        "by": "topic",
        "part": "other",
        "n": 20,
        "speeches": 4,
        "macro_f1": 0.6,
        "macro_f1_interval": SPAN,
        "accuracy": 0.7,
        "accuracy_interval": SPAN,
    }
    failing = [
        {"statement": HOSTILE, "label": "none", "predicted": "support"},
        {"statement": "x", "label": "none", "predicted": {"none": 19, "support": 1}},
    ]
    write_json(folder / "evaluation" / "evaluation.json", _result())
    write_jsonl(folder / "evaluation" / "predictions.jsonl", [wrong])
    write_json(folder / "examination" / "slices.json", [part])
    write_json(
        folder / "examination" / "behaviour.json",
        [{"capability": "negation", "shows": "x", "cases": 5, "failures": 2, "failing": failing, "stable": 0.9}],
    )
    write_json(
        folder / "agreement.json",
        {
            "labelled": 40,
            "adjudicated": 1,
            "awaiting_adjudication": 0,
            "krippendorff_alpha": 0.9,
            "alpha_interval": SPAN,
            "alpha_by_label": {"support": 0.9, "oppose": None},
        },
    )
    write_json(folder / "training" / "training.json", {"train_statements": 100, "temperature": 1.1})
    (folder / "training" / "history.csv").write_text("epoch,macro_f1,loss\n0,0.5,1.0\n1,0.8,0.5\n")
    spread = {"mean": 0.8, "standard_deviation": 0.01, "values": [0.79, 0.81]}
    write_json(
        folder / "seeds.json", {"seeds": 2, "n": 40, "measures": {"macro_f1": spread}, "f1": {"support": spread}}
    )
    sources = Sources(
        folder / "evaluation",
        folder / "examination",
        folder / "agreement.json",
        folder / "training",
        folder / "seeds.json",
    )
    review(sources, folder / "evaluation.html", load_params(ROOT / "configs/params.yaml"))
    return folder / "evaluation.html"
