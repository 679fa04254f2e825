"""Scores held against the model: what was written comes out again, and what was altered is named."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.tables import read_jsonl, write_jsonl
from tests.faults import STATEMENTS, Bench


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench.make(tmp_path_factory.mktemp("verify"))
    (bench.folder / "in" / "formula.jsonl").write_text(
        json.dumps({"statement": "=We stop it.", "previous": "-x"}) + "\n"
    )
    bench.run("s.parquet")
    return bench


def test_scores_come_out_again_in_every_digit(scored: Bench) -> None:
    said = scored.stance("verify", "s.parquet", "--all")
    assert f"{STATEMENTS + 1:,} statements scored again, {STATEMENTS + 1:,} the same in every digit, 0 differ" in said
    assert "128 statements scored again" in scored.stance("verify", "s.parquet", "--shards", "2")


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_every_form_can_be_verified(scored: Bench, ending: str) -> None:
    scored.run(f"s.{ending}")
    assert f"{STATEMENTS + 1:,} the same in every digit, 0 differ" in scored.stance("verify", f"s.{ending}", "--all")


def test_altered_rows_are_named(scored: Bench) -> None:
    scored.run("a.jsonl")
    rows = [row for _, row in read_jsonl(scored.folder / "a.jsonl")]
    rows[3]["stance"] = "contra" if rows[3]["stance"] != "contra" else "pro"
    rows[70]["p_pro"] += 0.05
    rows[1100]["statement"] += " Not."
    write_jsonl(scored.folder / "a.jsonl", rows)
    said = scored.stance("verify", "a.jsonl", "--all", code=11)
    assert "3 differ" in said
    for place, problem in ((3, "which its probabilities do not give"), (70, "p_pro"), (1100, "not the one")):
        (line,) = [line for line in said.splitlines() if rows[place]["statement_id"] in line]
        assert problem in line


def test_a_changed_source_is_named(scored: Bench) -> None:
    path = scored.folder / "in" / "s001.txt"
    before = path.read_text()
    path.write_text("Other.\n")
    assert "changed in/s001.txt" in scored.stance("verify", "s.parquet")
    path.write_text(before)


def test_another_model_and_a_table_without_manifest_are_refused(scored: Bench, tmp_path: Path) -> None:
    pq.write_table(pa.table({"statement": ["a"]}), tmp_path / "plain.parquet")
    assert "manifest" in scored.stance("verify", tmp_path / "plain.parquet", code=3)
    said = scored.stance("verify", "s.parquet", "--model", "trained", code=7)
    assert "manifest" in said
    with (scored.folder / "exported" / "model.onnx").open("r+b") as file:
        file.write(b"x")
    assert "SHA-256" in scored.stance("verify", "s.parquet", code=7)
