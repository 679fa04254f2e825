"""How fast statements are scored: `make bench`, on the repository's transcripts or `python -m tests.bench_score FOLDER...`.

Side by side in one run: transformers' pipeline, a plain loop over ONNX Runtime, and every engine of scoring, on the
same statements; then whole runs of `stance score` on tables that grow. Writes docs/performance.md between its markers.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from pipeline.domain import Statement
from pipeline.inputs import encode, pad, softmax
from pipeline.scoring.engine import PREFERRED, runs_here
from pipeline.scoring.pool import Job, Pool
from pipeline.scoring.scorer import Scorer, load_tokenizer
from pipeline.scoring.shards import read_shard
from pipeline.scoring.wire import to_bytes
from pipeline.segment import Summary, read_statements
from pipeline.tables import STATEMENTS, statement_row
from tests import bench_segment
from tests.conftest import ROOT

DOCUMENT = ROOT / "docs/performance.md"
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
MODEL, TRAINED = ROOT / "models/exported", ROOT / "models/stance"
Run = Callable[[], np.ndarray]


def transformers_pipeline(statements: list[Statement], threads: int) -> Run:
    """What users would write: `pipeline("text-classification", batch_size=32)` around the same model."""
    import torch
    from transformers import PreTrainedModel, TextClassificationPipeline
    from transformers.modeling_outputs import SequenceClassifierOutput
    from transformers.utils import logging

    from pipeline.classifier import load_classifier

    logging.set_verbosity(logging.CRITICAL)  # it warns that it does not know our class
    torch.set_num_threads(threads)
    model, tokenizer, description = load_classifier(TRAINED)
    special = torch.tensor(tokenizer.all_special_ids)

    class Wrapped(PreTrainedModel):
        config_class = type(model.encoder.config)
        _supports_sdpa = True

        def __init__(self) -> None:
            super().__init__(model.encoder.config)
            self.inner = model
            self.post_init()

        def _init_weights(self, module: object) -> None:
            pass

        def forward(self, input_ids, attention_mask, token_type_ids):
            own = attention_mask * (token_type_ids == 0) * ~torch.isin(input_ids, special)
            return SequenceClassifierOutput(logits=self.inner(input_ids, attention_mask, own)["logits"])

    wrapped = Wrapped().eval()
    wrapped.config.id2label = dict(enumerate(description.labels))
    classify = TextClassificationPipeline(model=wrapped, tokenizer=tokenizer, batch_size=32, device=-1)
    pairs = [{"text": s.text, "text_pair": s.previous} for s in statements]

    def run() -> np.ndarray:
        found = classify(
            pairs, top_k=None, function_to_apply="softmax", truncation=True, max_length=description.max_tokens
        )
        by_label = [{row["label"]: row["score"] for row in rows} for rows in found]
        return np.array([[row[label] for label in description.labels] for row in by_label])

    return run


def plain_onnx(statements: list[Statement], threads: int) -> Run:
    """A loop over ONNX Runtime in float32, 32 statements a batch as they come."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(MODEL / "model.onnx"), options, providers=["CPUExecutionProvider"])
    tokenizer, pad_id = load_tokenizer(MODEL)
    description = Scorer.load(MODEL, engine="onnx", precision="float32").description

    def run() -> np.ndarray:
        parts = []
        for at in range(0, len(statements), 32):
            part = statements[at : at + 32]
            texts, before = [s.text for s in part], [s.previous for s in part]
            rows = encode(tokenizer, texts, before, max_tokens=description.max_tokens, context=description.context)
            parts.append(softmax(session.run(["logits"], pad(rows, pad_id))[0]))
        return np.vstack(parts)

    return run


def workers(statements: list[Statement], name: str, precision: str, count: int, shard: int) -> Run:
    """The workers of scoring on shards, kept warm between rounds: bound to a core each, writing Parquet as they do."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = Path(tempfile.mkdtemp())
    pool = Pool({"model": str(MODEL), "engine": name, "precision": precision, "batch_tokens": 1024}, count)
    blocks = [statements[i : i + shard] for i in range(0, len(statements), shard)]

    def run() -> np.ndarray:
        jobs = []
        for number, block in enumerate(blocks):
            batch = pa.RecordBatch.from_pylist([statement_row(s) for s in block], STATEMENTS)
            jobs.append(Job(number, folder / f"{number}.parquet", "x", to_bytes(batch)))
        done = sorted(pool.run(jobs))
        assert [read_shard(folder / f"{n}.parquet") for n in done] == [(len(b), "x") for b in blocks]
        tables = [pq.read_table(folder / f"{n}.parquet") for n in done]
        names = [name for name in tables[0].column_names if name.startswith("p_")]
        return np.vstack([np.column_stack([t.column(name).to_numpy() for name in names]) for t in tables])

    return run


def median_seconds(runs: dict[str, Run], rounds: int) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Seconds of each, the median of rounds that take turns, after one that warms up."""
    results = {name: run() for name, run in runs.items()}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            begin = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(found) for name, found in times.items()}, results


