"""Stage: the held-out speeches, and any labelled file a user names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline import determinism, metrics
from pipeline.abstention import load_calibration
from pipeline.baseline_models import load_baselines
from pipeline.classifier import TOKEN_BUDGET, encode_examples, load_classifier, run_model
from pipeline.codebook import Codebook, load_codebook
from pipeline.domain import TARGET, Example, shown_before
from pipeline.errors import InputError, ModelError
from pipeline.examples import has_given_splits, read_splits
from pipeline.inputs import model_digest, softmax
from pipeline.leakage import leakage
from pipeline.params import Params
from pipeline.promises import promises_kept
from pipeline.tables import read_jsonl, whole, write_json, write_jsonl

_COMPARED = ("macro_f1", "macro_f1_stances", "mcc")
Floats = NDArray[np.float64]


def predict(model_folder: Path, examples: Sequence[Example]) -> tuple[Floats, list[str]]:
    """Probabilities of the trained model in float32, (n, labels), and the names of its labels."""
    model, tokenizer, description = load_classifier(model_folder)
    features = encode_examples(tokenizer, examples, description.max_tokens, description.context)
    return softmax(run_model(model, features, int(tokenizer.pad_token_id or 0), TOKEN_BUDGET)), description.labels


def read_labelled(path: Path, codebook: Codebook) -> list[Example]:
    """Read `{"statement", "previous", "label"}` rows; other fields are passed over.

    A row's group is its `speech_id`, else its `id` up to `#`, else the row itself.

    Raises:
        InputError: a line lacks a field, or its label is not in the codebook.
    """
    examples = []
    for where, row in read_jsonl(path):
        if not isinstance(row.get("statement"), str) or not isinstance(row.get("label"), str):
            raise InputError(
                where, expected="'statement' and 'label' as strings", found=", ".join(row), remedy="Correct the line."
            )
        if row["label"] not in codebook.names:
            raise InputError(
                where,
                expected=f"a label of the codebook: {', '.join(codebook.names)}",
                found=repr(row["label"]),
                remedy="Correct the label, or name another codebook.",
            )
        name = str(row.get("id") or where)
        group = str(row.get("speech_id") or name.split("#")[0])
        before = shown_before(str(row.get("previous") or ""), str(row.get(TARGET) or ""))
        examples.append(Example(name, group, row["statement"], before, row["label"]))
    if not examples:
        raise InputError(str(path), expected="labelled rows", found="none", remedy="Name another file.")
    return examples


def measure(
    examples: Sequence[Example],
    predictions: dict[str, Floats],
    labels: list[str],
    no_stance: str,
    params: Params,
) -> dict[str, Any]:
    """Measure the model and its baselines on the same examples with the same resamples of speeches.

    Args:
        examples: with true labels.
        predictions: probabilities by name; "model" is measured in full, the others are compared with it.
        labels: in the order of the probabilities' columns.
        no_stance: the label that is no stance.
        params: resamples, confidence, bins and seed.

    Returns:
        JSON values: measures, their intervals, scores by label, confusion, baselines and differences.
    """
    truth = np.array([labels.index(e.label) for e in examples])
    groups = [e.group for e in examples]
    sums = {name: metrics.speech_sums(truth, p, groups, params.evaluate.bins) for name, p in predictions.items()}
    speeches = len(set(groups))
    weights = metrics.resampled_speeches(speeches, params.evaluate.resamples, params.runtime.seed)
    once = np.ones((1, speeches))
    level = params.evaluate.confidence
    functions = metrics.measures(labels, no_stance)
    values = {name: {m: float(f(once, s)[0]) for m, f in functions.items()} for name, s in sums.items()}
    drawn = {name: {m: f(weights, s) for m, f in functions.items()} for name, s in sums.items()}
    confusion = sums["model"].confusion.sum(0)
    bins = sums["model"].bins.sum(0)
    return {
        "n": len(examples),
        "speeches": speeches,
        **values["model"],
        "intervals": {m: metrics.interval(v, level) for m, v in drawn["model"].items()},
        "per_label": _per_label(confusion, labels, sums["model"], weights, level),
        "confusion": {t: {p: int(confusion[i, j]) for j, p in enumerate(labels)} for i, t in enumerate(labels)},
        "reliability": [
            {"count": int(n), "confidence": float(c / n), "accuracy": float(a / n)} for n, c, a in bins.T if n
        ],
        "baselines": {
            name: {
                **values[name],
                "intervals": {m: metrics.interval(v, level) for m, v in drawn[name].items()},
                "model_minus_baseline": {
                    m: {
                        "difference": values["model"][m] - values[name][m],
                        "interval": metrics.interval(drawn["model"][m] - drawn[name][m], level),
                    }
                    for m in _COMPARED
                },
            }
            for name in sums
            if name != "model"
        },
    }


def _per_label(
    confusion: Floats, labels: list[str], sums: metrics.SpeechSums, weights: Floats, level: float
) -> dict[str, dict[str, Any]]:
    drawn = metrics.f1_scores(np.einsum("rs,sij->rij", weights, sums.confusion))
    plain = metrics.per_label(confusion, labels)
    return {
        label: {
            **plain[label],
            "f1_interval": metrics.interval(drawn[:, i], level) if plain[label]["support"] else None,
        }
        for i, label in enumerate(labels)
    }


def _all_predictions(
    examples: Sequence[Example], model: Path, baselines: Path | None, book: Codebook, bases: Path, params: Params
) -> dict[str, Floats]:
    probabilities, labels = predict(model, examples)
    if labels != book.names:
        raise ModelError(
            str(model),
            expected=f"a model for the labels {', '.join(book.names)}",
            found=", ".join(labels),
            remedy="Train with this codebook, or name the model's own.",
        )
    others = load_baselines(baselines, book, bases, params) if baselines else {}
    return {"model": probabilities, **{name: baseline(examples) for name, baseline in others.items()}}


def _measure_all(
    examples: Sequence[Example], found: dict[str, Floats], model: Path, book: Codebook, params: Params
) -> dict[str, Any]:
    """What `measure` gives, with which model it is, and whether it kept its promises."""
    truth = np.array([book.names.index(e.label) for e in examples])
    calibration = load_calibration(model)
    return {
        "model": model_digest(model),
        "codebook": book.version,
        **measure(examples, found, book.names, book.no_stance, params),
        "abstention": promises_kept(truth, found["model"], [e.group for e in examples], calibration, params),
    }


def evaluate_file(
    path: Path, model: Path, baselines: Path | None, codebook: Path, bases: Path, params: Params
) -> dict[str, Any]:
    """Measure the model on a file of labelled rows; see `read_labelled` and `measure`."""
    determinism.fix(params.runtime)
    book = load_codebook(codebook)
    examples = read_labelled(path, book)
    found = _all_predictions(examples, model, baselines, book, bases, params)
    result = _measure_all(examples, found, model, book, params)
    return {"on": str(path), **result}


def evaluate(
    statements: Path,
    labels: Path,
    splits: Path,
    model: Path,
    baselines: Path,
    codebook: Path,
    bases: Path,
    out: Path,
    params: Params,
) -> dict[str, Any]:
    """Measure on the held-out speeches and write metrics, predictions and plots' data into a folder."""
    determinism.fix(params.runtime)
    book = load_codebook(codebook)
    data = read_splits(statements, labels, splits)
    parts = {"train": data.train, "validation": data.validation, "heldout": data.heldout}
    shared = leakage(parts, params.split, params.runtime.seed, refuse=not has_given_splits(statements))
    found = _all_predictions(data.heldout, model, baselines, book, bases, params)
    result = {"on": "held-out speeches", **_measure_all(data.heldout, found, model, book, params), "leakage": shared}
    write_json(out / "evaluation.json", result)
    write_json(out / "metrics.json", _headline(result))
    write_jsonl(out / "predictions.jsonl", _rows(data.heldout, found["model"], book.names))
    _write_plots(out, data.heldout, found["model"], result, book.names)
    return result


