"""Scores held against the model that is said to have made them: whole shards are scored again, and compared.

A shard's statements are scored in the batches in which they were, so that on the same kind of machine every digit
comes out the same; elsewhere the last digits may differ, which `tolerance` allows.
"""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.domain import TARGET, shown_before
from pipeline.errors import InputError, ModelError
from pipeline.inputs import file_digest
from pipeline.scoring.assemble import read_manifest
from pipeline.scoring.columns import DIGITS
from pipeline.scoring.scorer import Floats, Scorer
from pipeline.tables import check_format, read_jsonl, without_apostrophe

TOLERANCE = 0.01  # of a probability, between processors
Row = dict[str, Any]


@dataclass(slots=True)
class Verdict:
    """What scoring again came to.

    Attributes:
        rows: how many were scored again.
        exact: how many came out with the same figures in every digit.
        differing: identifier and what differs, for rows beyond the tolerance.
        inputs_changed: source files that are no longer what they were, or are gone.
    """

    rows: int = 0
    exact: int = 0
    differing: list[tuple[str, str]] = field(default_factory=list)
    inputs_changed: list[str] = field(default_factory=list)


def _shards(scores: Path, size: int) -> Iterator[list[Row]]:
    """A finished table's rows, in the shards in which they were scored."""
    rows = _rows(scores)
    while shard := list(islice(rows, size)):
        yield shard


def _rows(scores: Path) -> Iterator[Row]:
    check_format(scores)
    try:
        if scores.suffix == ".parquet":
            for batch in pq.ParquetFile(scores).iter_batches(1024):
                yield from batch.to_pylist()
        elif scores.suffix == ".jsonl":
            yield from (row for _, row in read_jsonl(scores))
        else:
            with scores.open(encoding="utf-8", newline="") as file:
                yield from ({k: without_apostrophe(v) for k, v in row.items()} for row in csv.DictReader(file))
    except (OSError, pa.ArrowException, ValueError, csv.Error) as error:
        raise InputError(
            str(scores), expected="scores", found=str(error).split("\n")[0], remedy="Score the transcripts again."
        ) from None


def _compare(shard: list[Row], scorer: Scorer, verdict: Verdict) -> None:
    labels = scorer.description.labels
    before = [shown_before(row["previous"], row.get(TARGET) or "") for row in shard]
    found = scorer.probabilities([row["statement"] for row in shard], before).round(DIGITS)
    told = np.array([[float(row[f"p_{label}"]) for label in labels] for row in shard])
    for row, was, now in zip(shard, told, found, strict=True):
        verdict.rows += 1
        verdict.exact += bool((was == now).all())
        problem = _problem(row, was, now, labels)
        if problem:
            verdict.differing.append((row["statement_id"], problem))


def _problem(row: Row, was: Floats, now: Floats, labels: list[str]) -> str:
    """Say what of a row does not hold; "" where all of it does."""
    text = hashlib.sha256(row["statement"].encode()).hexdigest()[:8]
    if not row["statement_id"].endswith(text):
        return "the statement is not the one that was scored"
    if np.abs(was - now).max() > TOLERANCE:
        place = int(np.abs(was - now).argmax())
        return f"p_{labels[place]} is written as {was[place]}, the model says {now[place]}"
    if row["stance"] != labels[int(was.argmax())] or float(row["confidence"]) != float(was.max()):
        return f"stance and confidence are {row['stance']}, {row['confidence']}, which its probabilities do not give"
    return ""


def verify(scores: Path, model: Path, *, everything: bool, shards: int, seed: int) -> Verdict:
    """Score a table's statements again.

    Args:
        scores: a table that `score` wrote, with its manifest.
        model: folder of the exported model that made it.
        everything: all shards, and not a sample.
        shards: how many to sample.
        seed: of the sample.

    Raises:
        InputError: the table or its manifest cannot be read.
        ModelError: the folder holds another model.
    """
    manifest = read_manifest(scores)
    options = {name: manifest[name] for name in ("engine", "precision")}
    scorer = Scorer.load(model, batch_tokens=manifest["parameters"]["batch_tokens"], **options)
    if scorer.digest != manifest["model"]:
        raise ModelError(
            str(model), expected=f"the model {manifest['model']}", found=scorer.digest, remedy="Name it with --model."
        )
    verdict = Verdict(inputs_changed=[row["path"] for row in manifest["inputs"] if not _is_same(row)])
    size = manifest["parameters"]["shard"]
    chosen = _sample(sum(1 for _ in _shards(scores, size)), shards, seed) if not everything else None
    for number, shard in enumerate(_shards(scores, size)):
        if chosen is None or number in chosen:
            _compare(shard, scorer, verdict)
    return verdict


def _sample(total: int, count: int, seed: int) -> set[int]:
    return set(map(int, np.random.default_rng(seed).permutation(total)[:count]))


def _is_same(row: Row) -> bool:
    try:
        return file_digest(Path(row["path"])) == str(row["sha256"])
    except OSError:
        return str(row["sha256"]).startswith("unreadable")
