"""Shares of stances: as counted, with intervals resampled by speech, and corrected for the model's own error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import nnls

from pipeline import metrics
from pipeline.metrics import Floats
from pipeline.params import Params

_BLOCK = 100
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Share:
    """A label's share of the statements, in 0..1.

    Attributes:
        label: of the codebook.
        count: statements that the model gave it.
        share: of all statements.
        interval: percentiles over resampled speeches.
        corrected: what the share would be, were the model to err here as on the held-out speeches; None if unknown.
        corrected_interval: percentiles over resampled speeches of both the scores and the held-out set.
    """

    label: str
    count: int
    share: float
    interval: Interval
    corrected: float | None = None
    corrected_interval: Interval | None = None


def counts_by_group(groups: Sequence[str], cells: Sequence[int], width: int) -> Floats:
    """Count cells 0..width-1 in each group: (groups, width), groups in order of appearance."""
    places = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    counts = np.zeros((len(places), width))
    np.add.at(counts, ([places[name] for name in groups], list(cells)), 1.0)
    return counts


def resampled(counts: Floats, resamples: int, seed: int) -> Floats:
    """Sums over resampled groups, (resamples, width), in blocks so that memory stays small."""
    blocks = [
        metrics.resampled_speeches(len(counts), min(_BLOCK, resamples - first), seed + first) @ counts
        for first in range(0, resamples, _BLOCK)
    ]
    return np.concatenate(blocks)


def corrected_shares(observed: Floats, confusion: Floats) -> Floats:
    """Undo a confusion: the shares x >= 0 for which x times the error rates comes nearest to what was observed.

    Known as adjusted counting (Forman 2008). It takes how often each true label is mistaken for which other to be
    as on the held-out speeches; how common the labels are may differ.

    Args:
        observed: (labels,) shares of predicted labels.
        confusion: (labels, labels) true by predicted; a label that is never true is taken to be told without error.
    """
    totals = confusion.sum(1, keepdims=True)
    rates = np.where(totals > 0, confusion / np.maximum(totals, 1), np.eye(len(confusion)))
    found, _ = nnls(rates.T, observed)
    result: Floats = found / max(found.sum(), 1e-12)
    return result


def heldout_confusion(predictions: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> Floats:
    """Confusion of each held-out speech, (speeches, labels * labels), from rows that `evaluate` wrote."""
    groups = [row["statement_id"].rsplit(":", 2)[0] for row in predictions]
    cells = [labels.index(row["label"]) * len(labels) + labels.index(row["predicted"]) for row in predictions]
    return counts_by_group(groups, cells, len(labels) ** 2)


def stance_shares(
    rows: Sequence[Mapping[str, Any]],
    labels: Sequence[str],
    predictions: Sequence[Mapping[str, Any]],
    params: Params,
) -> list[Share]:
    """Share of each label among scored statements.

    Args:
        rows: scores.
        labels: of the codebook.
        predictions: the held-out rows that `evaluate` wrote; without any, nothing is corrected.
        params: resamples, confidence and seed.
    """
    counts = counts_by_group([r["speech_id"] for r in rows], [labels.index(r["stance"]) for r in rows], len(labels))
    drawn = resampled(counts, params.evaluate.resamples, params.runtime.seed)
    drawn /= drawn.sum(1, keepdims=True)
    total = counts.sum(0)
    plain = [
        Share(label, int(n), float(n / total.sum()), _interval(drawn[:, i], params))
        for i, (label, n) in enumerate(zip(labels, total, strict=True))
    ]
    if not predictions:
        return plain
    errors = heldout_confusion(predictions, labels)
    square = (len(labels), len(labels))
    found = corrected_shares(total / total.sum(), errors.sum(0).reshape(square))
    again = resampled(errors, params.evaluate.resamples, params.runtime.seed + 1)
    fixed = np.array([corrected_shares(o, e.reshape(square)) for o, e in zip(drawn, again, strict=True)])
    return [
        Share(s.label, s.count, s.share, s.interval, float(found[i]), _interval(fixed[:, i], params))
        for i, s in enumerate(plain)
    ]


def _interval(values: Floats, params: Params) -> Interval:
    low, high = metrics.interval(values, params.evaluate.confidence)
    return low, high
