"""Agreement between annotators; pure functions of votes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations, permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

Votes = dict[str, dict[str, str]]  # statement to annotator to label
Floats = NDArray[np.float64]


def coincidences(votes: Votes, labels: Sequence[str], speeches: Mapping[str, str]) -> Floats:
    """Coincidence matrices (Krippendorff 2011) of each speech, from its statements with two votes or more.

    Args:
        votes: of every statement.
        labels: in the order of the matrices' axes.
        speeches: statement to speech.

    Returns:
        (speeches, labels, labels).
    """
    place = {label: i for i, label in enumerate(labels)}
    row = {speech: i for i, speech in enumerate(dict.fromkeys(speeches[s] for s in votes))}
    found = np.zeros((len(row), len(labels), len(labels)))
    for statement, cast in votes.items():
        for a, b in permutations(cast.values(), 2):
            found[row[speeches[statement]], place[a], place[b]] += 1 / (len(cast) - 1)
    return found


def krippendorff_alpha(matrices: Floats) -> Floats:
    """Krippendorff's alpha for nominal labels, from (..., labels, labels) coincidences.

    NaN where no statement has two votes, or only one label was ever given. Our own, since an interval
    by speech takes thousands of them; tested against crowd-kit's and the published example.
    """
    marginal = matrices.sum(-1)
    total = marginal.sum(-1)
    observed = total - np.trace(matrices, axis1=-2, axis2=-1)
    expected = total**2 - (marginal**2).sum(-1)
    ratio = np.divide((total - 1) * observed, expected, out=np.full(total.shape, np.nan), where=expected > 0)
    result: Floats = 1 - ratio
    return result


def one_against_all(matrices: Floats, label: int) -> Floats:
    """Collapse (..., labels, labels) coincidences to (..., 2, 2): one label, and all others."""
    own, row, column = matrices[..., label, label], matrices[..., label, :].sum(-1), matrices[..., :, label].sum(-1)
    rest = matrices.sum((-1, -2)) - row - column + own
    return np.stack([np.stack([own, row - own], -1), np.stack([column - own, rest], -1)], -2)


def cohen_kappa(first: list[str], second: list[str]) -> float | None:
    """Cohen's kappa of two annotators' labels of the same statements; None where it is undefined."""
    from sklearn.metrics import cohen_kappa_score

    if not first or len({*first, *second}) < 2:
        return None
    return float(cohen_kappa_score(first, second))


def pairwise(votes: Votes, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Raw agreement, Cohen's kappa and confusion of each pair of annotators, on what both labelled."""
    annotators = sorted({name for vote in votes.values() for name in vote})
    pairs = []
    for a, b in combinations(annotators, 2):
        both = [(vote[a], vote[b]) for vote in votes.values() if a in vote and b in vote]
        if not both:
            continue
        counts = Counter(both)
        pairs.append(
            {
                "annotators": [a, b],
                "statements": len(both),
                "agreement": sum(x == y for x, y in both) / len(both),
                "cohen_kappa": cohen_kappa([x for x, _ in both], [y for _, y in both]),
                "confusion": {x: {y: counts[x, y] for y in labels} for x in labels},
            }
        )
    return pairs
