"""Large tables, row by row: a first pass checks the whole file, a second gives its rows; memory stays flat."""

import codecs
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.errors import InputError
from pipeline.transcripts import tables
from pipeline.transcripts.tables import Row
from pipeline.transcripts.text import clean, is_text

LARGE = 16 * 1024 * 1024  # bytes from which a table is streamed
_MAX_LINE = 256 * 1024 * 1024  # characters
_MAX_CELL = 5_000_000  # bytes of a value in Parquet
_HEAD = 200_000
_BATCH = 1024  # rows of Parquet in memory at once
Count = Callable[[int], None]


def is_table(path: Path) -> bool:
    """Whether a file starts as a table does: Parquet's mark, a header that names the words, or an object a line."""
    with path.open("rb") as file:
        start = file.read(_HEAD)
    if start[:4] == b"PAR1":
        return True
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return False
    text = start.decode("utf-8", "replace").lstrip("\ufeff")
    if text.lstrip()[:1] == "{":
        return '"transcript"' not in text or _is_object(text.split("\n", 1)[0])
    return tables.delimiter(text) is not None


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def stream(path: Path, count: Count) -> Iterator[Row]:
    """Give a large table's rows.

    Args:
        path: a file that `is_table` knows.
        count: called with the bytes consumed since its last call.

    Raises:
        InputError: the file does not fit, anywhere; no row has been given then.
    """
    with path.open("rb") as file:
        mark = file.read(4)
    if mark == b"PAR1":
        with path.open("rb") as file:
            yield from parquet_rows(pa.PythonFile(file, "r"), str(path), path.stat().st_size, count)
        return
    encoding = _encoding(path)
    first, names = False, dict[str, None]()
    for row in _rows(path, encoding, lambda _: None):
        first = True
        names.update(dict.fromkeys(row))
    tables.check_header(list(names), str(path), empty=not first)
    yield from _rows(path, encoding, count)


def _rows(path: Path, encoding: str, count: Count) -> Iterator[Row]:
    lines = _lines(path, encoding, count)
    with path.open(encoding=encoding) as file:
        head = file.read(_HEAD)
    if head.lstrip()[:1] == "{":
        return tables.jsonl_rows(lines, str(path))
    return tables.csv_rows(lines, str(path), tables.delimiter(head) or ",")


def _encoding(path: Path) -> str:
    """UTF-8, or Windows-1252 where that fails; raises InputError for a binary file."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    encoding = "utf-8-sig"
    with path.open("rb") as file:
        try:
            while part := file.read(1 << 20):
                decoder.decode(part)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            encoding = "cp1252"
    with path.open(encoding=encoding, errors="replace") as text:
        if not is_text(text.read(_HEAD), guessed=encoding == "cp1252"):
            raise InputError(
                str(path), expected="text", found="bytes of no known encoding", remedy="Convert the file to UTF-8."
            )
    return encoding


def _lines(path: Path, encoding: str, count: Count) -> Iterator[str]:
    with path.open(encoding=encoding, errors="replace") as file:
        while line := file.readline(_MAX_LINE):
            if len(line) == _MAX_LINE:
                raise InputError(
                    str(path),
                    expected=f"lines below {_MAX_LINE:,} characters",
                    found="a longer one",
                    remedy="Split it.",
                )
            count(len(line))
            yield clean(line)


def parquet_rows(source: pa.NativeFile, name: str, size: int, count: Count = lambda _: None) -> Iterator[Row]:
    """Give a Parquet table's rows, batch by batch, after decoding it once to see that it is whole.

    Args:
        source: the open file.
        name: its path, for messages.
        size: its bytes.
        count: called with the bytes consumed since its last call.

    Raises:
        InputError: it is damaged, has not the columns, or unpacks to far more than it holds.
    """
    try:
        file = _with_dictionaries(source)
        tables.check_parquet(file.metadata, name, size)
        tables.check_header(file.schema_arrow.names, name, empty=file.metadata.num_rows == 0)
        for batch in file.iter_batches(_BATCH):
            _check_cells(batch, name)
        for batch in file.iter_batches(_BATCH):
            count(round(size * batch.num_rows / file.metadata.num_rows))
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            for i in range(batch.num_rows):  # row by row, since a value that recurs is one in the file
                yield {name: tables.as_text(column[i].as_py()) for name, column in columns.items()}
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(
            name, expected="a Parquet file", found=str(error).split("\n")[0], remedy="Write it again."
        ) from None


def _check_cells(batch: pa.RecordBatch, name: str) -> None:
    for column in batch.columns:
        values = column.dictionary if pa.types.is_dictionary(column.type) else column
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            longest = pc.max(pc.binary_length(values)).as_py() or 0
            if longest > _MAX_CELL:
                raise InputError(
                    name, expected=f"cells of at most {_MAX_CELL:,} bytes", found=f"{longest:,}", remedy="Divide them."
                )


def _with_dictionaries(source: pa.NativeFile) -> pq.ParquetFile:
    """Open a Parquet file so that a text that recurs is held once, however often it does."""
    schema = pq.ParquetFile(source).schema_arrow
    source.seek(0)
    texts = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
    return pq.ParquetFile(source, read_dictionary=texts)
