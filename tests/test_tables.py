"""Files: whole or not at all, the same rows in every form, errors that name the place."""

import csv
import json
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.errors import InputError, OutputError
from pipeline.tables import read_json, read_jsonl, read_parquet, whole, write_table

SCHEMA = pa.schema([("name", pa.string()), ("n", pa.int32())])
ROWS = [{"name": "a,“b”\nc", "n": 1}, {"name": "", "n": 2}]


def test_the_same_rows_in_every_form(tmp_path: Path) -> None:
    for ending in ("parquet", "csv", "jsonl"):
        assert write_table(tmp_path / f"t.{ending}", iter(ROWS), SCHEMA) == 2
    assert read_parquet(tmp_path / "t.parquet") == ROWS
    assert [row for _, row in read_jsonl(tmp_path / "t.jsonl")] == ROWS
    with (tmp_path / "t.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == [{k: str(v) for k, v in row.items()} for row in ROWS]


def test_formulas_are_neutralised_in_csv_and_left_alone_elsewhere(tmp_path: Path) -> None:
    rows = [{"name": name, "n": -1} for name in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "a=1", "")]
    for ending in ("csv", "jsonl"):
        write_table(tmp_path / f"f.{ending}", rows, SCHEMA)
    with (tmp_path / "f.csv").open(newline="") as file:
        found = [(row["name"], row["n"]) for row in csv.DictReader(file)]
    assert found == [(n, "-1") for n in ("'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "a=1", "")]
    assert [row for _, row in read_jsonl(tmp_path / "f.jsonl")] == rows


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_a_failure_half_way_leaves_the_old_file_alone(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"t.{ending}"
    write_table(path, ROWS, SCHEMA)
    before = path.read_bytes()

    def broken() -> object:
        yield ROWS[0]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_table(path, broken(), SCHEMA)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_places_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file/t.csv"):
        write_table(tmp_path / "file" / "t.csv", ROWS, SCHEMA)
    with pytest.raises(OutputError, match=r"ending in \.parquet, \.csv, \.jsonl"):
        write_table(tmp_path / "t.xlsx", ROWS, SCHEMA)


def test_what_cannot_be_read_back_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with whole(path) as file:
        file.write(json.dumps({"a": 1}) + "\n\n[1]\n")
    with pytest.raises(InputError, match=r"a\.jsonl:3"):
        list(read_jsonl(path))
    with pytest.raises(InputError, match="nothing.json"):
        read_json(tmp_path / "nothing.json")
    with pytest.raises(InputError, match="a.jsonl"):
        read_parquet(path)
