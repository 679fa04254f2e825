"""Which statements to label next, written as tasks for Label Studio."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.annotate import read_annotations
from pipeline.classifier import embed_statements, new_classifier
from pipeline.codebook import load_codebook
from pipeline.domain import Statement
from pipeline.errors import InputError, ModelError
from pipeline.labelstudio import Floats, most_diverse, most_uncertain, task, write_tasks
from pipeline.params import Params
from pipeline.scoring.package import MANIFEST
from pipeline.scoring.scorer import Scorer
from pipeline.segment import Summary, read_statements

_POOL = 5  # with both: the most diverse of so many times as many uncertain ones


def _choose(
    statements: Sequence[Statement], probabilities: Floats | None, pick: str, count: int, bases: Path, params: Params
) -> list[int]:
    everything = list(range(len(statements)))
    if pick == "random":
        rng = np.random.default_rng(params.runtime.seed)
        return sorted(map(int, rng.permutation(everything)[:count]))
    chosen = everything
    if pick in ("uncertain", "both"):
        if probabilities is None:
            raise ModelError(
                "--pick",
                expected="an exported model",
                found="none",
                remedy="Run make run first, or pick diverse or random.",
            )
        chosen = most_uncertain(probabilities, count if pick == "uncertain" else _POOL * count)
    if pick in ("diverse", "both"):
        model, tokenizer, _ = new_classifier(params.train.base_model, bases, 2)
        vectors = embed_statements(model, tokenizer, [statements[i].text for i in chosen], params.train.max_tokens)
        chosen = [chosen[i] for i in most_diverse(vectors, count, params.runtime.seed)]
    return chosen


def tasks(
    paths: list[str],
    out: Path,
    count: int,
    pick: str,
    blind: bool,
    annotations: Path,
    model: Path,
    codebook: Path,
    bases: Path,
    params: Params,
) -> Path:
    """Write at most `count` tasks from statements without a label; give the labelling configuration's path.

    Raises:
        InputError: nothing is left to label.
        ModelError: the choice needs a model and there is none.
    """
    book = load_codebook(codebook)
    done = {a.statement_id for a in read_annotations(annotations)} if any(annotations.glob("*.jsonl")) else set()
    statements = [s for s in read_statements(paths, Summary()) if s.statement_id not in done]
    if not statements:
        raise InputError(
            ", ".join(paths),
            expected="statements without a label",
            found="none",
            remedy="Add transcripts to the folder.",
        )
    probabilities, digest = None, ""
    if (model / MANIFEST).is_file() and not (blind and pick in ("random", "diverse")):
        scorer = Scorer.load(model, threads=params.runtime.threads, batch_tokens=params.score.batch_tokens)
        probabilities = scorer.probabilities([s.text for s in statements], [s.shown_before for s in statements])
        digest = scorer.digest
    chosen = _choose(statements, probabilities, pick, count, bases, params)
    made = []
    for i in chosen:
        shown = (
            None if blind or probabilities is None else dict(zip(book.names, map(float, probabilities[i]), strict=True))
        )
        made.append(task(statements[i], book, shown, digest))
    return write_tasks(out, made, book)
