"""Draw a record given as text as a PDF laid out like the United Nations': `python -m tests.rendering IN OUT`.

Two columns as until about 2023, one with `--columns 1` as since. The bytes depend on the text alone.
"""

import argparse
import io
import re
from pathlib import Path
from xml.sax.saxutils import escape

from pypdf import PdfReader, PdfWriter
from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, NextPageTemplate, PageTemplate, Paragraph

from pipeline.tables import whole
from pipeline.transcripts.paragraphs import Paragraph as Plain
from pipeline.transcripts.record import opening, parse_head

WIDTH, HEIGHT = LETTER
MARGIN, GUTTER, FOOT = 54, 18, 60
BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=10, leading=12, alignment=TA_JUSTIFY, spaceAfter=7)
TURN = ParagraphStyle("turn", parent=BODY, firstLineIndent=18)
STAGE = ParagraphStyle("stage", parent=BODY, leftIndent=30, fontName="Times-Italic")
HEADING = ParagraphStyle("heading", parent=BODY, fontName="Times-Bold", spaceBefore=4)
DISCLAIMER = (
    "This record contains the text of speeches delivered in English and of the translation of speeches delivered in "
    "other languages. It was invented and drawn for the tests of a software project; nobody said these words."
)
_STAGE_DIRECTION = re.compile(
    r"^(?:The meeting |The agenda was|A vote was|The draft resolution |It was so|In favour|Against|Abst)"
)


def _styled(paragraph: str) -> Paragraph:
    """A paragraph in the type that a record gives it: bold names, italic directions, bold headings."""
    begins = opening(Plain(paragraph))
    if begins:
        name = re.match(r"[^(:]*", paragraph)
        assert name is not None
        split = len(name[0].rstrip())
        return Paragraph(f"<b>{escape(paragraph[:split])}</b>{escape(paragraph[split:])}", TURN)
    if _STAGE_DIRECTION.match(paragraph) and len(paragraph) < 300:
        return Paragraph(escape(paragraph), STAGE)
    if len(paragraph) < 120 and not re.search(r"[.?!:;”]$", paragraph):
        return Paragraph(escape(paragraph), HEADING)
    return Paragraph(escape(paragraph), TURN)


def render(record: str, columns: int) -> bytes:
    """Draw a record.

    Args:
        record: its text, paragraphs separated by an empty line; notes in square brackets are left out.
        columns: 1 or 2.

    Returns:
        The PDF.
    """
    paragraphs = [" ".join(p.split("\n")) for p in re.split(r"\n\s*\n", record) if not p.startswith("[")]
    opened = next(i for i, p in enumerate(paragraphs) if p.startswith("The meeting was called to order"))
    front = re.split(r"\n", record.split("The meeting was called to order")[0])
    front = [line.strip() for line in front if line.strip() and not line.startswith("[")]
    head = parse_head("\n".join(front))
    date = "/".join(reversed(head.date.split("-")))

    def first(canvas: Canvas, _: object) -> None:
        canvas.setFont("Times-Roman", 11)
        for i, line in enumerate(front):
            canvas.drawString(MARGIN, HEIGHT - 60 - 15 * i, line.replace("President: ", "President: . . . . . . . "))
        note = Paragraph(DISCLAIMER, ParagraphStyle("note", parent=BODY, fontSize=7.5, leading=9))
        _, high = note.wrap(WIDTH - 2 * MARGIN, 100)
        note.drawOn(canvas, MARGIN, 40 + high)
        canvas.setFont("Times-Roman", 9)
        canvas.drawString(MARGIN, 30, "26-91011 (E)")

    def later(canvas: Canvas, _: object) -> None:
        canvas.setFont("Times-Bold", 10)
        canvas.drawString(MARGIN, HEIGHT - 40, head.symbol)
        canvas.drawRightString(WIDTH - MARGIN, HEIGHT - 40, date)
        canvas.setFont("Times-Roman", 9)
        canvas.drawString(MARGIN, 30, f"{canvas.getPageNumber()}/99")
        canvas.drawRightString(WIDTH - MARGIN, 30, "26-91011")

    def frames(top: float, foot: float) -> list[Frame]:
        wide = (WIDTH - 2 * MARGIN - GUTTER * (columns - 1)) / columns
        return [
            Frame(MARGIN + i * (wide + GUTTER), foot, wide, top - foot, 0, 0, 0, 0, id=f"c{i}") for i in range(columns)
        ]

    buffer = io.BytesIO()
    document = BaseDocTemplate(buffer, pagesize=LETTER, invariant=1, title=head.symbol)
    document.addPageTemplates(
        [
            PageTemplate("first", frames(HEIGHT - 90 - 15 * len(front), 110), onPage=first),
            PageTemplate("later", frames(HEIGHT - 66, FOOT), onPage=later),
        ]
    )
    document.build([NextPageTemplate("later"), *(_styled(p) for p in paragraphs[opened:])])
    return buffer.getvalue()


def encrypted(record: str) -> bytes:
    """Draw a record as a PDF that asks for a password."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(render(record, 2))))
    writer.encrypt("secret", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def main() -> None:
    """Draw one file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path)
    parser.add_argument("pdf", type=Path)
    parser.add_argument("--columns", type=int, choices=(1, 2), default=2)
    given = parser.parse_args()
    with whole(given.pdf, "wb") as file:
        file.write(render(given.record.read_text("utf-8"), given.columns))


if __name__ == "__main__":
    main()
