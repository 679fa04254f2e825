"""Splits: by speech, near-duplicates on one side, overlap refused."""

import pytest

from pipeline.domain import Example
from pipeline.errors import SplitError
from pipeline.examples import check_disjoint
from pipeline.params import Split
from pipeline.split import assign, bind_groups

PARAMS = Split(validation=0.2, heldout=0.2, near_duplicate=0.5, permutations=128, shingle_words=3)


def _example(speech: int, number: int, text: str, label: str = "a") -> Example:
    return Example(f"{speech}:{number}", str(speech), text, "", label)


def test_ties_pass_on() -> None:
    groups = bind_groups("abcde", [("a", "b"), ("c", "b"), ("d", "e")])
    assert groups["a"] == groups["b"] == groups["c"] != groups["d"] == groups["e"]


def test_speeches_stay_whole_groups_stay_together_and_labels_are_stratified() -> None:
    examples = [_example(s, n, f"text {s} {n}", "ab"[n % 2]) for s in range(40) for n in range(6)]
    groups = bind_groups((str(s) for s in range(40)), [("0", "1"), ("1", "2"), ("7", "30")])
    chosen = assign(examples, groups, PARAMS, seed=5)
    assert chosen["0"] == chosen["1"] == chosen["2"]
    assert chosen["7"] == chosen["30"]
    counts = {name: sum(where == name for where in chosen.values()) for name in ("train", "validation", "heldout")}
    assert counts["heldout"] == pytest.approx(8, abs=2)
    assert counts["validation"] == pytest.approx(8, abs=2)
    assert sum(counts.values()) == 40
    assert chosen == assign(examples, groups, PARAMS, seed=5)
    assert chosen != assign(examples, groups, PARAMS, seed=6)


def test_too_few_speeches_are_refused() -> None:
    with pytest.raises(SplitError, match="at least 5 speeches"):
        assign([_example(1, 0, "x")], {"1": "1"}, PARAMS, 1)


def test_a_speech_in_two_splits_is_refused_by_name() -> None:
    with pytest.raises(SplitError, match="speech 7.*train and heldout"):
        check_disjoint({"train": [_example(7, 0, "x")], "heldout": [_example(7, 1, "y")]})
