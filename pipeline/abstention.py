"""When to say nothing: error bounds by confidence, and prediction sets, from statements that were not trained on."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError

CALIBRATION = "calibration.json"
_FIRST_COVERAGE = 0.1  # a bound on fewer statements says nothing
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Point:
    """What was seen of the statements whose confidence is at least `threshold`.

    Attributes:
        threshold: of the confidence, in 0..1.
        coverage: share of all statements that is answered.
        error: share of wrong labels among the answered.
        bound: upper confidence bound of that share.
    """

    threshold: float
    coverage: float
    error: float
    bound: float


@dataclass(frozen=True, slots=True)
class Promise:
    """From which confidence the model answers, and from which probability a label is in a prediction set."""

    confidence: float
    set_threshold: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a model may promise; saved beside its weights.

    Attributes:
        statements: that it was made from.
        speeches: that they come from.
        set_coverage: share of prediction sets that are to hold the true label.
        set_threshold: a label is in the set where its probability is at least this.
        confidence: of the bounds, one-sided.
        curve: from the most confident tenth of the statements to all of them.
    """

    statements: int
    speeches: int
    set_coverage: float
    set_threshold: float
    confidence: float
    curve: list[Point]

    def threshold(self, max_error: float) -> float:
        """The lowest confidence at which an answer keeps the promised error; infinity where none does.

        Bounds are tried from the most confident statements on, up to the first that fails, so that the
        promise holds for the whole search (fixed-sequence testing; Angelopoulos et al. 2022, arXiv:2110.01052).
        """
        if max_error >= 1:
            return 0.0
        found = np.inf
        for point in self.curve:
            if point.bound > max_error:
                break
            found = point.threshold
        return float(found)

    def promise(self, max_error: float) -> Promise:
        """What keeps the promised error; see `threshold`."""
        return Promise(self.threshold(max_error), self.set_threshold)


def selective_errors(truth: Ints, probabilities: Floats, groups: Sequence[str], confidence: float) -> list[Point]:
    """The risk-coverage curve in hundredths of coverage, with bounds that heed speeches.

    A bound is the larger of Clopper and Pearson's, which knows few errors, and of the normal bound of a
    ratio with variance between speeches (Cochran 1977, ch. 9), which knows that statements of a speech are alike.

    Args:
        truth: (n,) label indices.
        probabilities: (n, labels).
        groups: n speech identifiers.
        confidence: of the bounds, one-sided.
    """
    from scipy.stats import beta, norm

    order = np.argsort(-probabilities.max(1), kind="stable")
    confidences = probabilities.max(1)[order]
    wrong = (probabilities.argmax(1) != truth)[order].astype(float)
    speech = np.unique(np.asarray(groups), return_inverse=True)[1][order]
    points = []
    for share in np.arange(round(100 * _FIRST_COVERAGE), 101) / 100:
        threshold = confidences[max(1, round(share * len(truth))) - 1]
        n = int((confidences >= threshold).sum())
        errors, counts = np.bincount(speech[:n], wrong[:n]), np.bincount(speech[:n])
        rate, seen = float(errors.sum() / n), int((counts > 0).sum())
        exact = float(beta.ppf(confidence, errors.sum() + 1, n - errors.sum())) if errors.sum() < n else 1.0
        spread = np.sqrt(seen / max(seen - 1, 1) * ((errors - rate * counts) ** 2).sum()) / n
        bound = max(exact, rate + float(norm.ppf(confidence)) * float(spread))
        points.append(Point(float(threshold), n / len(truth), rate, min(bound, 1.0)))
    return points


def set_threshold(truth: Ints, probabilities: Floats, coverage: float) -> float:
    """The probability from which a label belongs to a prediction set, by split conformal prediction.

    Scores are one minus the true label's probability (Sadinle, Lei and Wasserman 2019; MAPIE's "lac", which a
    test holds this against). The promise is marginal, and holds for speeches like those given.
    """
    scores = np.sort(1.0 - probabilities[np.arange(len(truth)), truth])
    rank = int(np.ceil((len(truth) + 1) * coverage))
    return 1.0 - float(scores[min(rank, len(truth)) - 1])


def calibrate(
    truth: Ints, probabilities: Floats, groups: Sequence[str], set_coverage: float, confidence: float
) -> Calibration:
    """Learn from statements that were not trained on what a model may promise; see `Calibration`."""
    return Calibration(
        len(truth),
        len(set(groups)),
        set_coverage,
        set_threshold(truth, probabilities, set_coverage),
        confidence,
        selective_errors(truth, probabilities, groups, confidence),
    )


def prediction_sets(probabilities: Floats, threshold: float) -> NDArray[np.bool_]:
    """Which labels stand in each set: (n, labels); the likeliest label always does."""
    result: NDArray[np.bool_] = probabilities >= np.minimum(threshold, probabilities.max(1, keepdims=True))
    return result


def save_calibration(folder: Path, calibration: Calibration) -> None:
    """Write `calibration.json` into a model's folder."""
    text = json.dumps(asdict(calibration), indent=1)
    (folder / CALIBRATION).write_text(text + "\n", "utf-8")


def load_calibration(folder: Path) -> Calibration:
    """Read `calibration.json`; raises ModelError where it is missing or broken."""
    try:
        raw = json.loads((folder / CALIBRATION).read_text("utf-8"))
        return Calibration(**{**raw, "curve": [Point(**point) for point in raw["curve"]]})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            str(folder / CALIBRATION),
            expected="what the model may promise, as training wrote it",
            found=f"{type(error).__name__}: {error}",
            remedy="Train and export again: dvc repro.",
        ) from None