def matmul_peaks() -> dict[str, float]:
    """GFLOP/s (for int8: GOP/s) of one thread multiplying square matrices, the best of several sizes and rounds."""
    import torch

    torch.set_num_threads(1)
    peaks: dict[str, float] = {}
    for size in (512, 1024):
        values = torch.randn(size, size)
        half, small = values.bfloat16(), (values * 20).to(torch.int8)
        makers = {
            "float32": lambda v=values: v @ v,
            "bfloat16": lambda v=half: v @ v,
            "int8": lambda v=small: torch._int_mm(v, v),
        }
        for name, multiply in makers.items():
            seconds = min(_timed(multiply) for _ in range(12))
            peaks[name] = max(peaks.get(name, 0.0), 2 * size**3 / seconds / 1e9)
    return peaks


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def operations(statements: list[Statement]) -> float:
    """Floating-point operations of the encoder on these statements without padding, multiplications and additions."""
    config = json.loads((TRAINED / "config.json").read_text())
    tokenizer, _ = load_tokenizer(MODEL)
    description = Scorer.load(MODEL, engine="onnx", precision="float32").description
    texts, before = [s.text for s in statements], [s.previous for s in statements]
    rows = encode(tokenizer, texts, before, max_tokens=description.max_tokens, context=description.context)
    lengths = np.array([len(row["input_ids"]) for row in rows], float)
    hidden, inner, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    return float((layers * lengths * (8 * hidden**2 + 4 * hidden * inner + 4 * lengths * hidden)).sum())


def grow(sizes: list[int], statements: list[Statement], folder: Path) -> list[str]:
    """Whole runs of `stance score` on tables of distinct statements: seconds, rate, peak resident memory."""
    import psutil

    lines = []
    for size in sizes:
        table = folder / "growth.jsonl"
        with table.open("w") as file:
            for n in range(size):
                s = statements[n % len(statements)]
                row = {"statement": f"{s.text} ({n // len(statements)})", "previous": s.previous}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        command = [sys.executable, "-m", "pipeline", "score", str(table), "--out", str(folder / "growth.parquet")]
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL
        )
        driver, peak, peak_worker = psutil.Process(process.pid), 0, 0
        while process.poll() is None:
            try:
                peak = max(peak, driver.memory_info().rss)
                peak_worker = max([peak_worker, *(child.memory_info().rss for child in driver.children())])
            except psutil.NoSuchProcess:
                pass
            time.sleep(0.1)
        assert process.returncode == 0
        seconds = time.perf_counter() - begin
        lines.append(
            f"| {size:,} | {table.stat().st_size / 1e6:,.0f} MB | {seconds:,.0f} | {size / seconds:,.0f} | "
            f"{peak / 2**20:,.0f} MiB | {peak_worker / 2**20:,.0f} MiB |"
        )
        table.unlink()
    return lines


def processor() -> str:
    """The processor's name, and how many cores this process may use."""
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().split("\n") if "model name" in line
    ]
    return f"{names[0] if names else platform.machine()}, {len(os.sched_getaffinity(0))} core(s)"


def compare(statements: list[Statement], threads: int, rounds: int, shard: int) -> list[str]:
    """The table of engines side by side."""
    runs = {
        "transformers.pipeline, batch_size=32": transformers_pipeline(statements, threads),
        "ONNX Runtime, plain loop, float32": plain_onnx(statements, threads),
    }
    precisions = dict.fromkeys(runs, "float32")
    for name, precision in PREFERRED:
        if runs_here(name, precision):
            title = f"`stance score`, {name}/{precision}"
            runs[title] = workers(statements, name, precision, threads, shard)
            precisions[title] = {"mixed": "int8"}.get(precision, precision)
    seconds, results = median_seconds(runs, rounds)
    peaks, work = matmul_peaks(), operations(statements)
    exact = results["ONNX Runtime, plain loop, float32"].argmax(1)
    first = seconds["transformers.pipeline, batch_size=32"]
    lines = [
        "| | statements/s | times the pipeline | of the matmul peak (mixed: of int8) | labels as float32 |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, taken in seconds.items():
        share = work / taken / 1e9 / (peaks[precisions[name]] * threads)
        same = float((results[name].argmax(1) == exact).mean())
        lines.append(f"| {name} | {len(statements) / taken:,.0f} | {first / taken:.1f} | {share:.0%} | {same:.2%} |")
    shown = ", ".join(f"{name} {value:,.0f}" for name, value in peaks.items())
    lines.append(f"\nMeasured matrix-multiply peak of one thread, GFLOP/s (int8: GOP/s): {shown}.")
    return lines


def main() -> None:
    """Measure, print, and write the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", default=[str(ROOT / "data/raw")])
    parser.add_argument("--count", type=int, default=1000, help="statements side by side")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--shard", type=int, default=512, help="statements a shard side by side, so that every worker has some"
    )
    parser.add_argument("--largest", type=int, default=1_000_000, help="statements of the largest whole run")
    given = parser.parse_args()
    everything = list(read_statements(given.paths, Summary()))
    step = max(1, len(everything) // given.count)
    statements = everything[::step][: given.count]
    libraries = ("torch", "transformers", "onnxruntime", "openvino", "tokenizers", "numpy")
    words = statistics.mean(len(s.text.split()) for s in statements)
    lines = [
        f"{processor()}; {given.threads} thread(s); Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in libraries)
        + f". {len(statements):,} statements of {words:.1f} words on average, each with the one before it; "
        f"medians of {given.rounds} rounds that take turns.\n",
        *compare(statements, given.threads, given.rounds, given.shard),
        "\nWhole runs of `stance score` with the default engine, from the file to the finished table:\n",
        "| statements | input | seconds | statements/s | peak memory, driver | peak memory, a worker |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    sizes = [n for n in (10_000, 100_000, 1_000_000) if n < given.largest] + [given.largest]
    with tempfile.TemporaryDirectory() as folder:
        lines += grow(sizes, everything, Path(folder))
    lines += ["\nReading, on one core:\n", *bench_segment.table(given.paths)]
    text = DOCUMENT.read_text()
    DOCUMENT.write_text(f"{text.split(BEGIN)[0]}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{text.split(END)[1]}")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
