"""Text files: encodings, wrapped lines, the General Debate corpus."""

import pytest

from pipeline.errors import InputError
from pipeline.transcripts.text import decode, has_turns, read_speech, read_turns_text, split_paragraphs


@pytest.mark.parametrize(
    "data",
    [
        "Café – yes.\n".encode(),
        b"\xef\xbb\xbf" + "Café – yes.\n".encode(),
        "Café – yes.\n".encode("cp1252"),
        "Café – yes.\n".encode("utf-16"),
        "Café – yes.\r\n".encode(),
        "Café – yes.\r".encode(),
    ],
)
def test_encodings_and_line_ends(data: bytes) -> None:
    assert decode(data, "x") == "Café – yes.\n"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "an empty file"),
        (b"\x00\x01\x02" * 50, "a binary file"),
        (bytes(range(128, 256)) * 9, "bytes of no known"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, found: str) -> None:
    with pytest.raises(InputError, match=found):
        decode(data, "file.txt")


WRAPPED = """The Assembly meets at a time of change that touches on every con-
tinent and on every people, and it is for us to answer to what they
expect of it in the years ahead.
  We have come with proposals on disarmament and on development, and
the well-being of our peoples is what they are about, in the view of
all who have worked on them since the last session.
  It is our hope that the continent will be heard by those who hold
the means to act upon it.
"""


def test_hard_wrapped_lines_are_joined_and_broken_words_mended() -> None:
    paragraphs = split_paragraphs(WRAPPED)
    assert len(paragraphs) == 3
    assert "every continent and" in paragraphs[0]
    assert "well-being" in paragraphs[1]


def test_an_editors_note_is_no_speech() -> None:
    assert split_paragraphs("[Written for a test.]\n\nWe agree.") == ["We agree."]


def test_a_general_debate_speech_takes_state_and_year_from_its_name() -> None:
    head, turns = read_speech("We agree.\nWe go on.", "TXT/Session 72 - 2017/PRK_72_2017.txt")
    (turn,) = turns
    assert head == {"body": "General Assembly", "date": "2017"}
    assert (turn.country, turn.affiliation, turn.text) == ("PRK", "PRK", "We agree.\n\nWe go on.")


def test_turns_without_a_record_around_them() -> None:
    text = "Ms. Dahl (Norway): We agree.\n\nAnd we go on.\n\nMr. Roe (Press): Why?"
    assert has_turns(text)
    assert [(t.speaker, t.country, t.text) for t in read_turns_text(text)] == [
        ("Ms. Dahl", "NOR", "We agree.\n\nAnd we go on."),
        ("Mr. Roe", "", "Why?"),
    ]
