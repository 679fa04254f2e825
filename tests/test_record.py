"""Verbatim records: heads, forms of address, capacities, what is no speech."""

import pytest

from pipeline.transcripts.paragraphs import Paragraph
from pipeline.transcripts.record import Head, opening, parse_head, read_turns
from pipeline.transcripts.text import read_record

HEAD = """United Nations A/C.1/79/PV.7
General Assembly
Seventy-ninth session
Monday, 14 October 2024, 10 a.m.
New York

Chair: Ms. Ravelo . . . . . . . . . . . . . . . . . . (Costa Rica)
"""


def test_head_gives_symbol_body_date_and_chair() -> None:
    assert parse_head(HEAD) == Head("A/C.1/79/PV.7", "First Committee", "2024-10-14", "Ms. Ravelo", "Costa Rica")


@pytest.mark.parametrize(
    ("text", "speaker", "affiliation", "language", "presiding"),
    [
        ("Mr. Adjei (Ghana): My delegation …", "Mr. Adjei", "Ghana", "", False),
        ("Ms. Lefort (France) (spoke in French): We …", "Ms. Lefort", "France", "French", False),
        ("Mr. BENALI (Algeria) (interpretation from Arabic): We …", "Mr. BENALI", "Algeria", "Arabic", False),
        ("Mr. Haddad (spoke in French) (Morocco): We …", "Mr. Haddad", "Morocco", "French", False),
        ("32. Mr. QURESHI (Pakistan): We …", "Mr. QURESHI", "Pakistan", "", False),
        ("Mr. ORLOV (Russian Federation); We …", "Mr. ORLOV", "Russian Federation", "", False),
        ("Archbishop Conti (Holy See): We …", "Archbishop Conti", "Holy See", "", False),
        ("U Thein Zaw (Myanmar): We …", "U Thein Zaw", "Myanmar", "", False),
        ("Mr. Ito (Iran (Islamic Republic of)): We …", "Mr. Ito", "Iran (Islamic Republic of)", "", False),
        ("The PRESIDENT (interpretation from Spanish): We …", "The PRESIDENT", "", "Spanish", True),
        ("The Acting President: We …", "The Acting President", "", "", True),
        ("The Secretary-General: We …", "The Secretary-General", "", "", False),
        (
            "Ms. Rao (Department for General Assembly and Conference Management): We …",
            "Ms. Rao",
            "Department for General Assembly and Conference Management",
            "",
            False,
        ),
    ],
)
def test_forms_of_address(text: str, speaker: str, affiliation: str, language: str, presiding: bool) -> None:
    found = opening(Paragraph(text))
    assert found is not None
    assert (found.speaker, found.affiliation, found.language, found.presiding) == (
        speaker,
        affiliation,
        language,
        presiding,
    )
    assert text[found.end :].startswith(("We", "My"))


@pytest.mark.parametrize("text", ["The measures are these: coal, iron and lead.", "Paragraph 3 (a): delete the word."])
def test_what_only_looks_like_an_address(text: str) -> None:
    assert opening(Paragraph(text)) is None


def test_bold_decides_where_the_format_has_type() -> None:
    text = "Mr. Adjei (Ghana): We agree."
    assert opening(Paragraph(text, bold=9, italic=0.0)) is not None
    assert opening(Paragraph(text, bold=0, italic=0.0)) is None
    assert opening(Paragraph(text, bold=len(text), italic=0.0)) is None


RECORD = """[A note of the editors.]

United Nations S/PV.20001
Security Council
Seventy-ninth year
Monday, 3 June 2024, 10 a.m.
New York

President: Mr. Adjei (Ghana)

The meeting was called to order at 10.05 a.m.

Adoption of the agenda

The agenda was adopted.

The President: I give the floor to the representative of Norway.

Ms. Dahl (Norway): We thank the presidency.

We shall vote in favour.

A vote was taken by show of hands.

In favour:

Ghana, Norway

Against:

None

The President: The draft has been adopted.

I shall now make a statement in my capacity as the representative of Ghana. We thank all.

We welcome it.

I now resume my functions as President of the Council.

The meeting was suspended at 10.30 a.m. and resumed at 10.45 a.m.

The President: We go on.

There are no more names on the list.

The meeting rose at 11 a.m.

Mr. Nobody (Norway): Not part of it.
"""


def test_a_record_as_text_whole() -> None:
    head, turns = read_record(RECORD)
    found = [(t.speaker, t.affiliation, t.country, t.presiding, t.text) for t in turns]
    assert head == {"symbol": "S/PV.20001", "body": "Security Council", "date": "2024-06-03"}
    assert found == [
        ("The President", "", "", True, "I give the floor to the representative of Norway."),
        ("Ms. Dahl", "Norway", "NOR", False, "We thank the presidency.\n\nWe shall vote in favour."),
        (
            "The President",
            "",
            "",
            True,
            "The draft has been adopted.\n\nI shall now make a statement in my capacity as the representative of Ghana.",
        ),
        ("Mr. Adjei", "Ghana", "GHA", False, "We thank all.\n\nWe welcome it."),
        (
            "The President",
            "",
            "",
            True,
            "I now resume my functions as President of the Council.",
        ),
        ("The President", "", "", True, "We go on.\n\nThere are no more names on the list."),
    ]


def test_stage_directions_and_headings_of_a_pdf_are_told_by_their_type() -> None:
    paragraphs = [
        Paragraph("The meeting was called to order at 3 p.m.", 0, 1.0),
        Paragraph("Agenda item 7", 13, 0.0),
        Paragraph("Ms. Dahl (Norway): We agree.", 8, 0.0),
        Paragraph("Ms. Dahl left the podium.", 0, 1.0),
        Paragraph("A word in italics is speech.", 0, 0.1),
        Paragraph("The meeting rose at 4 p.m.", 0, 1.0),
    ]
    turns = list(read_turns(paragraphs, Head()))
    assert [t.text for t in turns] == ["We agree.\n\nA word in italics is speech."]
