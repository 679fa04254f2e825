"""Finished shards to the final table, in input order, one shard in memory at a time."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import InputError, OutputError
from pipeline.tables import check_format, whole, write_json, write_table

ABSTAINED = ""  # where the tally counts statements that the model leaves open
MANIFEST_KEY = "stance.manifest"
Tally = dict[str, Counter[str]]


def manifest_file(out: Path) -> Path:
    """Where the manifest of a CSV or JSONL table lies; a Parquet table holds its own."""
    return out.with_name(f"{out.name}.manifest.json")


def assemble(shards: Iterable[Path], out: Path, schema: pa.Schema, manifest: dict[str, Any]) -> Tally:
    """Write the final table whole, with the manifest in it or beside it.

    Returns:
        Counts of stances by country or affiliation.

    Raises:
        OutputError: the place cannot be written.
    """
    check_format(out)
    tally: Tally = {}
    tables = _counted(shards, tally)
    if out.suffix == ".parquet":
        _write_parquet(out, tables, schema, manifest)
    else:
        write_json(manifest_file(out), manifest)
        write_table(out, (row for table in tables for row in table.to_pylist()), schema)
    return tally


def _write_parquet(out: Path, tables: Iterable[pa.Table], schema: pa.Schema, manifest: dict[str, Any]) -> None:
    with whole(out, "wb") as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table)
        writer.add_key_value_metadata({MANIFEST_KEY: json.dumps(manifest, ensure_ascii=False)})


def _counted(shards: Iterable[Path], tally: Tally) -> Iterator[pa.Table]:
    for path in shards:
        try:
            table = pq.ParquetFile(path).read()
        except (OSError, pa.ArrowException) as error:
            path.unlink(missing_ok=True)
            raise OutputError(
                str(path),
                expected="the shard as it was written",
                found=str(error).split("\n")[0],
                remedy="It was taken away; the same command scores it again.",
            ) from None
        columns = (table.column(name).to_pylist() for name in ("country", "affiliation", "stance", "abstained"))
        for country, affiliation, stance, abstained in zip(*columns, strict=True):
            told = ABSTAINED if abstained else stance
            tally.setdefault(country or affiliation or "(unknown)", Counter())[told] += 1
        yield table


def read_manifest(scores: Path) -> dict[str, Any]:
    """Read the manifest of a finished table.

    Raises:
        InputError: there is none.
    """
    try:
        if scores.suffix == ".parquet":
            text = pq.read_metadata(scores).metadata[MANIFEST_KEY.encode()].decode()
        else:
            text = manifest_file(scores).read_text("utf-8")
        manifest: dict[str, Any] = json.loads(text)
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise InputError(
            str(scores),
            expected="scores with their manifest, as `stance score` writes them",
            found=f"{type(error).__name__}: {error}".split("\n")[0],
            remedy="Score the transcripts again.",
        ) from None
    return manifest
