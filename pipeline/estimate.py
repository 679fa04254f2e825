"""Shares of stances that are right on average, from a model's labels and a small labelled random sample.

Counting a model's labels gives biased shares even at high accuracy, since its errors do not cancel out. The
sample tells the bias (prediction-powered inference: Angelopoulos et al. 2023, Science 382:669; the weight of
the predictions after Angelopoulos, Duchi and Zrnic 2023, arXiv:2311.01453).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.codebook import Codebook, load_codebook
from pipeline.errors import AnnotationError, InputError
from pipeline.labelstudio import read_labels
from pipeline.scores import read_scores
from pipeline.tables import read_jsonl, write_table

Floats = NDArray[np.float64]
_NUMBERS = ("naive", "naive_low", "naive_high", "share", "low", "high")
_SCHEMA = pa.schema(
    [
        ("group", pa.string()),
        ("stance", pa.string()),
        ("statements", pa.int64()),
        ("labelled", pa.int64()),
        *((name, pa.float64()) for name in _NUMBERS),
    ]
)
_FEWEST = 10  # labelled statements below which an interval would pretend


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its interval, each in 0..1; the interval is None where too little is known."""

    share: float
    low: float | None
    high: float | None


def _bounded(value: float, influence: Floats, speeches: NDArray[np.int64], confidence: float) -> Share:
    """An interval from each statement's influence on a value, summed by speech (t with speeches - 1 degrees)."""
    from scipy.stats import t

    sums = np.bincount(np.unique(speeches, return_inverse=True)[1], influence)
    if len(sums) < 2:
        return Share(value, None, None)
    spread = np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum())
    reach = float(t.ppf((1 + confidence) / 2, len(sums) - 1)) * float(spread)
    return Share(value, max(0.0, value - reach), min(1.0, value + reach))


def naive_share(predicted: Floats, speeches: NDArray[np.int64], confidence: float) -> Share:
    """The share that counting a model's labels gives, as if they were true.

    Args:
        predicted: (n,) 1 where the model gives the label, else 0.
        speeches: (n,) index of each statement's speech.
        confidence: of the interval.
    """
    mean = float(predicted.mean())
    return _bounded(mean, (predicted - mean) / len(predicted), speeches, confidence)


def corrected_share(
    scored: Floats, truth: Floats, labelled: NDArray[np.bool_], speeches: NDArray[np.int64], confidence: float
) -> Share:
    """The share of a label, corrected by a random sample.

    Args:
        scored: (n,) the model's probability of the label.
        truth: (n,) 1 where the label is true, else 0; read only where `labelled`.
        labelled: (n,) which statements the sample holds.
        speeches: (n,) index of each statement's speech; intervals heed that its statements are alike.
        confidence: of the interval.
    """
    n, sample = len(scored), int(labelled.sum())
    if sample == 0:
        return Share(float("nan"), None, None)
    trust = _trust(scored[labelled], truth[labelled], sample / n)
    rest = np.where(labelled, truth - trust * scored, 0.0)
    correction = rest.sum() / sample
    value = trust * float(scored.mean()) + float(correction)
    influence = trust * (scored - scored.mean()) / n + np.where(labelled, rest - correction, 0.0) / sample
    share = min(1.0, max(0.0, value))
    if sample < _FEWEST:
        return Share(share, None, None)
    found = _bounded(value, influence, speeches, confidence)
    return Share(share, found.low, found.high)


def _trust(scored: Floats, truth: Floats, sampled: float) -> float:
    """The weight of the predictions at which the estimate varies least; 0 where they tell nothing."""
    spread = float(scored.var())
    if spread == 0:
        return 0.0
    covariance = float(((scored - scored.mean()) * (truth - truth.mean())).mean())
    return float(np.clip(covariance * (1 - sampled) / spread, 0.0, 1.0)) if sampled < 1 else 0.0


