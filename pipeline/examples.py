"""Labelled statements, as the stages after `split` read them: by split, never a speech in two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline.domain import TARGET, Example, shown_before
from pipeline.errors import SplitError
from pipeline.tables import read_parquet

SPLITS = ("train", "validation", "heldout")
SCHEMA = pa.schema([("statement_id", pa.string()), ("speech_id", pa.string()), ("split", pa.string())])


@dataclass(frozen=True, slots=True)
class LabelledData:
    """Examples of each split, read and checked."""

    train: list[Example]
    validation: list[Example]
    heldout: list[Example]


def check_disjoint(data: Mapping[str, Sequence[Example]]) -> None:
    """Refuse splits that share a speech; raises SplitError naming it."""
    owner: dict[str, str] = {}
    for name, examples in data.items():
        for example in examples:
            first = owner.setdefault(example.group, name)
            if first != name:
                raise SplitError(
                    f"speech {example.group}",
                    expected="a speech in one split alone",
                    found=f"it in {first} and {name}",
                    remedy="Split again: dvc repro -f split.",
                )


def has_given_splits(statements: Path) -> bool:
    """Whether the statements came with a column `split` of their own."""
    return any(row.get("split") for row in read_parquet(statements))


def read_examples(statements: Path, labels: Path) -> list[Example]:
    """Labelled statements with their texts, in the statements' order."""
    decided = {row["statement_id"]: row["label"] for row in read_parquet(labels)}
    return [
        Example(
            row["statement_id"],
            row["speech_id"],
            row["statement"],
            shown_before(row["previous"], row.get(TARGET) or ""),
            decided[row["statement_id"]],
        )
        for row in read_parquet(statements)
        if row["statement_id"] in decided
    ]


def read_splits(statements: Path, labels: Path, splits: Path) -> LabelledData:
    """Read the three splits; raises SplitError where one is empty or they overlap."""
    where = {row["statement_id"]: row["split"] for row in read_parquet(splits)}
    data: dict[str, list[Example]] = {name: [] for name in SPLITS}
    for example in read_examples(statements, labels):
        if example.statement_id in where:
            data[where[example.statement_id]].append(example)
    check_disjoint(data)
    empty = [name for name, examples in data.items() if not examples]
    if empty:
        raise SplitError(
            str(splits),
            expected="statements in every split",
            found=f"none in {', '.join(empty)}",
            remedy="Split again: dvc repro -f split.",
        )
    return LabelledData(**data)
