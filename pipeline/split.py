"""Stage: train, validation and held-out by speech, near-duplicates on one side, overlap refused."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from datasketch import MinHash, MinHashLSH
from numpy.typing import NDArray

from pipeline.domain import Example
from pipeline.errors import SplitError
from pipeline.examples import SCHEMA, SPLITS, read_examples
from pipeline.params import Params, Split
from pipeline.tables import whole, write_table

_SHORTEST = 8  # words; set phrases ("I thank the briefer") recur everywhere and tie nothing together


def shingles(text: str, words: int) -> set[str]:
    """Runs of `words` words, in lower case; empty for statements too short to tell anything."""
    tokens = re.findall(r"\w+", text.casefold())
    if len(tokens) < _SHORTEST:
        return set()
    return {" ".join(tokens[i : i + words]) for i in range(len(tokens) - words + 1)}


def near_duplicates(examples: Sequence[Example], params: Split, seed: int) -> list[tuple[str, str]]:
    """Pairs of statement ids from different speeches that say almost the same.

    Jaccard index of word shingles of at least `params.near_duplicate`: candidates by MinHash LSH
    (Broder 1997), confirmed on the shingles themselves.
    """
    index = MinHashLSH(threshold=params.near_duplicate, num_perm=params.permutations)
    sets: dict[str, set[str]] = {}
    speech = {example.statement_id: example.group for example in examples}
    pairs = []
    for example in examples:
        own = shingles(example.statement, params.shingle_words)
        if not own:
            continue
        sketch = MinHash(num_perm=params.permutations, seed=seed)
        sketch.update_batch([shingle.encode() for shingle in sorted(own)])
        for other in sorted(index.query(sketch)):
            if speech[other] != example.group and _jaccard(own, sets[other]) >= params.near_duplicate:
                pairs.append((other, example.statement_id))
        index.insert(example.statement_id, sketch)
        sets[example.statement_id] = own
    return pairs


def _jaccard(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b)


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


def split(statements: Path, labels: Path, out: Path, heldout: Path, params: Params) -> dict[str, dict[str, int]]:
    """Write the splits and the list of held-out speeches; give the counts."""
    examples = read_examples(statements, labels)
    speech = {example.statement_id: example.group for example in examples}
    pairs = near_duplicates(examples, params.split, params.runtime.seed)
    groups = bind_groups(dict.fromkeys(speech.values()), [(speech[a], speech[b]) for a, b in pairs])
    chosen = assign(examples, groups, params.split, params.runtime.seed)
    for a, b in pairs:
        if chosen[speech[a]] != chosen[speech[b]]:
            raise SplitError(
                f"{a} and {b}", expected="near-duplicates on one side", found="them on two", remedy="Report this."
            )
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
