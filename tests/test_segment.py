"""Files to statements: offsets, identifiers, rejects, and real transcripts where they lie beside the clone."""

import json
from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.segment import Summary, read_statements, segment
from tests.conftest import SHARED, needs_real


def _read(*paths: Path) -> tuple[list[tuple[str, str, str]], Summary]:
    summary = Summary()
    return [(s.statement_id, s.previous, s.text) for s in read_statements(map(str, paths), summary)], summary


def test_offsets_are_exact_and_the_sentence_before_is_of_the_same_speech(tmp_path: Path) -> None:
    path = tmp_path / "turns.txt"
    path.write_text("Ms. Dahl (Norway): We agree. We go on.\n\nNo more.\n\nMr. Roe (Ghana): We differ.\n")
    rows = list(read_statements([str(path)], Summary()))
    assert [(s.text, s.previous, s.speech.order) for s in rows] == [
        ("We agree.", "", 1),
        ("We go on.", "We agree.", 1),
        ("No more.", "We go on.", 1),
        ("We differ.", "", 2),
    ]
    assert all(s.speech.turn.text[s.start : s.end] == s.text for s in rows)


def test_identifiers_do_not_depend_on_other_files_and_tell_a_change_of_text(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("We agree. We go on.")
    alone, _ = _read(tmp_path)
    (tmp_path / "a.txt").write_text("Another speech.")
    together, _ = _read(tmp_path)
    assert alone == together[1:]
    (tmp_path / "b.txt").write_text("We agree! We go on.")
    changed, _ = _read(tmp_path / "b.txt")
    assert changed[0][0] != alone[0][0]
    assert changed[1][0] == alone[1][0]


def test_what_cannot_be_read_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"")
    (tmp_path / "b.txt").write_text("We agree.")
    (tmp_path / "._b.txt").write_bytes(b"\0\5\26\7")
    summary = segment([str(tmp_path)], tmp_path / "out" / "s.jsonl", tmp_path / "out" / "rejects.jsonl")
    assert (summary.files, summary.statements) == (2, 1)
    (line,) = (tmp_path / "out" / "rejects.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "source": str(tmp_path / "a.txt"),
        "reason": "expected text; found an empty file",
        "remedy": "Get the file again.",
    }
    with pytest.raises(InputError, match=r"a\.txt"):
        segment([str(tmp_path / "[ab].txt")], tmp_path / "out" / "s.jsonl", None, strict=True)


def test_the_same_record_twice_counts_once(tmp_path: Path) -> None:
    text = "S/PV.20001\n\nMs. Dahl (Norway): We agree.\n"
    (tmp_path / "a.txt").write_text(text)
    (tmp_path / "copy.txt").write_text(text)
    rows, summary = _read(tmp_path)
    assert len(rows) == 1
    assert "each transcript once" in summary.rejects[0].reason


def test_an_interrupted_run_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("We agree. We go on.")
    (tmp_path / "out").mkdir()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.segment.statement_row", stop)
    with pytest.raises(KeyboardInterrupt):
        segment([str(tmp_path / "a.txt")], tmp_path / "out" / "s.parquet", None)
    assert list((tmp_path / "out").iterdir()) == []


@needs_real
@pytest.mark.parametrize(
    ("name", "turns"),
    [("A_61_PV.107", 61), ("A_64_PV.121", 31), ("A_65_PV.71", 114), ("S_PV.3756", 20), ("S_PV.10100", 2)],
)
def test_turns_of_real_records_counted_in_the_pdf(name: str, turns: int) -> None:
    speeches = {s.speech.speech_id for s in read_statements([str(SHARED / f"real/transcripts/{name}.pdf")], Summary())}
    assert len(speeches) == turns


@needs_real
def test_the_seed_article_gives_each_ambassador_their_words() -> None:
    found = {
        (s.speech.turn.speaker, s.speech.turn.country)
        for s in read_statements([str(SHARED / "seed/veto-debate-article.txt")], Summary())
    }
    assert found == {
        ("(reporter)", ""),
        ("Abdalla Shahid", ""),
        ("Jeffrey DeLaurentis", "USA"),
        ("Zhang Jun", "CHN"),
        ("Anna Evstigneeva", "RUS"),
        ("Kim Song", "PRK"),
    }
