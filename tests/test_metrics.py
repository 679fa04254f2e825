"""Scores against scikit-learn and against sums done by hand."""

import numpy as np
import pytest
from sklearn import metrics as reference

from pipeline import metrics

LABELS = ["pro", "contra", "other"]


def _random(seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n)
    probabilities = rng.dirichlet([1, 1, 1], n) + np.eye(3)[truth] * 0.5
    return truth, probabilities / probabilities.sum(1, keepdims=True), [f"s{i % 17}" for i in range(n)]


def _measure(truth: np.ndarray, probabilities: np.ndarray, groups: list[str]) -> dict[str, float]:
    sums = metrics.speech_sums(truth, probabilities, groups, 10)
    once = np.ones((1, len(set(groups))))
    return {name: float(f(once, sums)[0]) for name, f in metrics.measures(LABELS, "other").items()}


def test_against_scikit_learn() -> None:
    truth, probabilities, groups = _random(1)
    predicted = probabilities.argmax(1)
    found = _measure(truth, probabilities, groups)
    assert found["macro_f1"] == pytest.approx(reference.f1_score(truth, predicted, average="macro"))
    assert found["macro_f1_stances"] == pytest.approx(
        reference.f1_score(truth, predicted, labels=[0, 1], average="macro")
    )
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(truth, predicted))
    assert found["mcc"] == pytest.approx(reference.matthews_corrcoef(truth, predicted))
    assert found["log_loss"] == pytest.approx(reference.log_loss(truth, probabilities))


def test_brier_and_calibration_by_hand() -> None:
    truth = np.array([0, 1])
    probabilities = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1]])
    found = _measure(truth, probabilities, ["a", "b"])
    assert found["brier"] == pytest.approx((0.04 + 0.01 + 0.01 + 0.36 + 0.49 + 0.01) / 2)
    assert found["ece"] == pytest.approx((0.2 + 0.6) / 2)


def test_a_resample_is_the_metric_of_the_speeches_drawn() -> None:
    truth, probabilities, groups = _random(2)
    sums = metrics.speech_sums(truth, probabilities, groups, 10)
    weights = metrics.resampled_speeches(17, 5, seed=3)
    names = list(dict.fromkeys(groups))
    macro = metrics.measures(LABELS, "other")["macro_f1"](weights, sums)
    for weight, value in zip(weights, macro, strict=True):
        rows = [
            i
            for name, n in zip(names, weight, strict=True)
            for i in range(300)
            if groups[i] == name
            for _ in range(int(n))
        ]
        expected = reference.f1_score(truth[rows], probabilities[rows].argmax(1), average="macro")
        assert value == pytest.approx(expected)


def test_resampling_whole_speeches_widens_intervals_where_speeches_differ() -> None:
    truth = np.zeros(400, dtype=int)
    right = np.repeat([True, False] * 10, 20)
    probabilities = np.where(right[:, None], [[0.9, 0.05, 0.05]], [[0.05, 0.9, 0.05]])
    by_speech = [f"s{i // 20}" for i in range(400)]
    by_row = [f"r{i}" for i in range(400)]
    widths = []
    for groups in (by_speech, by_row):
        sums = metrics.speech_sums(truth, probabilities, groups, 10)
        weights = metrics.resampled_speeches(len(set(groups)), 500, seed=1)
        low, high = metrics.interval(metrics.measures(LABELS, "other")["accuracy"](weights, sums), 0.95)
        widths.append(high - low)
    assert widths[0] > 2 * widths[1]


def test_a_label_that_never_occurs_is_left_out_of_the_average() -> None:
    truth, probabilities = np.array([0, 1]), np.array([[0.9, 0.1, 0.0], [0.1, 0.9, 0.0]])
    assert _measure(truth, probabilities, ["a", "b"])["macro_f1"] == 1.0
