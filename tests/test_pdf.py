"""Records as PDF: what was drawn is what is read, whatever the columns; what cannot be read is said."""

import io
from pathlib import Path

import pytest
from pypdf import PdfWriter

from pipeline.errors import InputError
from pipeline.transcripts import identify
from pipeline.transcripts.pdf import read_pdf
from tests.conftest import ROOT
from tests.rendering import encrypted, render

RECORDS = sorted((ROOT / "tests/records").glob("*.txt"))
SHORT = "S/PV.20001\n\nThe meeting was called to order at 3 p.m.\n\nMs. Dahl (Norway): We agree.\n\nThe meeting rose at 4 p.m."


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("path", RECORDS, ids=lambda p: p.stem)
def test_every_turn_of_a_drawn_record_is_read_back(path: Path, columns: int) -> None:
    text = path.read_text("utf-8")
    drawn = render(text, columns)
    kind, from_pdf = identify(drawn, "a.pdf")
    assert kind == "record-pdf"
    head_turns = list(from_pdf)
    expected = list(identify(text.encode(), "a.txt")[1])
    assert len(expected) > 15
    assert head_turns == expected


def test_the_records_in_data_raw_are_those_of_the_texts() -> None:
    for path in RECORDS:
        (pdf,) = (ROOT / "data/raw").rglob(f"{path.stem}.pdf")
        assert list(identify(pdf.read_bytes(), "a")[1]) == list(identify(path.read_bytes(), "a")[1])


def _blank() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(612, 792)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "found"),
    [(encrypted(SHORT), "password"), (render(SHORT, 2)[:900], "damaged"), (_blank(), "0 letters on 1 page")],
    ids=["encrypted", "truncated", "scan"],
)
def test_what_cannot_be_read_is_said(data: bytes, found: str) -> None:
    with pytest.raises(InputError, match=found):
        read_pdf(data, "record.pdf")
