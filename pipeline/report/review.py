"""Stage: the held-out result as a page for a reviewer."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pipeline.errors import InputError
from pipeline.params import Params
from pipeline.report import charts
from pipeline.report.pages import render
from pipeline.tables import read_json, read_jsonl, whole

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a review finds what. All but `evaluation` may be missing; what they tell is left out then.

    Attributes:
        evaluation: folder that `evaluate` wrote.
        examination: folder that `examine` wrote.
        agreement: JSON that `annotate` wrote.
        training: folder of `train`'s figures.
        seeds: JSON that `seeds` wrote.
    """

    evaluation: Path
    examination: Path
    agreement: Path
    training: Path
    seeds: Path


def worst_errors(rows: Sequence[Row], count: int) -> list[Row]:
    """The wrong predictions that the model was surest of."""
    wrong = [row for row in rows if row["predicted"] != row["label"]]
    return sorted(wrong, key=lambda row: (-row[f"p_{row['predicted']}"], row["statement_id"]))[:count]


def _optional(path: Path, read: Callable[[Path], Any] = read_json) -> Any:
    return read(path) if path.is_file() else None


def read_history(path: Path) -> list[dict[str, float]]:
    """Validation figures by epoch; raises InputError where the table is damaged."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError) as error:
        expected = "epochs that the stage train wrote"
        raise InputError(str(path), expected=expected, found=str(error), remedy="Run dvc repro.") from None


def _figures(parts: Mapping[str, Any]) -> dict[str, Markup]:
    result = parts["result"]
    drawn: dict[str, tuple[Callable[[Any], Markup], Any]] = {
        "comparison": (charts.comparison, result),
        "confusion": (charts.confusion, result),
        "reliability": (charts.reliability, result),
        "risk_coverage": (charts.risk_coverage, (result["abstention"] or {}).get("risk_coverage")),
        "slices": (charts.slices, parts["slices"]),
        "behaviour": (charts.behaviour, parts["behaviour"]),
        "learning": (charts.learning, parts["history"]),
    }
    return {name: draw(value) for name, (draw, value) in drawn.items() if value}


def _write_plot(path: Path, rows: Sequence[Row]) -> None:
    """What `dvc plots` draws of the behaviour tests; it does not read their nested JSON."""
    with whole(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["capability", "failing"])
        writer.writerows([row["capability"], round(row["failures"] / row["cases"], 4)] for row in rows)


def review(sources: Sources, out: Path, params: Params, plot: Path | None = None) -> None:
    """Write the page.

    Args:
        sources: the results of the stages.
        out: the page, one file that needs no network.
        plot: CSV of the behaviour tests for `dvc plots`, or None.
        params: how many errors are shown; confidence of the intervals, for their heading.
    """
    predictions = [row for _, row in read_jsonl(sources.evaluation / "predictions.jsonl")]
    parts = {
        "result": {"abstention": None, "leakage": None, **read_json(sources.evaluation / "evaluation.json")},
        "slices": _optional(sources.examination / "slices.json"),
        "behaviour": _optional(sources.examination / "behaviour.json"),
        "agreement": _optional(sources.agreement),
        "training": _optional(sources.training / "training.json"),
        "history": _optional(sources.training / "history.csv", read_history),
        "seeds": _optional(sources.seeds),
    }
    page = render(
        "evaluation.html",
        None,
        **parts,
        labels=list(parts["result"]["per_label"]),
        errors=worst_errors(predictions, params.report.worst_errors),
        level=f"{100 * params.evaluate.confidence:g}",
        figures=_figures(parts),
    )
    with whole(out) as file:
        file.write(page)
    if plot is not None:
        _write_plot(plot, parts["behaviour"] or [])
