"""Tables of speeches (`text`) or of statements (`statement`): CSV, TSV, JSONL and Parquet."""

import csv
import io
import json
import sys
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.countries import country_code
from pipeline.domain import Turn
from pipeline.errors import InputError

_OWN = ("speaker", "affiliation", "country", "language", "presiding", "date", "symbol", "previous")
Row = dict[str, str]


def delimiter(text: str) -> str | None:
    """Give the delimiter if the first line is a header that names `text` or `statement`."""
    header = text.split("\n", 1)[0]
    for mark in ("\t", ",", ";"):
        names = {name.strip().strip('"').casefold() for name in header.split(mark)}
        if names & {"text", "statement"}:
            return mark
    return None


def read_csv(text: str, source: str) -> list[Row]:
    """Read CSV or TSV rows; raises InputError naming the line that does not fit the header."""
    mark = delimiter(text) or ("\t" if "\t" in text.split("\n", 1)[0] else ",")
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    rows: list[Row] = []
    try:
        header = [name.strip() for name in next(reader)]
        for cells in reader:
            if len(cells) != len(header) and cells:
                raise InputError(
                    f"{source}:{reader.line_num}",
                    expected=f"{len(header)} fields, as in the header",
                    found=f"{len(cells)}",
                    remedy="Quote fields that hold the delimiter, or correct the line.",
                )
            if cells:
                rows.append(dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise InputError(
            f"{source}:{reader.line_num}", expected="CSV", found=str(error), remedy="Correct the quoting."
        ) from None
    return _checked(rows, header, source)


def read_jsonl(text: str, source: str) -> list[Row]:
    """Read one JSON object a line; raises InputError naming the line that is none."""
    rows: list[Row] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
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
        rows.append({str(key): _string(value) for key, value in row.items()})
    return _checked(rows, list(dict.fromkeys(key for row in rows for key in row)), source)


def read_parquet(data: bytes, source: str) -> list[Row]:
    """Read a Parquet file's rows; raises InputError where it is damaged."""
    try:
        table = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            source, expected="a Parquet file", found=str(error).split("\n")[0], remedy="Write it again."
        ) from None
    rows = [{k: _string(v) for k, v in row.items()} for row in table.to_pylist()]
    return _checked(rows, table.column_names, source)


def _string(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(value, ensure_ascii=False, default=str).strip('"')


def _checked(rows: list[Row], header: list[str], source: str) -> list[Row]:
    names = {name.casefold() for name in header}
    if not names & {"text", "statement"}:
        raise InputError(
            source,
            expected="a column 'text' (speeches) or 'statement' (sentences)",
            found=f"columns {', '.join(header) or 'none'}",
            remedy="Rename the column that holds the words.",
        )
    if not rows:
        raise InputError(source, expected="rows", found="a header alone", remedy="Add rows or leave it out.")
    return rows


def read_rows(rows: list[Row]) -> Iterator[tuple[dict[str, str], Turn]]:
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
