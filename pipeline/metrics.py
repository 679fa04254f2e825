"""Scores with intervals resampled by speech, and calibration: pure functions of arrays.

Everything that is resampled is a sum over speeches, so that a bootstrap sample of speeches is a vector of
counts and all resamples are one matrix product.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SpeechSums:
    """What the metrics need of each speech.

    Attributes:
        confusion: (speeches, labels, labels), true label by predicted label.
        log_loss: (speeches,), sums of -ln p(true label).
        brier: (speeches,), sums of squared errors over all labels.
        bins: (speeches, 3, bins): counts, sums of confidence and numbers right, by confidence.
    """

    confusion: Floats
    log_loss: Floats
    brier: Floats
    bins: Floats


def speech_sums(truth: Ints, probabilities: Floats, groups: Sequence[str], bins: int) -> SpeechSums:
    """Sum up by speech.

    Args:
        truth: (n,) label indices.
        probabilities: (n, labels).
        groups: n speech identifiers.
        bins: of equal width over confidences in 0..1.
    """
    names = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    where = np.array([names[name] for name in groups])
    labels = probabilities.shape[1]
    predicted = probabilities.argmax(1)
    confusion = np.zeros((len(names), labels, labels))
    np.add.at(confusion, (where, truth, predicted), 1.0)
    rows = np.arange(len(truth))
    log_loss = np.zeros(len(names))
    np.add.at(log_loss, where, -np.log(np.clip(probabilities[rows, truth], 1e-15, 1.0)))
    onehot = np.eye(labels)[truth]
    brier = np.zeros(len(names))
    np.add.at(brier, where, ((probabilities - onehot) ** 2).sum(1))
    confidence = probabilities.max(1)
    cell = np.minimum((confidence * bins).astype(int), bins - 1)
    table = np.zeros((len(names), bins, 3))
    np.add.at(table, (where, cell), np.stack([np.ones(len(truth)), confidence, predicted == truth], axis=1))
    return SpeechSums(confusion, log_loss, brier, table.transpose(0, 2, 1))


def f1_scores(confusion: Floats) -> Floats:
    """F1 a label from (..., labels, labels); NaN where a label is neither true nor predicted."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    total = confusion.sum(-1) + confusion.sum(-2)
    result: Floats = np.divide(2 * hits, total, out=np.full(total.shape, np.nan), where=total > 0)
    return result


def mcc(confusion: Floats) -> Floats:
    """Matthews correlation for many classes (Gorodkin 2004), from (..., labels, labels); 0 where undefined."""
    total = confusion.sum((-1, -2))
    hits = np.trace(confusion, axis1=-2, axis2=-1)
    true, predicted = confusion.sum(-1), confusion.sum(-2)
    above = hits * total - (true * predicted).sum(-1)
    below = np.sqrt((total**2 - (predicted**2).sum(-1)) * (total**2 - (true**2).sum(-1)))
    result: Floats = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return result


def calibration_error(bins: Floats) -> Floats:
    """Expected calibration error (Guo et al. 2017), from (..., 3, bins)."""
    total = bins[..., 0, :].sum(-1)
    result: Floats = np.abs(bins[..., 1, :] - bins[..., 2, :]).sum(-1) / np.maximum(total, 1)
    return result


def _mean_defined(scores: Floats) -> Floats:
    known = ~np.isnan(scores)
    result: Floats = np.where(known, scores, 0.0).sum(-1) / np.maximum(known.sum(-1), 1)
    return result


def measures(labels: Sequence[str], no_stance: str) -> dict[str, Callable[[Floats, SpeechSums], Floats]]:
    """Name every measure as a function of speech weights, shape (resamples, speeches), and sums.

    A macro average is over the labels that are true or predicted at least once, as scikit-learn does.
    """
    stances = [i for i, label in enumerate(labels) if label != no_stance]

    def confusion(weights: Floats, sums: SpeechSums) -> Floats:
        return np.asarray(np.einsum("rs,sij->rij", weights, sums.confusion))

    def count(weights: Floats, sums: SpeechSums) -> Floats:
        return np.asarray(weights @ sums.confusion.sum((1, 2)))

    return {
        "macro_f1": lambda w, s: _mean_defined(f1_scores(confusion(w, s))),
        "macro_f1_stances": lambda w, s: _mean_defined(f1_scores(confusion(w, s))[:, stances]),
        "accuracy": lambda w, s: np.trace(confusion(w, s), axis1=1, axis2=2) / count(w, s),
        "mcc": lambda w, s: mcc(confusion(w, s)),
        "log_loss": lambda w, s: w @ s.log_loss / count(w, s),
        "brier": lambda w, s: w @ s.brier / count(w, s),
        "ece": lambda w, s: calibration_error(np.einsum("rs,sab->rab", w, s.bins)),
    }


def resampled_speeches(speeches: int, resamples: int, seed: int) -> Floats:
    """How often each speech is drawn: (resamples, speeches), rows sum to `speeches`."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(speeches, np.full(speeches, 1 / speeches), size=resamples).astype(float)


def interval(values: Floats, confidence: float) -> list[float]:
    """Percentile interval of resampled values."""
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail])
    return [float(low), float(high)]


def per_label(confusion: Floats, labels: Sequence[str]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 (0 where undefined) and support a label, from (labels, labels)."""
    hits = np.diag(confusion)
    true, predicted = confusion.sum(1), confusion.sum(0)
    f1 = np.nan_to_num(f1_scores(confusion))
    return {
        label: {
            "precision": float(hits[i] / predicted[i]) if predicted[i] else 0.0,
            "recall": float(hits[i] / true[i]) if true[i] else 0.0,
            "f1": float(f1[i]),
            "support": int(true[i]),
        }
        for i, label in enumerate(labels)
    }
