"""Verbatim records as PDF: pages to paragraphs in reading order, with bold and italic.

The text layer's own order and spaces are kept; positions only tell columns, indents and gaps, since
tight justification in older records makes words run together where they are split by position.
"""

import ctypes
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from pipeline.errors import InputError
from pipeline.transcripts.paragraphs import FOOTER, Paragraph, join_lines, word_counts
from pipeline.transcripts.record import SYMBOL

MAX_PAGES = 5_000
_HEADER_GAP = 17.0  # points between a page's running header or footer and its body, at least
_INDENT = 9.0  # points from which a line counts as indented
_HEADER = re.compile(
    rf"{SYMBOL.pattern}|^Security Council\b.*meeting$|^\S+ (?:session|year)\b.*\d{{4}}$|^General Assembly\b.*meeting$",
    re.IGNORECASE,
)
_DISCLAIMER = re.compile(r"This record contains the (?:original )?text of speeches")


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    page: int
    column: int
    x: float
    y: float
    bold: int
    italic: float


def _typeface(page: ctypes.c_void_p, index: int) -> tuple[bool, bool]:
    """Whether a character is bold, and whether it is italic, by its font's name and weight."""
    flags = ctypes.c_int()
    length = raw.FPDFText_GetFontInfo(page, index, None, 0, flags)
    name = ctypes.create_string_buffer(max(length, 1))
    raw.FPDFText_GetFontInfo(page, index, name, length, flags)
    font = name.value.lower()
    bold = b"bold" in font or raw.FPDFText_GetFontWeight(page, index) >= 600
    return bold, b"italic" in font or b"oblique" in font or bool(flags.value & 64)


def _make_line(page: ctypes.c_void_p, text: str, start: int, number: int, middle: float) -> _Line | None:
    inked = [i for i, char in enumerate(text) if not char.isspace()]
    if not inked:
        return None
    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(page, start + inked[0], x, y)
    faces = [(i, *_typeface(page, start + i)) for i in inked if text[i].isalnum() or i == inked[0]]
    plain = next((i for i, bold, _ in faces if not bold), len(text))
    letters = max(1, sum(text[i].isalnum() for i, *_ in faces))
    italic = sum(is_italic for i, _, is_italic in faces if text[i].isalnum()) / letters
    column = int(x.value >= middle)
    return _Line(text.strip(), number, column, x.value, y.value, len(text[:plain].strip()), italic)


def _page_lines(page: pdfium.PdfPage, number: int) -> list[_Line]:
    textpage = page.get_textpage()
    handle = textpage.raw
    count = raw.FPDFText_CountChars(handle)
    codes = (raw.FPDFText_GetUnicode(handle, i) for i in range(count))
    # pdfium marks a hyphen at a line's end as U+0002 or U+FFFE and leaves the break out.
    text = "".join(
        "-" if code in (0x2, 0xFFFE, 0xAD) else "\ufffd" if 0xD800 <= code < 0xE000 or code == 0 else chr(code)
        for code in codes
    )
    middle = page.get_width() / 2 - 12
    lines, start = [], 0
    for part in text.split("\n"):
        for piece, offset in _at_jumps(handle, part, start):
            line = _make_line(handle, piece, start + offset, number, middle)
            if line:
                lines.append(line)
        start += len(part) + 1
    return lines


def _read_page(document: pdfium.PdfDocument, number: int, source: str) -> list[_Line]:
    try:
        return _page_lines(document[number], number)
    except pdfium.PdfiumError as error:
        raise InputError(
            source,
            expected="a PDF whose pages can be read",
            found=f"page {number + 1}: {error}",
            remedy="Download it again.",
        ) from None


def _at_jumps(page: ctypes.c_void_p, text: str, start: int) -> Iterator[tuple[str, int]]:
    """Split where the text goes down to another line without a line end (after a hyphen)."""
    begin, x, y = 0, ctypes.c_double(), ctypes.c_double()
    for match in re.finditer(r"-(?=\S)", text):
        raw.FPDFText_GetCharOrigin(page, start + match.start(), x, y)
        before = y.value
        raw.FPDFText_GetCharOrigin(page, start + match.end(), x, y)
        if abs(before - y.value) > 4:
            yield text[begin : match.end()], begin
            begin = match.end()
    yield text[begin:], begin


def _edge(lines: list[_Line], *, top: bool) -> set[int]:
    """Indices of the block of lines at a page's top or bottom, up to the first wide gap."""
    order = sorted(range(len(lines)), key=lambda i: lines[i].y, reverse=top)
    for count, (before, index) in enumerate(pairwise(order), 1):
        if abs(lines[index].y - lines[before].y) >= _HEADER_GAP:
            return set(order[:count])
    return set()


def _without_margins(lines: list[_Line]) -> list[_Line]:
    """Drop the running header and footer of a page."""
    drop: set[int] = set()
    for top, pattern in ((True, _HEADER), (False, FOOTER)):
        block = _edge(lines, top=top)
        if len(block) <= 4 and any(pattern.search(lines[i].text) for i in block):
            drop |= block
    return [line for i, line in enumerate(lines) if i not in drop]


