"""Stage: transcripts to statements and rejects."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.domain import Reject, Speech, Statement
from pipeline.errors import InputError
from pipeline.sentences import sentence_spans
from pipeline.tables import STATEMENTS, own_column, statement_row, write_rejects, write_table
from pipeline.transcripts import Reader, find_sources


@dataclass(slots=True)
class Summary:
    """What a run over files came to."""

    files: int = 0
    speeches: int = 0
    statements: int = 0
    consumed: int = 0  # bytes of the inputs
    rejects: list[Reject] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.files:,} file(s): {self.speeches:,} speeches, {self.statements:,} statements; "
            f"{len(self.rejects):,} rejected"
        )


def statements_of(speech: Speech) -> Iterator[Statement]:
    """Split a speech into statements, each with the one before it in the same speech."""
    text = speech.turn.text
    if speech.turn.previous is not None:
        yield _statement(speech, 0, len(text), speech.turn.previous)
        return
    previous = ""
    for start, end in sentence_spans(text):
        yield _statement(speech, start, end, previous)
        previous = text[start:end]


def _statement(speech: Speech, start: int, end: int, previous: str) -> Statement:
    text = speech.turn.text[start:end]
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return Statement(f"{speech.speech_id}:{start}:{digest}", speech, start, end, previous, text)


def read_statements(paths: Iterable[str], summary: Summary, *, strict: bool = False) -> Iterator[Statement]:
    """Read all statements of files, folders and globs, counting in `summary` as it goes.

    Raises:
        InputError: a path that stands for nothing; with `strict`, the first file that cannot be read.
    """

    def reject(found: Reject) -> None:
        if strict:
            raise _refused(found)
        summary.rejects.append(found)

    reader = Reader(reject)
    for source in find_sources(paths):
        summary.files += 1
        for speech in reader.read(source):
            summary.speeches += 1
            summary.consumed = reader.consumed
            for statement in statements_of(speech):
                summary.statements += 1
                yield statement
    if not summary.statements:
        first = summary.rejects[0] if summary.rejects else None
        raise (
            _refused(first)
            if first
            else InputError(
                ", ".join(paths), expected="at least one transcript", found="no file", remedy="Check the path."
            )
        )


def _refused(found: Reject) -> InputError:
    expected, _, reality = found.reason.removeprefix("expected ").partition("; found ")
    return InputError(found.source, expected=expected, found=reality or found.reason, remedy=found.remedy)


def own_columns(paths: Iterable[str]) -> list[str]:
    """Name the tables' own columns, in the order in which they first appear."""
    names: dict[str, None] = {}
    reader = Reader(lambda _: None)
    for source in find_sources(paths):
        if source.path.suffix.lower() in (".txt", ".md", ".pdf", ".tar", ".gz"):
            continue
        for speech in reader.read(source):
            names.update(dict.fromkeys(speech.turn.extra))
    return list(names)


def with_own(row: dict[str, Any], statement: Statement, own: dict[str, str]) -> dict[str, Any]:
    """Add a table's own columns to a row, under the names that `own` gives them."""
    extra = statement.speech.turn.extra
    return row | {column: extra.get(name, "") for name, column in own.items()}


def name_own(paths: list[str], taken: Iterable[str]) -> dict[str, str]:
    """Map each of the tables' own columns to its name in the output, none of them twice."""
    names: dict[str, str] = {}
    used = set(taken)
    for name in own_columns(paths):
        column = name
        while column in used:
            column = own_column(column, used)
        names[name] = column
        used.add(column)
    return names


def segment(paths: list[str], out: Path, rejects: Path | None, *, strict: bool = False) -> Summary:
    """Write the statements of transcripts as a table, a row each, in input order.

    Args:
        paths: files, folders and globs.
        out: Parquet, CSV or JSONL, by its ending.
        rejects: where what could not be read is written down; None: only counted.
        strict: whether the first such file is an error.
    """
    summary = Summary()
    own = name_own(paths, STATEMENTS.names)
    schema = pa.schema([*STATEMENTS, *((column, pa.string()) for column in own.values())])
    found = read_statements(paths, summary, strict=strict)
    write_table(out, (with_own(statement_row(s), s, own) for s in found), schema)
    if rejects is not None:
        write_rejects(rejects, summary.rejects)
    return summary
