"""Whether a model keeps what it promises, on statements that neither training nor calibration saw."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline import metrics
from pipeline.abstention import Calibration, Floats, Ints, prediction_sets, selective_errors
from pipeline.params import Params

PROMISED = (0.05, 0.1)  # errors that evaluations try


def promises_kept(
    truth: Ints, probabilities: Floats, groups: Sequence[str], calibration: Calibration, params: Params
) -> dict[str, Any]:
    """Hold what a model promises against statements that neither training nor calibration saw.

    Returns:
        `risk_coverage`: coverage and error from the most confident tenth on, and `aurc`, the mean of these errors.
        `max_error`: for each promised error, how many are answered and how many answers are wrong.
        `sets`: how many hold the true label, and their mean size. Intervals are resampled by speech.
    """
    curve = selective_errors(truth, probabilities, groups, calibration.confidence)
    right = probabilities.argmax(1) == truth
    inside = prediction_sets(probabilities, calibration.set_threshold)
    held = inside[np.arange(len(truth)), truth]
    answered = {promised: probabilities.max(1) >= calibration.threshold(promised) for promised in PROMISED}
    return {
        "risk_coverage": [{"coverage": p.coverage, "error": p.error} for p in curve],
        "aurc": float(np.mean([p.error for p in curve])),
        "max_error": [
            {"promised": promised, "coverage": float(kept.mean()), **_share(~right, kept, groups, params)}
            for promised, kept in answered.items()
        ],
        "sets": {
            "promised": calibration.set_coverage,
            "mean_size": float(inside.sum(1).mean()),
            **_share(held, np.ones(len(truth), dtype=bool), groups, params),
        },
    }


def _share(
    hits: NDArray[np.bool_], among: NDArray[np.bool_], groups: Sequence[str], params: Params
) -> dict[str, float | list[float] | None]:
    """The share of hits among some statements, with an interval resampled by speech; None where there are none."""
    if not among.any():
        return {"share": None, "interval": None}
    speech = np.unique(np.asarray(groups), return_inverse=True)[1]
    counted = np.stack([np.bincount(speech, hits & among), np.bincount(speech, among)])
    weights = metrics.resampled_speeches(counted.shape[1], params.evaluate.resamples, params.runtime.seed)
    drawn = weights @ counted.T
    shares = np.divide(drawn[:, 0], drawn[:, 1], out=np.full(len(drawn), np.nan), where=drawn[:, 1] > 0)
    return {
        "share": float(hits[among].mean()),
        "interval": metrics.interval(shares, params.evaluate.confidence),
    }
