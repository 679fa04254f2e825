"""What training changes in its own statements: fewer without a stance, and other countries' names."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from pipeline.countries import state_names
from pipeline.domain import Example


def thin(examples: Sequence[Example], no_stance: str, most: float, seed: int) -> list[Example]:
    """Keep at most `most` statements without a stance for each one with a stance, drawn at random, in order.

    Debates are mostly statements without a stance; beyond a point they cost time and teach nothing.
    """
    without = [i for i, e in enumerate(examples) if e.label == no_stance]
    room = round(most * (len(examples) - len(without)))
    if room >= len(without) or len(without) == len(examples):
        return list(examples)
    kept = set(np.random.default_rng(seed).choice(without, room, replace=False).tolist())
    return [e for i, e in enumerate(examples) if e.label != no_stance or i in kept]


@cache
def _pattern() -> re.Pattern[str]:
    names = sorted(state_names(), key=lambda name: (-len(name), name))
    return re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, names))})(?!\w)")


def swap_countries(examples: Sequence[Example], share: float, seed: int) -> list[Example]:
    """Give a random share of the statements that name states other states' names, the same in the sentence before.

    Which state is named must not decide a label: the same words of another country mean the same stance.
    """
    chance = np.random.default_rng(seed)
    names = sorted(state_names())
    return [_swapped(e, names, chance) if chance.random() < share else e for e in examples]


def _swapped(example: Example, names: list[str], chance: np.random.Generator) -> Example:
    found = dict.fromkeys(_pattern().findall(f"{example.statement} {example.previous}"))
    others = dict(zip(found, chance.choice(names, len(found), replace=False).tolist(), strict=True))

    def other(match: re.Match[str]) -> str:
        return str(others.get(match[0], match[0]))

    return replace(
        example, statement=_pattern().sub(other, example.statement), previous=_pattern().sub(other, example.previous)
    )
