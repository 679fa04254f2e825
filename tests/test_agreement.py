"""Agreement, against figures worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from crowdkit.metrics.data import alpha_krippendorff

from pipeline import agreement

# Krippendorff (2011), "Computing Krippendorff's Alpha-Reliability", section A: two observers, binary data, alpha 0.095.
FIRST = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
SECOND = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
VOTES = {str(i): {"a": str(x), "b": str(y)} for i, (x, y) in enumerate(zip(FIRST, SECOND, strict=True))}


def _alpha(votes: agreement.Votes, labels: list[str]) -> float:
    return float(agreement.krippendorff_alpha(agreement.coincidences(votes, labels, {s: s for s in votes}).sum(0)))


def test_alpha_of_the_published_example() -> None:
    assert _alpha(VOTES, ["0", "1"]) == pytest.approx(0.095, abs=0.001)


def test_alpha_is_crowd_kits_with_gaps_and_three_annotators() -> None:
    rng = np.random.default_rng(4)
    votes = {
        str(i): {a: str(min(2, max(0, i % 3 + rng.integers(-1, 2)))) for a in "abc" if rng.random() < 0.8}
        for i in range(90)
    }
    votes = {s: cast for s, cast in votes.items() if len(cast) > 1}
    rows = [(s, a, label) for s, cast in votes.items() for a, label in cast.items()]
    expected = alpha_krippendorff(pd.DataFrame(rows, columns=["task", "worker", "label"]))
    assert _alpha(votes, ["0", "1", "2"]) == pytest.approx(expected)


def test_alpha_needs_two_votes_and_two_labels() -> None:
    assert np.isnan(_alpha({"1": {"a": "0"}}, ["0", "1"]))
    assert np.isnan(_alpha({"1": {"a": "0", "b": "0"}}, ["0", "1"]))


def test_one_label_against_all_others_is_the_alpha_of_the_collapsed_votes() -> None:
    votes = {str(i): {"a": "xyz"[i % 3], "b": "xyz"[(i * i) % 3]} for i in range(20)}
    matrix = agreement.coincidences(votes, ["x", "y", "z"], {s: s for s in votes}).sum(0)
    collapsed = {s: {a: str(v == "y") for a, v in cast.items()} for s, cast in votes.items()}
    found = float(agreement.krippendorff_alpha(agreement.one_against_all(matrix, 1)))
    assert found == pytest.approx(_alpha(collapsed, ["True", "False"]))


def test_kappa_by_hand() -> None:
    # Observed agreement 0.6; by chance 0.8 * 0.6 + 0.2 * 0.4 = 0.56.
    assert agreement.cohen_kappa(list(map(str, FIRST)), list(map(str, SECOND))) == pytest.approx((0.6 - 0.56) / 0.44)


def test_a_pair_of_annotators_with_their_confusion() -> None:
    (pair,) = agreement.pairwise(VOTES, ["0", "1"])
    assert pair["confusion"] == {"0": {"0": 5, "1": 3}, "1": {"0": 1, "1": 1}}
    assert (pair["statements"], pair["agreement"]) == (10, 0.6)
