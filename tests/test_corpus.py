"""The corpus report: figures that can be worked out by hand, and the real datasheet against the real corpus."""

from pathlib import Path

import pytest

from pipeline import corpus
from pipeline.errors import InputError
from pipeline.report.datasheet import write_figures
from pipeline.segment import Summary, read_statements
from pipeline.tables import read_json
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


def test_a_topic_is_what_a_statement_or_its_speech_or_its_transcript_names() -> None:
    rows = _rows(
        ["On Korea we wait.", "The embargo on Cuba hurts.", "It must end.", "Korea waits."], ["It must end."], ["Hm."]
    )
    for row, speech in zip(rows, ["m:1"] * 4 + ["m:2", "n:1"], strict=True):
        row["speech_id"] = speech
    korea = "korean peninsula"
    assert list(TOPICS.of_statements(rows).values()) == [korea, "cuba", "cuba", korea, korea, OTHER]


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


def test_the_datasheets_figures_are_those_of_the_corpus(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text((ROOT / "data/README.md").read_text())
    result = read_json(ROOT / "data/corpus/corpus.json")
    write_figures(page, result)
    assert page.read_text() == (ROOT / "data/README.md").read_text()
    assert result["statements"] == sum(1 for _ in read_statements([str(ROOT / "data/raw")], Summary()))
