"""Stage: one self-contained HTML page of the evaluation and of scored transcripts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

from pipeline.params import Params
from pipeline.report import charts
from pipeline.tables import read_json, read_jsonl, read_parquet, whole


def worst_errors(rows: Sequence[Mapping[str, Any]], count: int) -> list[Mapping[str, Any]]:
    """The wrong predictions that the model was surest of."""
    wrong = [row for row in rows if row["predicted"] != row["label"]]
    return sorted(wrong, key=lambda row: (-row[f"p_{row['predicted']}"], row["statement_id"]))[:count]


def by_country(rows: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> list[dict[str, Any]]:
    """Counts of stances a country (or affiliation), the most talkative first."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        name = row["country"] or row["affiliation"] or row["speaker"] or "(unknown)"
        counts.setdefault(name, Counter())[row["stance"]] += 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1].total(), item[0]))
    return [{"country": name, **{label: found[label] for label in labels}} for name, found in ordered]


def speeches_of(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Scored statements by speech, in input order."""
    speeches: dict[str, dict[str, Any]] = {}
    for row in rows:
        head = {name: row[name] for name in ("symbol", "source", "date", "speaker", "affiliation", "country")}
        speeches.setdefault(row["speech_id"], {**head, "statements": []})["statements"].append(row)
    return list(speeches.values())


def report(evaluation: Path, scores: Path | None, agreement: Path | None, out: Path, params: Params) -> None:
    """Write the page.

    Args:
        evaluation: folder that `evaluate` wrote.
        scores: Parquet that `score` wrote; None for a page of the evaluation alone.
        agreement: JSON that `annotate` wrote, or None.
        out: the page, one file that needs no network.
        params: how many errors are shown.
    """
    result = read_json(evaluation / "evaluation.json")
    labels = list(result["per_label"])
    predictions = [row for _, row in read_jsonl(evaluation / "predictions.jsonl")]
    scored = read_parquet(scores) if scores else []
    countries = by_country(scored, labels)
    figures = {
        "comparison": charts.comparison(result),
        "confusion": charts.confusion(result),
        "reliability": charts.reliability(result),
    }
    if countries:
        figures["countries"] = charts.countries(countries, labels)
    environment = Environment(loader=PackageLoader("pipeline.report"), autoescape=True)
    page = environment.get_template("report.html").render(
        result=result,
        labels=labels,
        colours=charts.colours(labels),
        errors=worst_errors(predictions, params.report.worst_errors),
        agreement=read_json(agreement) if agreement else None,
        scores=scores,
        model=scored[0]["model"] if scored else None,
        countries=countries,
        speeches=speeches_of(scored),
        figures=figures,
    )
    with whole(out) as file:
        file.write(page)
