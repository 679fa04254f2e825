"""Several annotators' votes to one distribution over labels; pure functions of votes."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.agreement import Votes

Floats = NDArray[np.float64]


def _frame(votes: Votes) -> pd.DataFrame:
    rows = [(statement, annotator, label) for statement, cast in votes.items() for annotator, label in cast.items()]
    return pd.DataFrame(rows, columns=["task", "worker", "label"])


def _aligned(probabilities: pd.DataFrame, votes: Votes, labels: Sequence[str]) -> Floats:
    return np.asarray(probabilities.reindex(index=list(votes), columns=list(labels), fill_value=0.0), dtype=np.float64)


def majority(votes: Votes, labels: Sequence[str]) -> Floats:
    """Shares of the votes; a tie shows as equal shares."""
    counts = [Counter(cast.values()) for cast in votes.values()]
    rows = np.array([[count[label] for label in labels] for count in counts], dtype=np.float64)
    result: Floats = rows / rows.sum(1, keepdims=True)
    return result


def dawid_skene(votes: Votes, labels: Sequence[str]) -> Floats:
    """Each annotator with a confusion matrix of their own (Dawid and Skene 1979), by crowd-kit."""
    from crowdkit.aggregation import DawidSkene

    fitted = DawidSkene(n_iter=100).fit(_frame(votes))
    return _aligned(fitted.probas_, votes, labels)


def mace(votes: Votes, labels: Sequence[str]) -> Floats:
    """Each annotator with a share of guesses (Hovy et al. 2013), by crowd-kit with its own fixed seed."""
    from crowdkit.aggregation import MACE

    return _aligned(MACE(random_state=0).fit_predict_proba(_frame(votes)), votes, labels)


METHODS: dict[str, Callable[[Votes, Sequence[str]], Floats]] = {
    "majority": majority,
    "dawid-skene": dawid_skene,
    "mace": mace,
}
