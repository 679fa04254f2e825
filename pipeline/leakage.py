"""What must not stand on two sides of a split: speeches, near-duplicates, and context windows."""

import re
from collections.abc import Mapping, Sequence

from datasketch import MinHash, MinHashLSH

from pipeline.domain import Example
from pipeline.errors import SplitError
from pipeline.examples import check_disjoint
from pipeline.params import Split

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


def shared_windows(examples: Sequence[Example]) -> list[tuple[str, str]]:
    """Pairs of statement ids from different speeches that show the model the same sentence, said or before it."""
    first: dict[str, Example] = {}
    pairs = []
    for example in examples:
        for text in (example.statement, example.previous):
            words = re.findall(r"\w+", text.casefold())
            if len(words) < _SHORTEST:
                continue
            other = first.setdefault(" ".join(words), example)
            if other.group != example.group:
                pairs.append((other.statement_id, example.statement_id))
    return pairs


def leakage(
    data: Mapping[str, Sequence[Example]], params: Split, seed: int, *, refuse: bool = True
) -> dict[str, dict[str, int]]:
    """What ties splits together: a shared speech, near-duplicates, a shared context window.

    Args:
        data: split to its examples.
        params: from which Jaccard index statements are near-duplicates.
        seed: of the sketches.
        refuse: whether a pair in two splits is an error; false for splits that a benchmark gives.

    Returns:
        For each kind, how many pairs of statements there are `in one split` and `across`.

    Raises:
        SplitError: names the pair and the two splits.
    """
    check_disjoint(data)
    where = {e.statement_id: name for name, examples in data.items() for e in examples}
    everything = [e for examples in data.values() for e in examples]
    found = {
        "near-duplicates": near_duplicates(everything, params, seed),
        "one sentence shown twice": shared_windows(everything),
    }
    across = {kind: [(a, b) for a, b in pairs if where[a] != where[b]] for kind, pairs in found.items()}
    for kind, pairs in across.items():
        if pairs and refuse:
            a, b = pairs[0]
            raise SplitError(
                f"{a} and {b}",
                expected="splits that share nothing",
                found=f"{kind} in {where[a]} and {where[b]}",
                remedy="Split again: dvc repro -f split.",
            )
    return {k: {"in one split": len(found[k]) - len(across[k]), "across": len(across[k])} for k in found}
