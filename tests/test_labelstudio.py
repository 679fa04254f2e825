"""The round trip to Label Studio: tasks out, exports back, nothing twice, what does not fit refused whole."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.annotate import read_annotations
from pipeline.codebook import load_codebook
from pipeline.errors import AnnotationError, InputError
from pipeline.labelstudio import (
    add_labels,
    check_annotator,
    configuration,
    most_diverse,
    most_uncertain,
    read_labels,
    task,
)
from pipeline.segment import Summary, read_statements
from tests.conftest import CODEBOOK, ROOT, Workspace


@pytest.fixture
def book(tmp_path: Path) -> Any:
    (tmp_path / "codebook.yaml").write_text(yaml.safe_dump(CODEBOOK))
    return load_codebook(tmp_path / "codebook.yaml")


@pytest.fixture
def known(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "a.txt").write_text("Build it. Stop it. It rains.")
    return {s.statement_id: s.speech.speech_id for s in read_statements([str(tmp_path / "a.txt")], Summary())}


def _export(known: dict[str, str], answers: list[tuple[int, str | None, int]]) -> list[dict[str, Any]]:
    """Label Studio's JSON: (statement, label or None for a skipped one, who)."""
    ids = list(known)
    entries = []
    for where, label, who in answers:
        result = [{"from_name": "label", "to_name": "statement", "type": "choices", "value": {"choices": [label]}}]
        result += [{"from_name": "note", "to_name": "statement", "type": "textarea", "value": {"text": ["hm"]}}]
        result += [
            {"from_name": "confidence", "to_name": "statement", "type": "choices", "value": {"choices": ["torn"]}}
        ]
        made = {
            "completed_by": who,
            "was_cancelled": label is None,
            "result": result if label else [],
            "created_at": "2026-01-02T03:04:05Z",
        }
        entries.append({"id": where, "data": {"statement_id": ids[where], "codebook": "test-1"}, "annotations": [made]})
    return entries


def test_the_configuration_is_made_from_the_real_codebook() -> None:
    book = load_codebook(ROOT / "configs/codebook.yaml")
    root = ET.fromstring(configuration(book))
    (label,) = [c for c in root.iter("Choices") if c.get("name") == "label"]
    assert [(c.get("value"), c.get("hotkey")) for c in label] == [
        (name, str(i)) for i, name in enumerate(book.names, 1)
    ]
    assert label[0].get("hint") == book.labels[0].definition
    assert len(list(root.iter("Panel"))) == len(book.rulings)


