"""Readers: a file to its speeches. The kind is told from the content, not from the name."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.domain import Reject, Speech, Transcript, Turn
from pipeline.errors import InputError
from pipeline.transcripts import council, news, record, stream, tables, text, webcast
from pipeline.transcripts.pdf import read_pdf

MAX_BYTES = 512 * 1024 * 1024  # of one file that is read whole
MAX_LINE = 5_000_000  # characters of a line of text that is no table
MAX_TEXT = 1_000_000  # characters of one speech; the longest given at the United Nations have some 200,000
_METADATA = ("speaker.tsv", "meta.tsv")
Head = dict[str, str]
OnReject = Callable[[Reject], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read: where it is, and its path below the folder that was given, without suffix."""

    path: Path
    name: str


def find_sources(paths: Iterable[str]) -> Iterator[Source]:
    """Give the files that paths, folders and globs stand for, in a stable order, each once.

    Hidden files (macOS archives bring `._*`) and the council corpus's metadata are passed over.

    Raises:
        InputError: a path or glob that stands for nothing.
    """
    seen: set[Path] = set()
    for given in paths:
        for root in _roots(given):
            files = sorted(p for p in root.rglob("*") if p.is_file()) if root.is_dir() else [root]
            for path in files:
                relative = path.relative_to(root) if root.is_dir() else Path(path.name)
                hidden = root.is_dir() and any(part.startswith(".") for part in relative.parts)
                if hidden or path.name in _METADATA or path.resolve() in seen:
                    continue
                seen.add(path.resolve())
                yield Source(path, relative.with_suffix("").as_posix())


def metadata_of(path: Path) -> list[Path]:
    """The council corpus's metadata that is read with a file, where it lies beside it or a folder above."""
    return [found for folder in list(path.parents)[:2] for name in _METADATA if (found := folder / name).is_file()]


def _roots(given: str) -> list[Path]:
    path = Path(given)
    if path.exists():
        return [path]
    found = sorted(Path(path.anchor or ".").glob(str(path.relative_to(path.anchor or "."))))
    if not found:
        raise InputError(given, expected="a file, a folder or a glob", found="nothing there", remedy="Check the path.")
    return found


class Reader:
    """Reads sources one after the other; what cannot be read goes to `on_reject` and the rest goes on.

    A transcript with the identifier of an earlier one (the same record as PDF and as text, say) is
    rejected, since its statements would count twice under the same identifiers.
    """

    def __init__(self, on_reject: OnReject) -> None:
        self.consumed = 0  # bytes of the sources read so far
        self._reject = on_reject
        self._corpora: dict[Path, council.CouncilCorpus] = {}
        self._owners: dict[str, str] = {}

    def read(self, source: Source) -> Iterator[Speech]:
        """Give a source's speeches in order."""
        try:
            yield from self._speeches(source)
        except InputError as error:
            self._reject(Reject(error.where, f"expected {error.expected}; found {error.found}", error.remedy))
        except OSError as error:
            self._reject(Reject(str(source.path), f"cannot be read: {error.strerror}", "Check its permissions."))

    def _speeches(self, source: Source) -> Iterator[Speech]:
        with source.path.open("rb") as file:
            start = file.read(65536)
        if council.is_speech_file(source.path.name):
            yield from self._council([(source.path.name, source.path.read_bytes())], source)
        elif start[257:262] == b"ustar" or (start[:2] in (b"\x1f\x8b", b"BZ") and council.is_tar(source.path)):
            yield from self._council(council.tar_speeches(source.path), source)
        else:
            yield from self._one_file(source)

    def _one_file(self, source: Source) -> Iterator[Speech]:
        digest, kind, items = self._identified(source.path)
        number, spoken = 0, False
        transcript: Transcript | None = None
        for number, (head, turn) in enumerate(items, 1):
            if transcript is None:
                transcript = self._claim(source.name, str(source.path), digest, kind, head)
            if len(turn.text) > MAX_TEXT:
                self._too_long(f"{source.path}, speech {number}", turn)
                spoken = True
            elif turn.text:
                spoken = True
                yield _speech(_with_head(transcript, head), number, turn)
        if not spoken:
            raise InputError(
                str(source.path),
                expected="at least one speech",
                found=f"none in a file that looks like {kind}",
                remedy="Check that it is a transcript; summary records (SR) are none.",
            )

    def _identified(self, path: Path) -> tuple[str, str, Iterator[tuple[Head, Turn]]]:
        """SHA-256, kind and turns of a file; a large table is streamed, anything else is read whole."""
        if path.stat().st_size > stream.LARGE and stream.is_table(path):
            return file_digest(path), "table", tables.read_rows(stream.stream(path, self._count))
        data = _bytes(path)
        self._count(len(data))
        return hashlib.sha256(data).hexdigest(), *identify(data, str(path))

    def _count(self, size: int) -> None:
        self.consumed += size

    def _claim(self, name: str, path: str, digest: str, kind: str, head: Head) -> Transcript:
        by_symbol = kind in ("record-pdf", "record-text", "webcast") and head.get("symbol")
        transcript_id = str(by_symbol or name)
        owner = self._owners.setdefault(transcript_id, path)
        if owner != path:
            raise InputError(
                path,
                expected="each transcript once",
                found=f"{transcript_id} again, read from {owner} already",
                remedy="Leave one out, or give the folder above both.",
            )
        symbol, body, date = (head.get(name, "") for name in ("symbol", "body", "date"))
        return Transcript(transcript_id, path, digest, kind, symbol, body, date)

    def _council(self, files: Iterable[tuple[str, bytes | None]], source: Source) -> Iterator[Speech]:
        corpus = self._corpus(source.path)
        for name, data in files:
            self.consumed += len(data or b"")
            where = str(source.path) if source.path.name == name else f"{source.path}/{name}"
            if data is None:
                limit = f"larger than {council.MAX_SPEECH} bytes"
                self._reject(Reject(where, limit, "Look whether it is one speech."))
                continue
            try:
                base, order, head, turn = corpus.read(data, name)
            except InputError as error:
                self._reject(Reject(where, f"expected {error.expected}; found {error.found}", error.remedy))
                continue
            digest = hashlib.sha256(data).hexdigest()
            transcript = Transcript(base, where, digest, "council-corpus", head["symbol"], head["body"], head["date"])
            if len(turn.text) > MAX_TEXT:
                self._too_long(where, turn)
            elif turn.text:
                yield _speech(transcript, order, turn)
            else:
                self._reject(Reject(where, "a speech without words", "Nothing to do."))

    def _too_long(self, where: str, turn: Turn) -> None:
        reason = f"expected a speech of at most {MAX_TEXT:,} characters; found {len(turn.text):,}"
        self._reject(Reject(where, reason, "Look whether it is one speech, and divide it."))

    def _corpus(self, path: Path) -> council.CouncilCorpus:
        folder = next((p for p in list(path.parents)[:2] if (p / "speaker.tsv").is_file()), path.parent)
        return (
            self._corpora.setdefault(folder, council.CouncilCorpus(folder))
            if folder not in self._corpora
            else (self._corpora[folder])
        )


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bytes(path: Path) -> bytes:
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise InputError(
            str(path), expected=f"at most {MAX_BYTES:,} bytes", found=f"{size:,}", remedy="Split the file."
        )
    return path.read_bytes()