def _headline(result: dict[str, Any]) -> dict[str, Any]:
    names = ("n", "speeches", "macro_f1", "macro_f1_stances", "accuracy", "mcc", "log_loss", "brier", "ece")
    return {
        **{name: result[name] for name in names},
        "f1": {label: row["f1"] for label, row in result["per_label"].items()},
        "baseline_macro_f1": {name: row["macro_f1"] for name, row in result["baselines"].items()},
    }


def _rows(examples: Sequence[Example], probabilities: Floats, labels: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "statement_id": e.statement_id,
            "label": e.label,
            "predicted": labels[int(p.argmax())],
            **{f"p_{label}": round(float(p[i]), 6) for i, label in enumerate(labels)},
            "previous": e.previous,
            "statement": e.statement,
        }
        for e, p in zip(examples, probabilities, strict=True)
    ]


def _write_plots(
    out: Path, examples: Sequence[Example], probabilities: Floats, result: dict[str, Any], labels: list[str]
) -> None:
    with whole(out / "confusion.csv") as file:
        file.write("label,predicted\n")
        for e, p in zip(examples, probabilities, strict=True):
            file.write(f"{e.label},{labels[int(p.argmax())]}\n")
    with whole(out / "reliability.csv") as file:
        file.write("confidence,accuracy,count\n")
        for row in result["reliability"]:
            file.write(f"{row['confidence']:.6f},{row['accuracy']:.6f},{row['count']}\n")
    with whole(out / "risk_coverage.csv") as file:
        file.write("coverage,error\n")
        for row in result["abstention"]["risk_coverage"]:
            file.write(f"{row['coverage']:.6f},{row['error']:.6f}\n")
    with whole(out / "comparison.csv") as file:
        file.write("system,macro_f1\n")
        for name, row in {"model": result, **result["baselines"]}.items():
            file.write(f"{name},{row['macro_f1']:.6f}\n")