def test_a_task_shows_no_speaker_and_the_models_label_only_if_asked(book: Any, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("Ms. Dahl (Norway): Build it. Stop it.")
    statement = list(read_statements([str(tmp_path / "t.txt")], Summary()))[1]
    blind = task(statement, book, None, "")
    assert blind["data"] == {
        "statement_id": statement.statement_id,
        "previous": "Build it.",
        "statement": "Stop it.",
        "codebook": "test-1",
    }
    assert "predictions" not in blind
    shown = task(statement, book, {"pro": 0.2, "contra": 0.7, "other": 0.1}, "abc")
    (prediction,) = shown["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("abc", 0.7)
    assert prediction["result"][0]["value"] == {"choices": ["contra"]}


def test_what_is_picked() -> None:
    probabilities = np.array([[1.0, 0.0], [0.5, 0.5], [0.9, 0.1], [0.6, 0.4]])
    assert most_uncertain(probabilities, 2) == [1, 3]
    vectors = np.array([[0.0, 0], [0.1, 0], [5, 5], [5.1, 5], [9, 0]])
    assert {frozenset({0, 1}), frozenset({2, 3}), frozenset({4})} == {
        next(g for g in ({0, 1}, {2, 3}, {4}) if i in g) and frozenset(next(g for g in ({0, 1}, {2, 3}, {4}) if i in g))
        for i in most_diverse(vectors, 3, seed=1)
    }
    assert most_diverse(vectors, 9, seed=1) == [0, 1, 2, 3, 4]


def test_an_export_comes_back_once(book: Any, known: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "annotations"
    folder.mkdir()
    path = tmp_path / "export.json"
    path.write_text(json.dumps(_export(known, [(0, "pro", 1), (1, None, 1), (2, "other", 1)])))
    found = read_labels(path, "maria", book)
    assert add_labels(found, folder, known, book) == {"maria": 2}
    before = (folder / "maria.jsonl").read_bytes()
    assert add_labels(read_labels(path, "maria", book), folder, known, book) == {}
    assert (folder / "maria.jsonl").read_bytes() == before
    ids = list(known)
    assert [(a.statement_id, a.label, a.confidence, a.date, a.note) for a in read_annotations(folder)] == [
        (ids[0], "pro", 0.6, "2026-01-02", "hm"),
        (ids[2], "other", 0.6, "2026-01-02", "hm"),
    ]


def test_several_people_are_kept_apart(book: Any, known: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(_export(known, [(0, "pro", 1), (0, "other", 7)])))
    assert {(a.annotator, a.label) for a in read_labels(path, "team", book)} == {("team-1", "pro"), ("team-7", "other")}


def test_the_minimal_export_and_a_csv_say_the_same(book: Any, known: dict[str, str], tmp_path: Path) -> None:
    first = next(iter(known))
    entry = {
        "statement_id": first,
        "codebook": "test-1",
        "label": "pro",
        "annotator": 1,
        "created_at": "2026-01-02T03:04:05Z",
    }
    (tmp_path / "min.json").write_text(json.dumps([entry, {"statement_id": first, "annotator": 1}]))
    (tmp_path / "own.csv").write_text(f"statement_id,label\n{first},pro\n")
    for name in ("min.json", "own.csv"):
        (a,) = read_labels(tmp_path / name, "maria", book)
        assert (a.annotator, a.statement_id, a.label, a.confidence) == ("maria", first, "pro", 1.0)


def test_what_does_not_fit_is_listed_and_refused_whole(book: Any, known: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "annotations"
    folder.mkdir()
    first, second, third = known
    (folder / "maria.jsonl").write_text(json.dumps({"statement_id": first, "label": "pro"}) + "\n")
    before = (folder / "maria.jsonl").read_bytes()
    (tmp_path / "own.csv").write_text(
        f"statement_id,label\n{second},pro\n{first},contra\n{third},maybe\nnobody:1:0:abc,pro\n"
    )
    with pytest.raises(AnnotationError) as caught:
        add_labels(read_labels(tmp_path / "own.csv", "maria", book), folder, known, book)
    message = str(caught.value)
    assert all(part in message for part in ("3 decision(s)", "is 'contra'", "'maybe'", "unknown", "Nothing was added"))
    assert (folder / "maria.jsonl").read_bytes() == before


@pytest.mark.parametrize("content", ["no json", '{"a": 1}', '[{"data": {}, "annotations": [{"result": [{}]}]}]'])
def test_other_files_are_refused(book: Any, tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(InputError, match="x.json"):
        read_labels(tmp_path / "x.json", "maria", book)


@pytest.mark.parametrize("name", ["adjudication", "corrections", "../x", ""])
def test_names_that_no_annotator_may_have(name: str) -> None:
    with pytest.raises(AnnotationError):
        check_annotator(name)


def test_tasks_on_the_command_line(workspace: Workspace) -> None:
    common = [
        "--codebook",
        "codebook.yaml",
        "--bases",
        "bases.yaml",
        "--params",
        "params.yaml",
        "--annotations",
        "none",
    ]
    workspace.stance("tasks", "raw", "--out", "tasks.json", "--count", "5", *common)
    workspace.stance("tasks", "raw", "--out", "diverse.json", "--count", "5", "--pick", "diverse", *common)
    for name in ("tasks.json", "diverse.json"):
        assert len(json.loads((workspace.folder / name).read_text())) == 5
    ET.parse(workspace.folder / "tasks.xml")
    done = workspace.stance("tasks", "raw", "--out", "x.json", "--pick", "uncertain", *common, code=7)
    assert "an exported model" in done.stderr
