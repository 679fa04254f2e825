"""Batch scoring: plan, score shard by shard, put the table together. Whatever ends a run, the next goes on."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.abstention import CALIBRATION, load_calibration
from pipeline.domain import Progress
from pipeline.inputs import file_digest, load_description, model_digest
from pipeline.params import Params
from pipeline.scoring.assemble import Tally, assemble
from pipeline.scoring.columns import score_schema
from pipeline.scoring.engine import MARGIN, choose
from pipeline.scoring.package import check_manifest
from pipeline.scoring.plan import Plan, check_unchanged, library_versions, read_inputs
from pipeline.scoring.pool import Job, Pool
from pipeline.scoring.wire import to_bytes
from pipeline.scoring.work import Work, working
from pipeline.segment import Summary, name_own, read_statements, with_own
from pipeline.tables import STATEMENTS, check_format, statement_row, write_rejects

_DISTRIBUTIONS = {"onnx": "onnxruntime"}


Tell = Callable[[Progress], None]


def model_settings(folder: Path, engine: str, precision: str) -> dict[str, Any]:
    """Which model and engine a run uses, as its manifest names them; the folder's files are checked.

    Raises:
        ModelError: files are missing or altered, or no engine fits.
    """
    agreeing = [] if engine == "torch" else check_manifest(folder)
    description = load_description(folder)
    load_calibration(folder)
    name, kind = choose(engine, precision, agreeing, folder)
    return {
        "model": model_digest(folder),
        "codebook": description.codebook,
        "calibration": file_digest(folder / CALIBRATION),
        "labels": description.labels,
        "engine": name,
        "precision": kind,
        "margin": MARGIN if kind == "mixed" else 0.0,
        "engine_version": version(_DISTRIBUTIONS.get(name, name)),
    }


class _Jobs:
    """The shards that remain to be scored, read one after the other."""

    def __init__(self, batches: Iterable[pa.RecordBatch], work: Work) -> None:
        self._batches, self._work = batches, work
        self.rows: list[int] = []
        self.resumed = 0

    def __iter__(self) -> Iterator[Job]:
        for number, batch in enumerate(self._batches):
            payload = to_bytes(batch)
            digest = hashlib.sha256(payload).hexdigest()
            self.rows.append(batch.num_rows)
            if self._work.is_done(number, digest):
                self.resumed += batch.num_rows
            else:
                yield Job(number, self._work.shard(number), digest, payload)


def _batches(
    paths: list[str], own: dict[str, str], schema: pa.Schema, shard: int, summary: Summary, *, strict: bool
) -> Iterator[pa.RecordBatch]:
    rows = (with_own(statement_row(s), s, own) for s in read_statements(paths, summary, strict=strict))
    while block := list(islice(rows, shard)):
        yield pa.RecordBatch.from_pylist(block, schema)


def _expected(summary: Summary, total: int) -> int:
    return round(summary.statements * max(1.0, total / summary.consumed)) if summary.consumed else 0


def score(
    paths: list[str],
    model: Path,
    out: Path,
    rejects: Path | None,
    params: Params,
    *,
    strict: bool = False,
    restart: bool = False,
    tell: Tell = lambda _: None,
) -> tuple[Summary, Tally, list[str]]:
    """Score transcripts and write a table, a row a statement, in input order.

    Finished shards are kept in `<out>.work` until the table is whole; a run that was interrupted goes on
    from them and gives the same bytes.

    Args:
        paths: files, folders and globs of any kind that `segment` reads.
        model: folder of an exported model.
        out: Parquet, CSV or JSONL, by its ending.
        rejects: where what could not be read is written down; None: only counted.
        params: workers (`runtime.threads`), engine, batch and shard sizes.
        strict: whether a file that cannot be read is an error; all are read before anything is scored.
        restart: whether to drop what an interrupted run has left.
        tell: called as shards are finished.

    Returns:
        The summary, counts of stances by country or affiliation, and the labels.

    Raises:
        InputError: nothing to read, or inputs that changed since the run was begun.
        OutputError: another run holds the output, or it cannot be written.
        ModelError, ConfigError: the model or the settings do not fit.
    """
    check_format(out)
    settings = model_settings(model, params.score.engine, params.score.precision)
    labels: list[str] = settings["labels"]
    if strict:
        for _ in read_statements(paths, Summary(), strict=True):
            pass
    own = name_own(paths, score_schema(labels).names)
    parameters = {name: getattr(params.score, name) for name in ("batch_tokens", "shard", "max_error")}
    fixed = {**settings, "own_columns": own, "parameters": parameters, "versions": library_versions()}
    plan = Plan(read_inputs(paths), {**fixed, "paths": paths})
    schemas = [
        pa.schema([*base, *((c, pa.string()) for c in own.values())]) for base in (STATEMENTS, score_schema(labels))
    ]
    with working(out, plan, restart=restart) as work:
        summary = Summary()
        batches = _batches(paths, own, schemas[0], params.score.shard, summary, strict=strict)
        started = {"model": str(model), **parameters, "engine": settings["engine"], "precision": settings["precision"]}
        rows = _score_shards(batches, work, Pool(started, params.runtime.threads), plan, summary, tell)
        check_unchanged(plan, paths)
        tally = assemble((work.shard(i) for i in range(len(rows))), out, schemas[1], plan.manifest())
        if rejects is not None:
            write_rejects(rejects, summary.rejects)
    return summary, tally, labels


def _score_shards(
    batches: Iterable[pa.RecordBatch], work: Work, pool: Pool, plan: Plan, summary: Summary, tell: Tell
) -> list[int]:
    """Score what remains; give the rows of every shard."""
    jobs = _Jobs(batches, work)
    total, scored = sum(i.size for i in plan.inputs), 0
    with pool:
        for shard in pool.run(jobs):
            scored += jobs.rows[shard]
            expected = _expected(summary, total)
            tell(Progress(jobs.resumed + scored, jobs.resumed, expected, len(summary.rejects)))
    return jobs.rows