def _speech(transcript: Transcript, order: int, turn: Turn) -> Speech:
    return Speech(f"{transcript.transcript_id}:{order}", order, transcript, turn)


def _with_head(transcript: Transcript, head: Head) -> Transcript:
    """The transcript with a row's own symbol and date, where a table has them by row."""
    if head.get("symbol", "") == transcript.symbol and head.get("date", "") == transcript.date:
        return transcript
    fields = {name: getattr(transcript, name) for name in ("transcript_id", "source", "sha256", "kind", "body")}
    return Transcript(**fields, symbol=head.get("symbol", ""), date=head.get("date", ""))


def identify(data: bytes, source: str) -> tuple[str, Iterator[tuple[Head, Turn]]]:
    """Tell a file's kind from its content and read it.

    Args:
        data: the whole file.
        source: its path, for messages and for the General Debate corpus's file names.

    Returns:
        The kind, and the file's heads and turns in order.

    Raises:
        InputError: nothing here can read it.
    """
    if data[:1024].lstrip()[:5] == b"%PDF-":
        head, paragraphs = read_pdf(data, source)
        fields = record.parse_head(head)
        named = {"symbol": fields.symbol, "body": fields.body, "date": fields.date}
        return "record-pdf", _same_head(named, record.read_turns(paragraphs, fields))
    if data[:4] == b"PAR1":
        return "table", tables.read_rows(stream.parquet_rows(pa.BufferReader(data), source, len(data)))
    return _identify_text(text.decode(data, source), source)


def _identify_text(content: str, source: str) -> tuple[str, Iterator[tuple[Head, Turn]]]:
    if content.lstrip()[:1] == "{":
        document = _json_document(content)
        if document is not None:
            return "webcast", _same_head(*webcast.read_webcast(document, source))
        return "table", tables.read_rows(tables.read_jsonl(content, source))
    if tables.delimiter(content) or Path(source).suffix.lower() in (".csv", ".tsv"):
        return "table", tables.read_rows(tables.read_csv(content, source))
    _check_lines(content, source)
    if text.looks_like_record(content):
        return "record-text", _same_head(*text.read_record(content))
    if news.looks_like_news(content):
        return "news", _same_head({}, news.read_news(content))
    if text.has_turns(content):
        return "turns", _same_head({}, text.read_turns_text(content))
    return "speech", _same_head(*text.read_speech(content, source))


def _check_lines(content: str, source: str) -> None:
    longest = max(map(len, content.split("\n")), default=0)
    if longest > MAX_LINE:
        raise InputError(
            source,
            expected=f"lines of at most {MAX_LINE:,} characters",
            found=f"{longest:,}",
            remedy="Divide its text.",
        )


def _json_document(content: str) -> dict[str, Any] | None:
    """The file as one JSON object, if it is a webcast's; None where it is lines of JSON."""
    if '"transcript"' not in content[:200_000]:
        return None
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and "transcript" in document else None


def _same_head(head: Head, turns: Iterable[Turn]) -> Iterator[tuple[Head, Turn]]:
    return ((head, turn) for turn in turns)
