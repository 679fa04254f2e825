"""Sentences: where they end, and where they only seem to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sentences import sentence_spans


def split(text: str) -> list[str]:
    return [text[a:b] for a, b in sentence_spans(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Resolution 2397 (2017) was adopted under Art. 41 of the Charter.",
        "We thank Mr. Adjei and Ms. Dahl of the 1718 Committee for document S/2024/215.",
        "It met at 3.15 p.m. and considered para. 4 of the report.",
        "The U.S. Government spent $1.5 million on it, cf. No. 12 of the list.",
        "He said: “We shall come back.”",
        "First, (a) coal, (b) iron and (c) lead are covered.",
        "We waited … and nothing came.",
    ],
)
def test_one_sentence_stays_one(text: str) -> None:
    assert split(text) == [text]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("We agree. We disagree!  Do we?", 3),
        ("They said no. We said yes.", 2),
        ("“We agree.” That was all.", 2),
        ("It ended in the 1990s. Nothing followed.", 2),
        ("A first paragraph without an end\n\nA second one.", 2),
    ],
)
def test_several_sentences(text: str, count: int) -> None:
    assert len(split(text)) == count


def test_enumerators_stay_with_what_they_number() -> None:
    assert split("1. Coal is covered. 2. Iron is covered.") == ["1. Coal is covered.", "2. Iron is covered."]


@given(st.text(alphabet="aB. \n?!“”()1,", max_size=200))
def test_spans_are_in_order_trimmed_and_lose_no_word(text: str) -> None:
    spans = sentence_spans(text)
    assert all(a < b for a, b in spans)
    assert all(before[1] <= after[0] for before, after in zip(spans, spans[1:], strict=False))
    assert all(text[a:b] == text[a:b].strip() for a, b in spans)
    outside = "".join(
        text[a:b] for a, b in zip([0, *(b for _, b in spans)], [*(a for a, _ in spans), len(text)], strict=True)
    )
    assert not any(c.isalnum() for c in outside)
