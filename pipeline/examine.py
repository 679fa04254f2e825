"""Stage: the held-out result in parts, and the behaviour tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import determinism
from pipeline.behaviour import run_capabilities
from pipeline.classifier import TOKEN_BUDGET, encode_examples, load_classifier, run_model
from pipeline.codebook import load_codebook
from pipeline.domain import Example
from pipeline.inputs import softmax
from pipeline.metrics import Floats
from pipeline.params import Params
from pipeline.slices import measure_slices, slice_names
from pipeline.tables import read_jsonl, read_parquet, write_json
from pipeline.topics import load_topics


def examine(
    statements: Path,
    labels: Path,
    predictions: Path,
    model: Path,
    codebook: Path,
    topics: Path,
    behaviour: Path,
    out: Path,
    params: Params,
) -> dict[str, Any]:
    """Write slices of the held-out predictions and the behaviour tests' failures into a folder; give both."""
    determinism.fix(params.runtime)
    book = load_codebook(codebook)
    rows = [row for _, row in read_jsonl(predictions)]
    unanimous = {row["statement_id"]: row["unanimous"] for row in read_parquet(labels)}
    names = slice_names(read_parquet(statements), unanimous, load_topics(topics))
    examples = [
        Example(r["statement_id"], r["statement_id"].rsplit(":", 2)[0], r["statement"], r["previous"], r["label"])
        for r in rows
    ]
    probabilities = np.array([[row[f"p_{label}"] for label in book.names] for row in rows])
    classifier, tokenizer, description = load_classifier(model)

    def predict(cases: Sequence[Example]) -> Floats:
        features = encode_examples(tokenizer, cases, description.max_tokens, description.context)
        return softmax(run_model(classifier, features, int(tokenizer.pad_token_id or 0), TOKEN_BUDGET))

    found = {
        "slices": measure_slices(examples, probabilities, book.names, names, params),
        "behaviour": run_capabilities(behaviour, predict, book),
    }
    write_json(out / "slices.json", found["slices"])
    write_json(out / "behaviour.json", found["behaviour"])
    write_json(out / "examination.json", _headline(found))
    return found


def _headline(found: dict[str, Any]) -> dict[str, Any]:
    stable = [row["stable"] for row in found["behaviour"] if "stable" in row]
    return {
        "worst_slice_macro_f1": found["slices"][0]["macro_f1"],
        "failure_rate": {row["capability"]: round(row["failures"] / row["cases"], 4) for row in found["behaviour"]},
        **({"stable_under_swaps": min(stable)} if stable else {}),
    }
