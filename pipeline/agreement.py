"""Agreement between annotators; pure functions of votes."""

from collections import Counter
from itertools import combinations
from typing import Any

import pandas as pd

Votes = dict[str, dict[str, str]]  # statement to annotator to label


def krippendorff_alpha(votes: Votes) -> float | None:
    """Krippendorff's alpha for nominal labels (Krippendorff 2011), over statements with two votes or more.

    Returns:
        Alpha; None where no statement has two votes, or only one label was ever given.
    """
    from crowdkit.metrics.data import alpha_krippendorff

    rows = [(s, a, label) for s, v in votes.items() if len(v) > 1 for a, label in v.items()]
    if len({label for *_, label in rows}) < 2:
        return None
    return float(alpha_krippendorff(pd.DataFrame(rows, columns=["task", "worker", "label"])))


def cohen_kappa(first: list[str], second: list[str]) -> float | None:
    """Cohen's kappa of two annotators' labels of the same statements; None where it is undefined."""
    from sklearn.metrics import cohen_kappa_score

    if not first or len({*first, *second}) < 2:
        return None
    return float(cohen_kappa_score(first, second))


def pairwise(votes: Votes) -> list[dict[str, Any]]:
    """Cohen's kappa and raw agreement for each pair of annotators, on what both labelled."""
    annotators = sorted({name for vote in votes.values() for name in vote})
    pairs = []
    for a, b in combinations(annotators, 2):
        both = [(vote[a], vote[b]) for vote in votes.values() if a in vote and b in vote]
        first, second = [x for x, _ in both], [y for _, y in both]
        same = sum(x == y for x, y in both)
        pairs.append(
            {
                "annotators": [a, b],
                "statements": len(both),
                "agreement": same / len(both) if both else None,
                "cohen_kappa": cohen_kappa(first, second),
            }
        )
    return pairs


def by_label(votes: Votes, labels: list[str]) -> dict[str, float | None]:
    """Krippendorff's alpha of each label against all others."""
    return {
        label: krippendorff_alpha({s: {a: str(vote == label) for a, vote in v.items()} for s, v in votes.items()})
        for label in labels
    }


def confusions(votes: Votes) -> dict[str, int]:
    """How often two annotators gave each pair of different labels, as `a / b`, the most frequent first."""
    counts: Counter[str] = Counter()
    for vote in votes.values():
        for x, y in combinations(sorted(vote.values()), 2):
            if x != y:
                counts[f"{x} / {y}"] += 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
