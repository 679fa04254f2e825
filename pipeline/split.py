"""Stage: train, validation and held-out by speech, near-duplicates on one side, overlap refused."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.domain import Example
from pipeline.errors import SplitError
from pipeline.examples import SCHEMA, SPLITS, read_examples
from pipeline.leakage import near_duplicates, shared_windows
from pipeline.params import Params, Split
from pipeline.tables import read_parquet, whole, write_table

_GIVEN = {name: name for name in SPLITS} | {"val": "validation", "dev": "validation", "test": "heldout"}


def bind_groups(speeches: Iterable[str], pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give every speech a group, one for all speeches that pairs (of speech ids) tie together."""
    root = {speech: speech for speech in speeches}

    def find(speech: str) -> str:
        while root[speech] != speech:
            speech = root[speech]
        return speech

    for a, b in pairs:
        first, second = sorted((find(a), find(b)))
        root[second] = first
    return {speech: find(speech) for speech in root}


def assign(examples: Sequence[Example], groups: Mapping[str, str], params: Split, seed: int) -> dict[str, str]:
    """Give each speech its split, stratified by label (scikit-learn's StratifiedGroupKFold).

    Raises:
        SplitError: too few groups, or a split that would be empty.
    """
    labels = np.array([example.label for example in examples])
    tied = np.array([groups[example.group] for example in examples])
    rest = np.arange(len(examples))
    result: dict[str, str] = {}
    share_left = 1.0
    for name, share in (("heldout", params.heldout), ("validation", params.validation)):
        chosen = _one_fold(labels[rest], tied[rest], share / share_left, seed)
        result |= {examples[int(i)].group: name for i in rest[chosen]}
        rest = rest[~np.isin(tied[rest], tied[rest[chosen]])]
        share_left -= share
    result |= {examples[int(i)].group: "train" for i in rest}
    return result


def _one_fold(labels: NDArray[np.str_], groups: NDArray[np.str_], share: float, seed: int) -> NDArray[np.int64]:
    from sklearn.model_selection import StratifiedGroupKFold

    folds = max(2, round(1 / share))
    if len(set(groups)) < folds:
        raise SplitError(
            "split",
            expected=f"at least {folds} speeches (or groups of near-duplicate ones) with labels",
            found=f"{len(set(groups))}",
            remedy="Label more speeches, or raise the shares in configs/params.yaml.",
        )
    cut = StratifiedGroupKFold(folds, shuffle=True, random_state=seed % 2**32)
    return np.asarray(next(iter(cut.split(labels, labels, groups)))[1], dtype=np.int64)


def _divide(examples: Sequence[Example], params: Params) -> dict[str, str]:
    speech = {example.statement_id: example.group for example in examples}
    pairs = near_duplicates(examples, params.split, params.runtime.seed) + shared_windows(examples)
    groups = bind_groups(dict.fromkeys(speech.values()), [(speech[a], speech[b]) for a, b in pairs])
    return assign(examples, groups, params.split, params.runtime.seed)


def given_splits(statements: Path) -> dict[str, str]:
    """The splits that a table brought along in a column `split`, by speech; empty where there is none.

    Raises:
        SplitError: a name that is no split, or a speech in two.
    """
    found: dict[str, str] = {}
    for row in read_parquet(statements):
        name = row.get("split") or ""
        if name and found.setdefault(row["speech_id"], _GIVEN.get(name, "")) != _GIVEN.get(name, name):
            raise SplitError(
                f"{row['source']}, {row['statement_id']}",
                expected=f"one of {', '.join(_GIVEN)} in the column 'split', and one a speech",
                found=f"{name!r}",
                remedy="Correct the table, or leave the column out.",
            )
    return found


def _follow(given: Mapping[str, str], examples: Sequence[Example], params: Params) -> dict[str, str]:
    """Splits as given; a part of the training speeches validates where the table names none."""
    missing = sorted({e.group for e in examples} - given.keys())
    if missing:
        raise SplitError(
            missing[0], expected="a split for every labelled speech, or for none", found="none", remedy="Add it."
        )
    chosen = {e.group: given[e.group] for e in examples}
    training = [e for e in examples if chosen[e.group] == "train"]
    if "validation" not in chosen.values() and training:
        labels, groups = np.array([e.label for e in training]), np.array([e.group for e in training])
        picked = _one_fold(labels, groups, params.split.validation, params.runtime.seed)
        chosen |= {training[int(i)].group: "validation" for i in picked}
    return chosen


def split(statements: Path, labels: Path, out: Path, heldout: Path, params: Params) -> dict[str, dict[str, int]]:
    """Write the splits and the list of held-out speeches; give the counts."""
    examples = read_examples(statements, labels)
    given = given_splits(statements)
    chosen = _follow(given, examples, params) if given else _divide(examples, params)
    rows = [{"statement_id": e.statement_id, "speech_id": e.group, "split": chosen[e.group]} for e in examples]
    write_table(out, rows, SCHEMA)
    with whole(heldout) as file:
        file.writelines(f"{name}\n" for name in sorted(s for s, where in chosen.items() if where == "heldout"))
    return {
        name: {
            "speeches": sum(where == name for where in chosen.values()),
            "statements": sum(row["split"] == name for row in rows),
        }
        for name in SPLITS
    }