def estimate_shares(
    rows: Sequence[Mapping[str, Any]],
    sample: Mapping[str, str],
    labels: Sequence[str],
    by: str | None,
    confidence: float,
) -> list[dict[str, Any]]:
    """Shares of every label, naive and corrected, over all statements or by a column.

    Args:
        rows: scores, with `statement_id`, `speech_id`, `stance` and `p_<label>`.
        sample: statement id to true label, of statements drawn at random.
        labels: of the codebook.
        by: a column, or "year" for the date's first four digits; None for all together.
        confidence: of the intervals.

    Returns:
        A row a group and label, groups in the order in which they first appear.
    """
    groups: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        groups.setdefault(_group(row, by), []).append(i)
    return [
        line
        for group, members in groups.items()
        for line in _of_group(group, [rows[i] for i in members], sample, labels, confidence)
    ]


def _group(row: Mapping[str, Any], by: str | None) -> str:
    if by is None:
        return "all"
    value = str(row["date"])[:4] if by == "year" else str(row[by])
    return value or "(unknown)"


def _of_group(
    group: str, rows: list[Mapping[str, Any]], sample: Mapping[str, str], labels: Sequence[str], confidence: float
) -> list[dict[str, Any]]:
    speeches = np.unique([str(row["speech_id"]) for row in rows], return_inverse=True)[1]
    told = [sample.get(str(row["statement_id"])) for row in rows]
    labelled = np.array([label is not None for label in told])
    lines: list[dict[str, Any]] = []
    for label in labels:
        predicted = np.array([float(row["stance"] == label) for row in rows])
        scored = np.array([float(str(row[f"p_{label}"])) for row in rows])
        truth = np.array([float(true == label) for true in told])
        naive = naive_share(predicted, speeches, confidence)
        share = corrected_share(scored, truth, labelled, speeches, confidence)
        lines.append(
            {
                "group": group,
                "stance": label,
                "statements": len(rows),
                "labelled": int(labelled.sum()),
                "naive": naive.share,
                "naive_low": naive.low,
                "naive_high": naive.high,
                "share": None if np.isnan(share.share) else share.share,
                "low": share.low,
                "high": share.high,
            }
        )
    return lines


def read_sample(path: Path, codebook: Codebook) -> dict[str, str]:
    """Read a labelled sample: JSONL of an annotator, Label Studio's export, or a CSV of `statement_id,label`.

    Raises:
        InputError, AnnotationError: the file is none of these, or a label is not in the codebook.
    """
    if path.suffix == ".jsonl":
        rows = [(where, row.get("statement_id"), row.get("label")) for where, row in read_jsonl(path)]
    else:
        rows = [(a.where, a.statement_id, a.label) for a in read_labels(path, "sample", codebook)]
    found: dict[str, str] = {}
    for where, statement, label in rows:
        if not isinstance(statement, str) or label not in codebook.names or found.get(statement, label) != label:
            raise AnnotationError(
                where or str(path),
                expected=f"a statement_id and one of {', '.join(codebook.names)}, one label a statement",
                found=f"{statement!r}: {label!r}",
                remedy="Correct the line; where several people labelled, settle their differences first.",
            )
        found[statement] = str(label)
    return found


def estimate(
    scores: Path, sample: Path, codebook: Path, by: str | None, out: Path | None, confidence: float
) -> list[dict[str, Any]]:
    """Estimate shares from scores and a labelled random sample of them, and write them where `out` is given.

    Raises:
        InputError: the scores lack the column `by`, or the sample holds a statement that they don't.
    """
    book = load_codebook(codebook)
    rows = read_scores(scores, book.names)
    labelled = read_sample(sample, book)
    strange = sorted(labelled.keys() - {row["statement_id"] for row in rows})
    if strange or not labelled:
        raise InputError(
            str(sample),
            expected=f"labels of statements in {scores}",
            found=f"{len(strange)} that are not there, such as {strange[0]}" if strange else "none",
            remedy="Draw the sample from these scores (stance tasks --pick random), and score again only after that.",
        )
    if by and by != "year" and by not in rows[0]:
        raise InputError(str(scores), expected=f"a column {by}", found=", ".join(rows[0]), remedy="Name another.")
    found = estimate_shares(rows, labelled, book.names, by, confidence)
    if out is not None:
        write_table(out, found, _SCHEMA)
    return found
