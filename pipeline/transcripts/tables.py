"""Tables of speeches (`text`) or of statements (`statement`): CSV, TSV, JSONL and Parquet."""

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow.parquet as pq

from pipeline.countries import country_code
from pipeline.domain import Turn
from pipeline.errors import InputError

_OWN = ("speaker", "affiliation", "country", "language", "presiding", "date", "symbol", "previous")
_MANY_ROWS = 10_000  # a small table may be of rows that repeat
_MAX_GROUP = 1 << 29  # bytes of a row group, unpacked
Row = dict[str, str]


def delimiter(text: str) -> str | None:
    """Give the delimiter if the first line is a header that names `text` or `statement`."""
    header = text.split("\n", 1)[0]
    for mark in ("\t", ",", ";"):
        names = {name.strip().strip('"').casefold() for name in header.split(mark)}
        if names & {"text", "statement"}:
            return mark
    return None


def csv_rows(lines: Iterable[str], source: str, mark: str) -> Iterator[Row]:
    """Give CSV or TSV rows; raises InputError naming the line that does not fit the header."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    reader = csv.reader(lines, delimiter=mark, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        for cells in reader:
            if len(cells) != len(header) and cells:
                raise InputError(
                    f"{source}:{reader.line_num}",
                    expected=f"{len(header)} fields, as in the header",
                    found=f"{len(cells)}",
                    remedy="Quote fields that hold the delimiter, or correct the line.",
                )
            if cells:
                yield dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise InputError(
            f"{source}:{reader.line_num}", expected="CSV", found=str(error), remedy="Correct the quoting."
        ) from None


def read_csv(text: str, source: str) -> list[Row]:
    """Read CSV or TSV rows; raises InputError naming the line that does not fit the header."""
    header = text.split("\n", 1)[0]
    mark = delimiter(text) or ("\t" if "\t" in header else ",")
    rows = list(csv_rows(io.StringIO(text, newline=""), source, mark))
    names = list(rows[0]) if rows else [name.strip() for name in next(csv.reader([header], delimiter=mark), [])]
    check_header(names, source, empty=not rows)
    return rows


def jsonl_rows(lines: Iterable[str], source: str) -> Iterator[Row]:
    """Give one JSON object a line as a row; raises InputError naming the line that is none."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line.rstrip("\n"))
        except (ValueError, RecursionError) as error:
            row = f"no JSON ({error})"
        if not isinstance(row, dict):
            found = row if isinstance(row, str) else f"JSON of another kind ({type(row).__name__})"
            raise InputError(
                f"{source}:{number}",
                expected="a JSON object a line",
                found=found,
                remedy="Correct that line.",
            )
        yield {as_text(key): as_text(value) for key, value in row.items()}


def read_jsonl(text: str, source: str) -> list[Row]:
    """Read one JSON object a line; raises InputError naming the line that is none."""
    rows = list(jsonl_rows(text.split("\n"), source))
    check_header(list(dict.fromkeys(key for row in rows for key in row)), source, empty=not rows)
    return rows


def check_parquet(metadata: pq.FileMetaData, source: str, size: int) -> None:
    """Refuse a Parquet file that unpacks to far more than it holds, before it is unpacked; raises InputError."""
    groups = [metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)]
    if metadata.num_rows > max(_MANY_ROWS, size) or max(groups, default=0) > _MAX_GROUP:
        raise InputError(
            source,
            expected=f"at most a row a byte and row groups of {_MAX_GROUP:,} bytes",
            found=f"{metadata.num_rows:,} rows in {size:,} bytes, row groups up to {max(groups, default=0):,}",
            remedy="Write it again with smaller row groups.",
        )


def as_text(value: Any) -> str:
    """A value as text: JSON where it is neither text nor empty; lone surrogates become "?", NUL goes."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    try:
        return as_text(json.dumps(value, ensure_ascii=False, default=str).strip('"'))
    except RecursionError:
        return "(nested too deeply)"


def check_header(header: list[str], source: str, *, empty: bool) -> None:
    """Refuse a table without words, or without rows; raises InputError."""
    names = {name.casefold() for name in header}
    if not names & {"text", "statement"}:
        raise InputError(
            source,
            expected="a column 'text' (speeches) or 'statement' (sentences)",
            found=f"columns {', '.join(header) or 'none'}",
            remedy="Rename the column that holds the words.",
        )
    if empty:
        raise InputError(source, expected="rows", found="a header alone", remedy="Add rows or leave it out.")


def read_rows(rows: Iterable[Row]) -> Iterator[tuple[dict[str, str], Turn]]:
    """Give each row's head (`symbol`, `date`) and turn.

    Rows with a `statement` are statements already, with their `previous` if there is one; the others'
    `text` is a speech. Columns that mean nothing here are kept as the turn's own. Rows without words
    are given too, so that an empty one is counted as such.
    """
    for row in rows:
        known = {name.casefold(): name for name in row}
        cell = {name: row[known[name]].strip() for name in _OWN if name in known}
        words = "statement" if "statement" in known else "text"
        used = {known[name] for name in (*cell, words) if name in known}
        affiliation = cell.get("affiliation") or cell.get("country", "")
        turn = Turn(
            text=row.get(known.get(words, ""), "").replace("\r\n", "\n").strip(),
            speaker=cell.get("speaker", ""),
            affiliation=affiliation,
            country=country_code(cell.get("country") or affiliation),
            presiding=cell.get("presiding", "").casefold() in ("true", "1", "yes"),
            language=cell.get("language", ""),
            previous=cell.get("previous", "") if words == "statement" else None,
            extra={name: value for name, value in row.items() if name not in used},
        )
        yield {"symbol": cell.get("symbol", ""), "date": cell.get("date", "")}, turn
