"""Records to and from Parquet, CSV and JSONL: schemas, and files that are written whole or not at all."""

import csv
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.domain import Reject, Statement
from pipeline.errors import InputError, OutputError

STATEMENTS = pa.schema(
    [
        ("statement_id", pa.string()),
        ("source", pa.string()),
        ("symbol", pa.string()),
        ("date", pa.string()),
        ("speech_id", pa.string()),
        ("speech_order", pa.int32()),
        ("speaker", pa.string()),
        ("affiliation", pa.string()),
        ("country", pa.string()),
        ("presiding", pa.bool_()),
        ("language", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
        ("previous", pa.string()),
        ("statement", pa.string()),
    ]
)
FORMATS = (".parquet", ".csv", ".jsonl")
BATCH = 4096
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Row = Mapping[str, Any]


def statement_row(statement: Statement) -> dict[str, Any]:
    """Give a statement as a row of `STATEMENTS`."""
    speech = statement.speech
    return {
        "statement_id": statement.statement_id,
        "source": speech.transcript.source,
        "symbol": speech.transcript.symbol,
        "date": speech.transcript.date,
        "speech_id": speech.speech_id,
        "speech_order": speech.order,
        "speaker": speech.turn.speaker,
        "affiliation": speech.turn.affiliation,
        "country": speech.turn.country,
        "presiding": speech.turn.presiding,
        "language": speech.turn.language,
        "start": statement.start,
        "end": statement.end,
        "previous": statement.previous,
        "statement": statement.text,
    }


def own_column(name: str, taken: Iterable[str]) -> str:
    """Name a table's own column in the output: `own_<name>` where the output has one of that name."""
    return f"own_{name}" if name in taken else name


@contextmanager
def whole(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a file that appears under its name only once it is complete and on disk.

    Raises:
        OutputError: the place cannot be written.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        options: dict[str, Any] = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
        with os.fdopen(handle, mode, **options) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        temporary = None
    except OSError as error:
        raise OutputError(
            str(path),
            expected="a place that can be written",
            found=error.strerror or str(error),
            remedy="Name another with --out, or free it.",
        ) from None
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write one JSON value, indented, keys as they come."""
    with whole(path) as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
        file.write("\n")


def write_jsonl(path: Path, rows: Iterable[Row]) -> None:
    """Write one JSON object a line."""
    with whole(path) as file:
        _write_lines(file, rows)


def write_rejects(path: Path, rejects: Sequence[Reject]) -> None:
    """Write what could not be read, a line each: source, reason, remedy."""
    write_jsonl(path, map(asdict, rejects))


def write_table(path: Path, rows: Iterable[Row], schema: pa.Schema) -> int:
    """Write rows in the form that the file's ending names, in batches, whole or not at all.

    Returns:
        How many rows were written.

    Raises:
        OutputError: the ending is none of `FORMATS`, or the place cannot be written.
    """
    check_format(path)
    with whole(path, "wb" if path.suffix == ".parquet" else "w") as file:
        if path.suffix == ".parquet":
            return _write_parquet(file, rows, schema)
        if path.suffix == ".csv":
            return _write_csv(file, rows, schema)
        return _write_lines(file, ({name: row[name] for name in schema.names} for row in rows))


def _write_csv(file: IO[str], rows: Iterable[Row], schema: pa.Schema) -> int:
    writer = csv.DictWriter(file, schema.names, lineterminator="\n")
    writer.writeheader()
    count = 0
    for row in rows:
        writer.writerow({name: _neutral(value) for name, value in row.items()})
        count += 1
    return count


def _neutral(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def without_apostrophe(text: str) -> str:
    """The inverse of what `write_table` does to formulas in CSV."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA) else text


def _write_lines(file: IO[str], rows: Iterable[Row]) -> int:
    count = 0
    for row in rows:
        file.write(json.dumps(dict(row), ensure_ascii=False) + "\n")
        count += 1
    return count


def check_format(path: Path) -> None:
    """Refuse an output whose ending is none of `FORMATS`; raises OutputError."""
    if path.suffix not in FORMATS:
        raise OutputError(
            str(path), expected=f"a name ending in {', '.join(FORMATS)}", found=path.name, remedy="Rename --out."
        )


def _write_parquet(file: IO[bytes], rows: Iterable[Row], schema: pa.Schema) -> int:
    count, batch = 0, []
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for row in rows:
            batch.append({name: row[name] for name in schema.names})
            if len(batch) == BATCH:
                writer.write_batch(pa.RecordBatch.from_pylist(batch, schema))
                count, batch = count + BATCH, []
        writer.write_batch(pa.RecordBatch.from_pylist(batch, schema))
    return count + len(batch)


def read_json(path: Path) -> Any:
    """Read one JSON value that a stage wrote; raises InputError where it is missing or damaged."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            str(path), expected="JSON that a stage wrote", found=str(error), remedy="Run the stages: dvc repro."
        ) from None


def read_parquet(path: Path) -> list[dict[str, Any]]:
    """Read a stage's table; raises InputError where it is missing or damaged."""
    try:
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            str(path),
            expected="a table that an earlier stage wrote",
            found=str(error).split("\n")[0],
            remedy="Run the stages: dvc repro.",
        ) from None
    return rows


def read_jsonl(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give `file:line` and object of each line; raises InputError naming a line that is no object."""
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            str(path), expected="JSON lines in UTF-8", found=str(error), remedy="Check the file."
        ) from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            row = error
        if not isinstance(row, dict):
            found = f"no JSON ({row})" if isinstance(row, ValueError) else type(row).__name__
            raise InputError(f"{path}:{number}", expected="a JSON object", found=found, remedy="Correct that line.")
        yield f"{path}:{number}", row
