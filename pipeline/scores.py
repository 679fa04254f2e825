"""Scores as `score` wrote them, in any of its forms, checked and with their types back."""

import csv
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.tables import FORMATS, STATEMENTS, read_jsonl, read_parquet, without_apostrophe

Row = dict[str, Any]
_REMEDY = "Name a file that stance score wrote, and with --codebook the codebook of its labels."


def _true(text: str) -> bool:
    return text.strip().casefold() in ("true", "1")


def _read_csv(path: Path, kinds: dict[str, Callable[[str], Any]]) -> list[Row]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    rows: list[Row] = []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, strict=True):
                rows.append({name: kinds.get(name, without_apostrophe)(value) for name, value in row.items()})
    except (OSError, ValueError, TypeError, csv.Error) as error:
        where = f"{path}:{len(rows) + 2}" if path.is_file() else str(path)
        raise InputError(where, expected="scores as CSV", found=str(error), remedy=_REMEDY) from None
    return rows


def _read(path: Path, labels: Sequence[str]) -> list[Row]:
    if path.suffix == ".parquet":
        return read_parquet(path)
    if path.suffix == ".csv":
        numbers = dict.fromkeys(("confidence", *(f"p_{label}" for label in labels)), float)
        whole = dict.fromkeys(("start", "end", "speech_order"), int)
        return _read_csv(path, numbers | whole | dict.fromkeys(("presiding", "abstained"), _true))
    if path.suffix == ".jsonl":
        return [row for _, row in read_jsonl(path)]
    raise InputError(
        str(path), expected=f"a name ending in {', '.join(FORMATS)}", found=path.name, remedy="Name what score wrote."
    )


def read_scores(path: Path, labels: Sequence[str]) -> list[Row]:
    """Read scores in input order.

    Args:
        path: Parquet, CSV or JSONL that `score` wrote; columns beyond its own are passed over.
        labels: of the codebook.

    Raises:
        InputError: the file is none, is empty, lacks a column, or holds a stance that is no label.
    """
    rows = _read(path, labels)
    if not rows:
        raise InputError(str(path), expected="scored statements", found="no rows", remedy=_REMEDY)
    needed = [*STATEMENTS.names, "stance", "confidence", *(f"p_{label}" for label in labels), "model"]
    for number, row in enumerate(rows, 1):
        if missing := [name for name in needed if row.get(name) is None]:
            raise InputError(
                f"{path}, row {number}", expected="the columns of scores", found=f"no {missing[0]}", remedy=_REMEDY
            )
        if row["stance"] not in labels:
            expected = f"a label of the codebook: {', '.join(labels)}"
            raise InputError(f"{path}, row {number}", expected=expected, found=repr(row["stance"]), remedy=_REMEDY)
    return rows


def meeting_of(row: Row) -> str:
    """The meeting a row belongs to: its symbol, else its file."""
    return str(row["symbol"] or row["source"])


def who(row: Row) -> str:
    """Whom a row counts for: the state, else the affiliation, else the speaker."""
    return str(row["country"] or row["affiliation"] or row["speaker"] or "(unknown)")
