"""Text files: decoding, paragraphs, and the readers for records, turns and whole speeches as text."""

import re
import statistics
from collections.abc import Iterator
from pathlib import PurePath

from pipeline.countries import country_code
from pipeline.domain import Turn
from pipeline.errors import InputError
from pipeline.transcripts.paragraphs import FOOTER, Paragraph, join_lines, word_counts
from pipeline.transcripts.record import SYMBOL, opening, parse_head, read_turns

_GENERAL_DEBATE = re.compile(r"^(?P<code>[A-Z]{2,4})_(?P<session>\d{1,3})_(?P<year>\d{4})$")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_HEADER = re.compile(rf"^{SYMBOL.pattern}$")
_SENTENCE_END = re.compile(r"[.!?:;”\"’')\]…]\s*$")


def decode(data: bytes, source: str) -> str:
    """Decode UTF-8 (with or without a mark), UTF-16 with a mark, or Windows-1252; line ends become LF.

    Raises:
        InputError: nothing in it, a binary file, or an encoding that is none of these.
    """
    if not data.strip():
        raise InputError(source, expected="text", found="an empty file", remedy="Get the file again.")
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if is_text(text, guessed=encoding == "cp1252"):
            return clean(text)
    binary = b"\0" in data[:65536]
    raise InputError(
        source,
        expected="text in UTF-8, UTF-16 with a mark or Windows-1252",
        found="a binary file" if binary else "bytes of no known encoding",
        remedy="Give the transcript itself." if binary else "Convert the file to UTF-8.",
    )


def clean(text: str) -> str:
    """Line ends become LF, hard spaces plain, soft hyphens hyphens at a line's end and nothing elsewhere; NUL goes."""
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    return text.replace("\xad\n", "-\n").replace("\xad", "").replace("\f", "\n\n")


def is_text(text: str, *, guessed: bool) -> bool:
    """Whether decoded bytes look like text: few control characters and, where the encoding is a guess, few accents."""
    sample = text[:200_000]
    if len(_CONTROL.findall(sample)) > len(sample) * 0.001:
        return False
    letters = [c for c in sample if c.isalpha()] if guessed else []
    return sum(ord(c) > 127 for c in letters) <= 0.3 * len(letters)


def _is_wrapped(lines: list[str]) -> bool:
    full = [line for line in lines if line.strip()]
    if len(full) < 8:
        return False
    lengths = [len(line.rstrip()) for line in full]
    open_ended = sum(not _SENTENCE_END.search(line) for line in full)
    return statistics.quantiles(lengths, n=10)[-1] <= 130 and open_ended >= 0.5 * len(full)


def _wrapped_paragraphs(lines: list[str]) -> Iterator[list[str]]:
    """Paragraphs of hard-wrapped lines: at empty lines, indents, forms of address and short last lines."""
    usual = statistics.median(len(line.strip()) for line in lines if line.strip())
    group: list[str] = []
    for line in lines:
        ended = bool(group) and len(group[-1].strip()) < 0.75 * usual and _SENTENCE_END.search(group[-1])
        indented = line[:1].isspace() and not (group and group[-1][:1].isspace() and len(group) > 1)
        if group and (not line.strip() or indented or ended or opening(Paragraph(line.strip()))):
            yield group
            group = []
        if line.strip():
            group.append(line)
    if group:
        yield group


def split_paragraphs(text: str) -> list[str]:
    """Give a text's paragraphs, one line each; hard-wrapped lines are joined, editors' notes dropped.

    A paragraph that is wholly in square brackets is a note on the text, not a part of it.
    """
    lines = text.split("\n")
    words = word_counts(text)
    if _is_wrapped(lines):
        lines = [line for line in lines if not (_HEADER.match(line.strip()) or FOOTER.match(line.strip()))]
    groups = _wrapped_paragraphs(lines) if _is_wrapped(lines) else ([line] for line in lines)
    joined = (join_lines(group, words) for group in groups)
    paragraphs: list[str] = []
    for paragraph in joined:
        if not paragraph or re.fullmatch(r"\[[^\]]*\]", paragraph):
            continue
        if paragraphs and paragraph[0].islower() and not _SENTENCE_END.search(paragraphs[-1]):
            paragraphs[-1] = join_lines([paragraphs[-1], paragraph], words)  # a page ended here
        else:
            paragraphs.append(paragraph)
    return paragraphs


def looks_like_record(text: str) -> bool:
    """A symbol among the first lines, and the form of address of at least one turn."""
    return bool(SYMBOL.search(text[:3000])) and has_turns(text)


def has_turns(text: str) -> bool:
    """Whether some line opens a turn: `Mr. Name (Country): …`, `The President: …`."""
    return any(opening(Paragraph(line.strip())) for line in text.split("\n") if ":" in line or ";" in line)


def read_record(text: str) -> tuple[dict[str, str], Iterator[Turn]]:
    """Read a verbatim record given as text: its head's fields and its turns."""
    first = next((i for i, line in enumerate(text.split("\n")) if opening(Paragraph(line.strip()))), 0)
    head = parse_head("\n".join(text.split("\n")[: max(first, 1) + 1]))
    paragraphs = [Paragraph(p) for p in split_paragraphs(text)]
    return {"symbol": head.symbol, "body": head.body, "date": head.date}, read_turns(paragraphs, head)


def read_turns_text(text: str) -> Iterator[Turn]:
    """Read a plain text with turns in the form `Mr. Name (Country): …`."""
    return read_record(text)[1]


def read_speech(text: str, name: str) -> tuple[dict[str, str], Iterator[Turn]]:
    """Read a text that is one speech; the General Debate corpus tells state and year in its names.

    Args:
        text: the decoded file.
        name: the file's name, such as `PRK_72_2017.txt`.
    """
    match = _GENERAL_DEBATE.match(PurePath(name).stem)
    head = {"body": "General Assembly", "date": match["year"]} if match else {}
    code = country_code(match["code"]) if match else ""
    turn = Turn("\n\n".join(split_paragraphs(text)), affiliation=match["code"] if match else "", country=code)
    return head, iter([turn] if turn.text else [])
