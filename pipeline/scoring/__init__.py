"""Batch scoring of transcripts with an exported model."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.domain import Statement
from pipeline.params import Params
from pipeline.scoring.engine import OnnxEngine
from pipeline.segment import Summary, name_own, read_statements, with_own
from pipeline.tables import STATEMENTS, statement_row, write_rejects, write_table

Tally = dict[str, Counter[str]]
Progress = Callable[[int], None]


def score_schema(labels: list[str]) -> pa.Schema:
    """The columns of scores, without a table's own."""
    return pa.schema(
        [
            *STATEMENTS,
            ("stance", pa.string()),
            ("confidence", pa.float64()),
            *((f"p_{label}", pa.float64()) for label in labels),
            ("model", pa.string()),
        ]
    )


def _scored(
    statements: Iterable[Statement], engine: OnnxEngine, window: int, own: dict[str, str], tally: Tally, tick: Progress
) -> Iterator[dict[str, Any]]:
    labels = engine.description.labels
    remaining = iter(statements)
    while block := list(islice(remaining, window)):
        probabilities = engine.probabilities([s.text for s in block], [s.shown_before for s in block])
        for statement, row in zip(block, probabilities.round(6), strict=True):
            stance = labels[int(row.argmax())]
            turn = statement.speech.turn
            tally.setdefault(turn.country or turn.affiliation or "(unknown)", Counter())[stance] += 1
            scores = {f"p_{label}": float(p) for label, p in zip(labels, row, strict=True)}
            found = {"stance": stance, "confidence": float(row.max()), **scores, "model": engine.digest}
            yield with_own(statement_row(statement) | found, statement, own)
        tick(len(block))


def score(
    paths: list[str],
    model: Path,
    out: Path,
    rejects: Path | None,
    params: Params,
    *,
    strict: bool = False,
    tick: Progress = lambda _: None,
) -> tuple[Summary, Tally, list[str]]:
    """Score transcripts and write a table, a row a statement, in input order.

    Args:
        paths: files, folders and globs of any kind that `segment` reads.
        model: folder of an exported model.
        out: Parquet, CSV or JSONL, by its ending.
        rejects: where what could not be read is written down; None: only counted.
        params: threads and batch sizes.
        strict: whether the first file that cannot be read is an error.
        tick: called with the number of statements done since the last call.

    Returns:
        The summary, counts of stances by country or affiliation, and the labels.
    """
    engine = OnnxEngine(model, params.runtime.threads, params.score.batch_tokens)
    schema = score_schema(engine.description.labels)
    own = name_own(paths, schema.names)
    schema = pa.schema([*schema, *((column, pa.string()) for column in own.values())])
    summary = Summary()
    tally: Tally = {}
    statements = read_statements(paths, summary, strict=strict)
    write_table(out, _scored(statements, engine, params.score.window, own, tally, tick), schema)
    if rejects is not None:
        write_rejects(rejects, summary.rejects)
    return summary, tally, engine.description.labels
