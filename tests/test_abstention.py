"""What a model may promise: bounds by confidence and prediction sets."""

import numpy as np
import pytest

from pipeline.abstention import calibrate, load_calibration, prediction_sets, save_calibration, selective_errors
from pipeline.errors import ModelError


def _invented(statements=2000, per_speech=20, seed=0, labels=4):
    """Probabilities that are true: labels are drawn from them."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([0.3] * labels, statements)
    truth = (probabilities.cumsum(1) < rng.random((statements, 1))).sum(1)
    return np.minimum(truth, labels - 1), probabilities, [f"s{i // per_speech}" for i in range(statements)]


def test_the_curve_counts_errors_from_the_most_confident_on():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]] * 10)
    truth = np.array([0, 1, 1, 0] * 10)
    points = {round(p.coverage, 2): p for p in selective_errors(truth, probabilities, list("abcd") * 10, 0.95)}
    assert points[0.25].threshold == 0.9 and points[0.25].error == 0.0
    assert points[0.5].error == pytest.approx(0.5) and points[1.0].error == pytest.approx(0.5)
    assert all(p.error <= p.bound <= 1 for p in points.values())


def test_a_promised_error_holds_on_other_statements_as_often_as_promised():
    broken = 0
    for seed in range(60):
        threshold = calibrate(*_invented(seed=seed), 0.9, 0.95).threshold(0.1)
        truth, probabilities, _ = _invented(20_000, seed=1000 + seed)
        kept = probabilities.max(1) >= threshold
        broken += (probabilities.argmax(1) != truth)[kept].mean() > 0.1
    assert broken <= 6  # 5 % of 60 are 3; more than 6 has probability 0.03


def test_errors_that_come_by_speech_widen_the_bound():
    truth, probabilities, _ = _invented()
    wrong = probabilities.argmax(1) != truth
    order = np.argsort(wrong, kind="stable")
    scattered = selective_errors(truth, probabilities, [f"s{i % 100}" for i in range(2000)], 0.95)[-1]
    bundled = selective_errors(truth[order], probabilities[order], [f"s{i // 20}" for i in range(2000)], 0.95)[-1]
    assert bundled.error == scattered.error and bundled.bound > scattered.bound + 0.02


def test_where_nothing_can_be_promised_everything_is_left_open():
    truth, probabilities, groups = _invented(200)
    calibration = calibrate((truth + 1) % 4, probabilities, groups, 0.9, 0.95)
    assert calibration.threshold(0.05) == np.inf and calibration.threshold(1.0) == 0.0


def test_prediction_sets_are_those_of_mapie_and_hold_the_truth_as_often_as_promised():
    mapie = pytest.importorskip("mapie.classification")
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Given(ClassifierMixin, BaseEstimator):
        classes_ = np.arange(4)

        def fit(self, x, y):
            return self

        def predict(self, x):
            return x.argmax(1)

        def predict_proba(self, x):
            return x

        def __sklearn_is_fitted__(self):
            return True

    truth, probabilities, groups = _invented()
    new_truth, new, _ = _invented(4000, seed=7)
    conformal = mapie.SplitConformalClassifier(Given(), confidence_level=0.9, conformity_score="lac", prefit=True)
    conformal.conformalize(probabilities, truth)
    ours = prediction_sets(new, calibrate(truth, probabilities, groups, 0.9, 0.95).set_threshold)
    theirs = conformal.predict_set(new)[1][:, :, 0]
    likeliest = np.eye(4, dtype=bool)[new.argmax(1)]
    assert (ours == (theirs | likeliest)).all()
    assert 0.88 < ours[np.arange(4000), new_truth].mean() < 0.93


def test_it_is_read_as_it_was_written_and_a_broken_one_is_said(tmp_path):
    calibration = calibrate(*_invented(), 0.9, 0.95)
    save_calibration(tmp_path, calibration)
    assert load_calibration(tmp_path) == calibration
    (tmp_path / "calibration.json").write_text("{}")
    with pytest.raises(ModelError, match=r"calibration.json"):
        load_calibration(tmp_path)
