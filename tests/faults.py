"""What is done to a run of scoring, and whether its table comes out the same: `make faults`, and briefly in `make test`.

Every fault is real: processes are killed, files are limited, inputs are changed. The exported model is the tiny
random one of the tests; what is tested is the machinery around it.
"""

import atexit
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from tests.conftest import ROOT

DOCUMENT = ROOT / "docs/reliability.md"
BEGIN, END = "<!-- faults -->", "<!-- /faults -->"
STATEMENTS = 1200


@cache
def _model() -> Path:
    """A tiny random model, trained (that is, saved) and exported with its manifest; made once a process."""
    import torch

    from pipeline.abstention import calibrate, save_calibration
    from pipeline.classifier import new_classifier, save_classifier
    from pipeline.export import export_onnx
    from pipeline.inputs import Description
    from pipeline.quantize import quantize_weights
    from pipeline.scoring.package import FLOAT, INT8, write_manifest
    from tests.conftest import write_tiny_base

    folder = Path(tempfile.mkdtemp(prefix="tiny-model-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    registry = write_tiny_base(folder)
    sys.path.insert(0, str(folder))
    try:
        torch.manual_seed(0)
        model, tokenizer, pooling = new_classifier("tiny", registry, 3)
    finally:
        sys.path.remove(str(folder))
    description = Description(["pro", "contra", "other"], "other", "test-1", "tiny", pooling, 48, True)
    save_classifier(folder / "trained", model, tokenizer, description, {})
    labels = np.arange(40) % len(description.labels)
    certain = np.eye(len(description.labels))[labels]
    save_calibration(folder / "trained", calibrate(labels, certain, [str(i) for i in labels], 0.9, 0.95))
    export_onnx(folder / "trained", folder / "exported", 18)
    quantize_weights(folder / "exported" / FLOAT, folder / "exported" / INT8)
    write_manifest(folder / "exported", ["openvino/float32", "onnx/float32"])
    return folder


@dataclass
class Bench:
    """A folder with a model, inputs of every kind and the command line."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Bench":
        signal.signal(
            signal.SIGINT, signal.default_int_handler
        )  # a shell's background jobs ignore it, and pass that on
        for name in ("trained", "exported"):
            shutil.copytree(_model() / name, folder / name)
        bench = cls(folder)
        params = yaml.safe_load((ROOT / "configs/params.yaml").read_text())
        params["score"] |= {"engine": "onnx", "precision": "float32", "shard": 64}
        (folder / "params.yaml").write_text(yaml.safe_dump(params))
        bench.write_inputs()
        return bench

    def write_inputs(self) -> None:
        """A table of statements, a folder of speeches, and a file that nobody can read."""
        shutil.rmtree(self.folder / "in", ignore_errors=True)
        (self.folder / "in").mkdir()
        rows = (
            {
                "statement": f"The {n} town asks to stop the works at once.",
                "previous": "It rains.",
                "theme": f"t{n % 7}",
            }
            for n in range(STATEMENTS // 2)
        )
        (self.folder / "in" / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        for n in range(STATEMENTS // 20):
            text = " ".join(f"We want to build bridge {i} over the {n} river." for i in range(10))
            (self.folder / "in" / f"s{n:03}.txt").write_text(text + "\n")
        (self.folder / "in" / "z.txt").write_bytes(b"")

    def start(self, out: str, *options: str, limit: int | None = None) -> subprocess.Popen[str]:
        """Start `stance score`; `limit` is the size in bytes that a file may have."""
        arguments = ["score", "in", "--model", "exported", "--params", "params.yaml", "--out", out, *options]
        shell = f"ulimit -f {limit // 1024}; " if limit else ""
        return subprocess.Popen(
            ["bash", "-c", f'{shell}exec "$@"', "bash", sys.executable, "-m", "pipeline", *arguments],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "160"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, out: str, *options: str, code: int = 0, limit: int | None = None) -> str:
        """Run to the end, hold the exit code against `code`, and give what was said."""
        process = self.start(out, "--rejects", "r.jsonl", *options, limit=limit)
        said = "".join(process.communicate(timeout=120))
        assert process.returncode == code, said
        assert "Traceback" not in said, said
        return said

    def stance(self, command: str, *arguments: object, code: int = 0) -> str:
        """Run another command, hold the exit code against `code`, and give what was said."""
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", command, *map(str, arguments), "--params", "params.yaml"]
            + ([] if "--model" in arguments else ["--model", "exported"]),
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    def shards(self, out: str) -> int:
        """How many shards an unfinished run has left."""
        return len(list((self.folder / f"{out}.work").glob("shard-*.parquet")))

    def until_shards(self, process: subprocess.Popen[str], out: str, count: int) -> None:
        """Wait until a run has written so many shards."""
        while self.shards(out) < count:
            assert process.poll() is None, process.communicate()
            time.sleep(0.005)


def kill_and_go_on(bench: Bench, expected: bytes, moments: int, rng: random.Random) -> tuple[int, int]:
    """Kill runs at random moments, driver and workers alike, going on each time; give kills and lost rows.

    Every table must be the undisturbed run's, byte for byte.
    """
    import io

    import pyarrow.parquet as pq

    rows = pq.read_metadata(io.BytesIO(expected)).num_rows
    kills, lost = 0, 0
    while kills < moments:
        for _ in range(rng.randint(1, 3)):
            process = bench.start("killed.parquet", "--rejects", "r.jsonl")
            try:
                process.wait(timeout=rng.uniform(0.3, 4.0))
            except subprocess.TimeoutExpired:
                whom = rng.choice(["driver", "all", "worker"])
                kills += _kill(process.pid, whom)
                if whom != "worker":
                    process.wait()
            process.communicate(timeout=60)
        bench.run("killed.parquet")
        found = (bench.folder / "killed.parquet").read_bytes()
        if found != expected:
            lost += abs(rows - pq.read_metadata(io.BytesIO(found)).num_rows) or rows
        (bench.folder / "killed.parquet").unlink()
    return kills, lost


def _kill(driver: int, whom: str) -> int:
    """Kill the driver, its whole session, or one of its workers; give how many were hit."""
    import psutil

    if whom == "all":
        os.killpg(driver, signal.SIGKILL)
        return 1
    if whom == "driver":
        os.kill(driver, signal.SIGKILL)
        return 1
    try:
        workers = psutil.Process(driver).children()
        for worker in workers[:1]:
            worker.kill()
    except psutil.NoSuchProcess:
        return 0
    return len(workers[:1])


def fill_the_disk(bench: Bench, expected: bytes, sizes: tuple[int, ...] = (60, 120, 200)) -> tuple[int, int]:
    """Score onto a tmpfs that is too small, which is then made larger; give tries and tables that differ."""
    place = bench.folder / "small"
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60k", "tmpfs", str(place)], check=True, capture_output=True)
    try:
        tries = 0
        for size in sizes:
            subprocess.run(["mount", "-o", f"remount,size={size}k", str(place)], check=True)
            said = bench.run("small/out.parquet", code=8)
            assert "No space left on device" in said
            assert "goes on from there" in said, said
            tries += 1
        subprocess.run(["mount", "-o", "remount,size=20m", str(place)], check=True)
        bench.run("small/out.parquet")
        return tries, int((place / "out.parquet").read_bytes() != expected)
    finally:
        subprocess.run(["umount", str(place)], check=True)


def main(moments: int = 50) -> None:
    """Do the long version and write the counts into the document."""
    from tests import test_faults

    with tempfile.TemporaryDirectory() as name:
        bench = Bench.make(Path(name))
        bench.run("whole.parquet")
        expected = (bench.folder / "whole.parquet").read_bytes()
        begin = time.monotonic()
        kills, lost = kill_and_go_on(bench, expected, moments, random.Random(20220608))
        rows = [("SIGKILL of the driver, of everything or of a worker, at a random moment", kills, lost)]
        rows.append(("a disk that is full (tmpfs), then enlarged", *fill_the_disk(bench, expected)))
        for title, check in test_faults.CHECKS.items():
            check(bench, expected)
            bench.write_inputs()
            rows.append((title, 1, 0))
        seconds = time.monotonic() - begin
    lines = ["| fault | tried | survived | rows lost |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {title} | {tried} | {tried if not bad else 0} | {bad} |" for title, tried, bad in rows]
    lines.append(f"\n{STATEMENTS:,} statements in {STATEMENTS // 64 + 1} shards a run; {seconds:.0f} s in all.")
    text = DOCUMENT.read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    DOCUMENT.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}")
    print("\n".join(lines))
    if any(bad for *_, bad in rows):
        sys.exit("rows were lost")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