def _without_disclaimer(lines: list[_Line]) -> list[_Line]:
    """Drop the note on corrections, at the first page's foot or under its head."""
    note = next((line for line in lines if _DISCLAIMER.search(line.text)), None)
    if note is None:
        return lines
    low = note.y < 300
    block, bottom = set(), note.y
    for i, line in sorted(enumerate(lines), key=lambda pair: -pair[1].y):
        if line.y <= note.y + 1 and (low or bottom - line.y < _HEADER_GAP):
            block.add(i)
            bottom = line.y
    return [line for i, line in enumerate(lines) if i not in block]


def _margins(lines: list[_Line]) -> dict[tuple[int, int], float]:
    """The left edge of each column, told apart for odd and even pages."""
    found: dict[tuple[int, int], Counter[float]] = {}
    for line in lines:
        found.setdefault((line.page % 2, line.column), Counter())[round(line.x)] += 1
    return {
        place: min(x for x, n in counts.items() if n >= 0.2 * max(counts.values())) for place, counts in found.items()
    }


def _leading(lines: list[_Line]) -> float:
    gaps = Counter(
        round(a.y - b.y) for a, b in pairwise(lines) if (a.page, a.column) == (b.page, b.column) and 6 < a.y - b.y < 40
    )
    return float(gaps.most_common(1)[0][0]) if gaps else 12.0


def _starts_paragraph(
    line: _Line, before: _Line, after: _Line | None, indent: dict[int, float], leading: float
) -> bool:
    if (line.page, line.column) == (before.page, before.column):
        gap = before.y - line.y
        return gap > 1.3 * leading or gap < -leading or line.x > before.x + _INDENT
    if indent[id(line)] < _INDENT:  # flush left at the top of a column
        return line.bold > 0 and before.bold == 0
    block = after is not None and abs(after.x - line.x) < 2 and 0 < line.y - after.y < 1.3 * leading
    if line.bold or line.italic > 0.6 or not block:
        return True
    return indent[id(before)] < _INDENT  # an indented block goes on only if it was one before


def _group(lines: list[_Line]) -> Iterator[list[_Line]]:
    margins, leading = _margins(lines), _leading(lines)
    indent = {id(line): line.x - margins[line.page % 2, line.column] for line in lines}
    group: list[_Line] = []
    for i, line in enumerate(lines):
        after = lines[i + 1] if i + 1 < len(lines) else None
        if group and _starts_paragraph(line, group[-1], after, indent, leading):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _paragraph(group: list[_Line], words: Counter[str]) -> Paragraph:
    text = join_lines([line.text for line in group], words, typeset=True)
    bold = 0
    for line in group:
        bold += line.bold
        if line.bold < len(line.text):
            break
        bold += 1
    letters = sum(len(line.text) for line in group)
    italic = sum(line.italic * len(line.text) for line in group) / letters
    return Paragraph(text, min(bold, len(text)), italic)


def open_pdf(data: bytes, source: str) -> pdfium.PdfDocument:
    """Open a PDF from memory.

    Raises:
        InputError: it is encrypted, damaged, or longer than `MAX_PAGES` pages.
    """
    try:
        document = pdfium.PdfDocument(data)
        pages = len(document)
    except pdfium.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise InputError(
            source,
            expected="a PDF that can be opened",
            found="one that asks for a password" if locked else "a damaged or truncated one",
            remedy="Save it without a password." if locked else "Download the file again.",
        ) from None
    if not 0 < pages <= MAX_PAGES:
        raise InputError(source, expected=f"1 to {MAX_PAGES} pages", found=f"{pages}", remedy="Split the file.")
    return document


def read_pdf(data: bytes, source: str) -> tuple[str, list[Paragraph]]:
    """Read a record's pages.

    Args:
        data: the file's bytes.
        source: its name, for messages.

    Returns:
        The first page's head as lines, and the paragraphs of all pages, headers, footers and the
        note on corrections left out.

    Raises:
        InputError: the file cannot be opened, or has no usable text layer.
    """
    document = open_pdf(data, source)
    lines: list[_Line] = []
    head = ""
    for number in range(len(document)):
        found = _read_page(document, number, source)
        if number == 0:
            head = "\n".join(line.text for line in found)
            found = _without_disclaimer(found)
        else:
            found = _without_margins(found)
        lines += found
    text = "\n".join(line.text for line in lines)
    if sum(char.isalpha() for char in text) < 40 * len(document):
        raise InputError(
            source,
            expected="a PDF with a text layer",
            found=f"{sum(map(str.isalpha, text))} letters on {len(document)} page(s)",
            remedy="It seems to be a scan: run text recognition (OCR) over it first.",
        )
    words = word_counts(text)
    return head, [_paragraph(group, words) for group in _group(lines)]


def read_pdf_file(path: Path) -> tuple[str, list[Paragraph]]:
    """Read a record from disk; see `read_pdf`."""
    return read_pdf(path.read_bytes(), str(path))
