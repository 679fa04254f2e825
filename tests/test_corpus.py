"""The corpus report: figures that can be worked out by hand, and the real datasheet against the real corpus."""

from pathlib import Path

import pytest

from pipeline import corpus
from pipeline.errors import InputError
from pipeline.report.datasheet import BEGIN, END, write_figures
from pipeline.topics import OTHER, load_topics
from tests.conftest import ROOT

TOPICS = load_topics(ROOT / "configs/topics.yaml")


def _rows(*speeches: list[str], country: str = "NOR") -> list[dict[str, str]]:
    return [
        {
            "statement_id": f"{s}:{n}",
            "speech_id": str(s),
            "statement": text,
            "country": country,
            "source": "x",
            "date": "2001",
        }
        for s, speech in enumerate(speeches)
        for n, text in enumerate(speech)
    ]


def test_a_topic_is_what_a_statement_names_or_the_speech_named_last() -> None:
    rows = _rows(["We thank you.", "The embargo on Cuba hurts.", "It must end.", "On Korea we wait."], ["It must end."])
    assert list(TOPICS.of_statements(rows).values()) == [OTHER, "cuba", "cuba", "korean peninsula", OTHER]


def test_sequences_of_a_template_are_found_and_set_phrases_left_out() -> None:
    speeches = [
        [f"We in {i} say that the treaty on all the seas is good.", f"{i} wants only what it is owed by all."]
        for i in "abcdefg"
    ]
    found = corpus.repeated_sequences(_rows(*speeches), ["the treaty on all the seas"])
    assert not [sequence for sequence, _ in found if "treaty on all" in sequence or "all the seas" in sequence]
    assert ("wants only what it is owed", 7) in found
    assert corpus.repeated_sequences(_rows(*speeches[:5]), []) == []


def test_labels_that_hang_on_the_country_are_found_out() -> None:
    rows = [r for i in range(30) for r in _rows([f"a{i}", f"b{i}"], country=("NOR", "GHA")[i % 2])]
    rows = [{**row, "speech_id": str(i // 2)} for i, row in enumerate(rows)]
    hanging = ["pro" if row["country"] == "NOR" else "contra" for row in rows]
    free = ["pro" if i % 4 in (0, 3) else "contra" for i in range(len(rows))]
    assert corpus.country_probe(rows, hanging, 1)["country_macro_f1"] == 1.0
    assert corpus.country_probe(rows, free, 1)["country_macro_f1"] < 0.7


def test_texts_that_differ_are_told_apart_and_the_same_are_not() -> None:
    ours = _rows(*[[f"the harbour of {i} is open today", f"ships of {i} come in"] for i in range(20)])
    theirs = [{**row, "speech_id": f"t{row['speech_id']}"} for row in ours]
    other = _rows(*[[f"mountains {i} are high", f"snow {i} falls"] for i in range(20)])
    other = [{**row, "speech_id": f"o{row['speech_id']}"} for row in other]
    assert corpus.told_apart(ours, theirs, 1)["auc"] < 0.6
    found = corpus.told_apart(ours, other, 1)
    assert found["auc"] == 1.0
    assert "the" in found["ours"]
    assert "are" in found["theirs"]


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("no marks")
    with pytest.raises(InputError, match="page.md"):
        write_figures(tmp_path / "page.md", {})


def test_the_datasheet_has_the_marks() -> None:
    text = (ROOT / "data/README.md").read_text()
    assert text.index(BEGIN) < text.index(END)
