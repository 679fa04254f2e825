"""Where a model is weaker: the same measures on parts of the held-out statements."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pipeline import metrics
from pipeline.domain import Example
from pipeline.metrics import Floats
from pipeline.params import Params
from pipeline.topics import Topics

_LENGTHS = ((15, "up to 15 words"), (30, "16 to 30 words"), (45, "31 to 45 words"))
Row = Mapping[str, Any]


def slice_names(rows: Sequence[Row], unanimous: Mapping[str, bool], topics: Topics) -> dict[str, dict[str, str]]:
    """Name, for each statement, the part it falls into, by each way of parting.

    Args:
        rows: statements, in the order of their speeches.
        unanimous: statement id to whether its annotators agreed.
        topics: patterns of `configs/topics.yaml`; the first topic is held against all others.

    Returns:
        Statement id to way of parting to part.
    """
    about = topics.of_statements(rows)
    first = next(iter(topics.topics))
    return {
        row["statement_id"]: {
            "topic": first if about[row["statement_id"]] == first else "other topics",
            "source": "record" if row["symbol"] else row["statement_id"].split("/")[0],
            "decade": f"{row['date'][:3]}0s" if row["date"] else "no date",
            "length": _length(row["statement"]),
            "words": "explicit" if topics.is_explicit(row["statement"]) else "not explicit",
            "annotators": "unanimous" if unanimous.get(row["statement_id"], True) else "not unanimous",
            "context": "a sentence before" if row["previous"] else "none before",
        }
        for row in rows
    }


def _length(text: str) -> str:
    words = len(text.split())
    return next((name for most, name in _LENGTHS if words <= most), f"over {_LENGTHS[-1][0]} words")


def measure_slices(
    examples: Sequence[Example],
    probabilities: Floats,
    labels: list[str],
    names: Mapping[str, Mapping[str, str]],
    params: Params,
) -> list[dict[str, Any]]:
    """Macro-F1 and accuracy of each part, with intervals by speech, the worst macro-F1 first.

    A macro average is over the labels that are true or predicted in the part.
    """
    parts: dict[tuple[str, str], list[int]] = {}
    for i, example in enumerate(examples):
        for way, part in names[example.statement_id].items():
            parts.setdefault((way, part), []).append(i)
    truth = np.array([labels.index(e.label) for e in examples])
    functions = metrics.measures(labels, labels[-1])
    found = []
    for (way, part), rows in parts.items():
        groups = [examples[i].group for i in rows]
        sums = metrics.speech_sums(truth[rows], probabilities[rows], groups, params.evaluate.bins)
        speeches = len(set(groups))
        weights = metrics.resampled_speeches(speeches, params.evaluate.resamples, params.runtime.seed)
        row: dict[str, Any] = {"by": way, "part": part, "n": len(rows), "speeches": speeches}
        for name in ("macro_f1", "accuracy"):
            row[name] = float(functions[name](np.ones((1, speeches)), sums)[0])
            row[f"{name}_interval"] = metrics.interval(functions[name](weights, sums), params.evaluate.confidence)
        found.append(row)
    return sorted(found, key=lambda row: (row["macro_f1"], row["by"], row["part"]))
