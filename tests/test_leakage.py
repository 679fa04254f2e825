"""The leakage gate: near-duplicates and shared context windows."""

import pytest

from pipeline.domain import Example
from pipeline.errors import SplitError
from pipeline.leakage import leakage, near_duplicates, shared_windows
from pipeline.params import Split

PARAMS = Split(validation=0.2, heldout=0.2, near_duplicate=0.5, permutations=128, shingle_words=3)
LONG = "the council decided on monday to close the two harbours of the northern coast to all ships"
OTHER = "nothing here is like the other text but for a few of its most common words"


def _example(speech: int, number: int, text: str, previous: str = "") -> Example:
    return Example(f"{speech}:{number}", str(speech), text, previous, "a")


def test_near_duplicates_are_found_across_speeches_only() -> None:
    examples = [
        _example(1, 0, LONG),
        _example(1, 1, LONG),
        _example(2, 0, LONG.replace("monday", "friday")),
        _example(3, 0, "I thank the President."),
        _example(4, 0, "I thank the President."),
        _example(5, 0, "nothing here is like the other text but for a few of its most common words"),
    ]
    assert near_duplicates(examples, PARAMS, 1) == [("1:0", "2:0"), ("1:1", "2:0")]


def test_a_sentence_shown_as_statement_and_as_context_ties_two_speeches() -> None:
    examples = [_example(1, 0, LONG), _example(2, 1, OTHER, previous=LONG.upper()), _example(2, 2, "Short.", "Short.")]
    assert shared_windows(examples) == [("1:0", "2:1")]


@pytest.mark.parametrize(
    ("heldout", "kind"),
    [
        (_example(2, 0, LONG.replace("monday", "friday")), "near-duplicates"),
        (_example(2, 0, OTHER, previous=LONG), "one sentence shown twice"),
    ],
)
def test_a_pair_on_two_sides_is_refused_and_named(heldout: Example, kind: str) -> None:
    data = {"train": [_example(1, 0, LONG)], "heldout": [heldout]}
    with pytest.raises(SplitError, match=rf"1:0 and 2:0(?s:.*){kind} in train and heldout"):
        leakage(data, PARAMS, 1)
    assert leakage(data, PARAMS, 1, refuse=False)[kind] == {"in one split": 0, "across": 1}


def test_pairs_inside_one_split_are_counted() -> None:
    data = {"train": [_example(1, 0, LONG), _example(2, 0, LONG)], "heldout": [_example(3, 0, OTHER)]}
    assert leakage(data, PARAMS, 1)["near-duplicates"] == {"in one split": 1, "across": 0}
