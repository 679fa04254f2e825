"""Scoring that is killed, filled up, doubled, or given other inputs half-way: the table comes out the same, or is refused."""

import json
import os
import random
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.tables import read_parquet
from tests.faults import STATEMENTS, Bench, fill_the_disk, kill_and_go_on

_HALF = 6  # shards of nineteen


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench.make(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def expected(bench: Bench) -> bytes:
    bench.run("whole.parquet")
    return (bench.folder / "whole.parquet").read_bytes()


def _interrupted(bench: Bench, out: str, kind: int = signal.SIGKILL) -> subprocess.Popen[str]:
    """A run that was ended once it had some shards."""
    process = bench.start(out, "--rejects", "r.jsonl")
    bench.until_shards(process, out, _HALF)
    os.killpg(process.pid, kind)
    process.wait(timeout=60)
    return process


def check_ctrl_c(bench: Bench, expected: bytes) -> None:
    """Ctrl-C exits 130, says how to go on, and the next run gives the undisturbed table."""
    process = _interrupted(bench, "c.parquet", signal.SIGINT)
    said = "".join(process.communicate())
    assert process.returncode == 130, said
    assert "the same command goes on from there" in said
    assert "Traceback" not in said
    assert not (bench.folder / "c.parquet").exists()
    bench.run("c.parquet")
    assert (bench.folder / "c.parquet").read_bytes() == expected
    assert not (bench.folder / "c.parquet.work").exists()


def check_two_processes(bench: Bench, expected: bytes) -> None:
    """A second run on the same output is refused and told who holds it; the first is not disturbed."""
    first = bench.start("two.parquet", "--rejects", "r.jsonl")
    bench.until_shards(first, "two.parquet", 1)
    os.kill(first.pid, signal.SIGSTOP)
    said = bench.run("two.parquet", code=8)
    assert f"process {first.pid} on" in said
    os.kill(first.pid, signal.SIGCONT)
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert (bench.folder / "two.parquet").read_bytes() == expected


def check_changed_input(bench: Bench, expected: bytes) -> None:
    """An input that changed between two runs is named and refused; put back, the run goes on."""
    _interrupted(bench, "changed.parquet")
    path = bench.folder / "in" / "s001.txt"
    before = path.read_text()
    path.write_text("Something else.\n")
    assert "in/s001.txt" in bench.run("changed.parquet", code=3)
    path.write_text(before)
    (bench.folder / "in" / "extra.txt").write_text("One more.\n")
    assert "in/extra.txt" in bench.run("changed.parquet", code=3)
    (bench.folder / "in" / "extra.txt").unlink()
    bench.run("changed.parquet")
    assert (bench.folder / "changed.parquet").read_bytes() == expected


def check_input_changed_while_scoring(bench: Bench, expected: bytes) -> None:
    """An input that changes during a run is refused at its end, and no table is written."""
    process = bench.start("during.parquet")
    bench.until_shards(process, "during.parquet", _HALF)
    os.kill(process.pid, signal.SIGSTOP)
    (bench.folder / "in" / "a.jsonl").write_text(json.dumps({"statement": "Another."}) + "\n")
    os.kill(process.pid, signal.SIGCONT)
    said = "".join(process.communicate(timeout=60))
    assert process.returncode == 3, said
    assert "in/a.jsonl" in said
    assert not (bench.folder / "during.parquet").exists()
    bench.write_inputs()
    bench.run("during.parquet", "--restart")
    assert (bench.folder / "during.parquet").read_bytes() == expected


def check_other_settings(bench: Bench, expected: bytes) -> None:
    """Other settings do not mix into a run that was begun; `--restart` begins anew."""
    _interrupted(bench, "settings.parquet")
    params = (bench.folder / "params.yaml").read_text()
    (bench.folder / "params.yaml").write_text(params.replace("shard: 64", "shard: 50"))
    assert '"shard": 50' in bench.run("settings.parquet", code=4)
    (bench.folder / "params.yaml").write_text(params)
    bench.run("settings.parquet", "--restart")
    assert (bench.folder / "settings.parquet").read_bytes() == expected


def check_damaged_shard(bench: Bench, expected: bytes) -> None:
    """A shard that a failing disk has cut off is scored again."""
    _interrupted(bench, "damaged.parquet")
    shard = sorted((bench.folder / "damaged.parquet.work").glob("shard-*.parquet"))[0]
    shard.write_bytes(shard.read_bytes()[:-20])
    bench.run("damaged.parquet")
    assert (bench.folder / "damaged.parquet").read_bytes() == expected


def check_file_limit(bench: Bench, expected: bytes) -> None:
    """A limit on the size of files (a quota) stops a run with one message; without it, the run goes on."""
    said = bench.run("limit.parquet", code=8, limit=16 * 1024)
    assert "File too large" in said
    bench.run("limit.parquet")
    assert (bench.folder / "limit.parquet").read_bytes() == expected


CHECKS: dict[str, Callable[[Bench, bytes], None]] = {
    "Ctrl-C": check_ctrl_c,
    "two processes on one output": check_two_processes,
    "an input that changed between runs": check_changed_input,
    "an input that changed during a run": check_input_changed_while_scoring,
    "other settings half-way": check_other_settings,
    "a shard cut off on disk": check_damaged_shard,
    "a quota on file size": check_file_limit,
}


@pytest.mark.parametrize("name", CHECKS)
def test_nothing_is_lost_or_mixed(bench: Bench, expected: bytes, name: str) -> None:
    CHECKS[name](bench, expected)


def test_killed_at_random_moments(bench: Bench, expected: bytes) -> None:
    kills, lost = kill_and_go_on(bench, expected, 2, random.Random(7))
    assert kills >= 2
    assert lost == 0


def test_a_full_disk(bench: Bench, expected: bytes) -> None:
    try:
        tries, differing = fill_the_disk(bench, expected, (120,))
    except subprocess.CalledProcessError as error:
        pytest.skip(f"a tmpfs cannot be mounted here: {error.stderr}")
    assert (tries, differing) == (1, 0)


def test_the_table_is_in_input_order_with_its_manifest(bench: Bench, expected: bytes) -> None:
    rows = read_parquet(bench.folder / "whole.parquet")
    assert len(rows) == STATEMENTS
    assert [row["source"] for row in rows] == sorted(row["source"] for row in rows)
    metadata = pq.read_metadata(bench.folder / "whole.parquet").metadata
    manifest = json.loads(metadata[b"stance.manifest"])
    assert {"model", "codebook", "engine", "precision", "versions", "parameters", "inputs"} <= set(manifest)
    assert {row["path"] for row in manifest["inputs"]} == {f"in/{p.name}" for p in (bench.folder / "in").iterdir()}
    assert {row["model"] for row in rows} == {manifest["model"]}


def test_csv_and_jsonl_have_their_manifest_beside_them(bench: Bench, expected: bytes) -> None:
    for ending in ("csv", "jsonl"):
        bench.run(f"t.{ending}")
        assert json.loads(Path(bench.folder / f"t.{ending}.manifest.json").read_text())["engine"] == "onnx"
    rows = read_parquet(bench.folder / "whole.parquet")
    assert [json.loads(line) for line in (bench.folder / "t.jsonl").read_text().splitlines()] == rows
