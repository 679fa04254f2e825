"""Slices and behaviour tests, on examples that can be checked by hand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pipeline.behaviour import COUNTRIES, Capability, load_capabilities, run_capability
from pipeline.codebook import load_codebook
from pipeline.domain import Example
from pipeline.errors import ConfigError
from pipeline.params import load_params
from pipeline.slices import measure_slices, slice_names
from pipeline.topics import load_topics
from tests.conftest import ROOT

BOOK = load_codebook(ROOT / "configs/codebook.yaml")
PARAMS = load_params(ROOT / "configs/params.yaml")


def _row(number: int, text: str, **fields: str) -> dict[str, str]:
    own = {
        "statement_id": f"news/a:{number}:0:x",
        "speech_id": "news/a:1",
        "statement": text,
        "symbol": "",
        "date": "",
        "previous": "",
    }
    return own | fields


def test_every_statement_falls_into_one_part_of_each_way() -> None:
    rows = [
        _row(1, "On Korea, sanctions stay.", date="1999-01-01"),
        _row(2, "They stay.", previous="On Korea, sanctions stay."),
        _row(3, " ".join(["word"] * 46), symbol="S/PV.1"),
    ]
    names = slice_names(rows, {rows[1]["statement_id"]: False}, load_topics(ROOT / "configs/topics.yaml"))
    assert names[rows[0]["statement_id"]] == {
        "topic": "korean peninsula",
        "source": "news",
        "decade": "1990s",
        "length": "up to 15 words",
        "words": "explicit",
        "annotators": "unanimous",
        "context": "none before",
    }
    assert names[rows[1]["statement_id"]] == {
        "topic": "korean peninsula",
        "source": "news",
        "decade": "no date",
        "length": "up to 15 words",
        "words": "not explicit",
        "annotators": "not unanimous",
        "context": "a sentence before",
    }
    assert names[rows[2]["statement_id"]]["length"] == "over 45 words"
    assert names[rows[2]["statement_id"]]["source"] == "record"


def test_the_worst_part_comes_first() -> None:
    examples = [Example(str(i), f"s{i // 4}", "", "", "ab"[i % 2]) for i in range(16)]
    probabilities = np.array([[0.9, 0.1] if (i % 2 == 0) == (i < 8) else [0.1, 0.9] for i in range(16)])
    names = {str(i): {"half": "first" if i < 8 else "second"} for i in range(16)}
    found = measure_slices(examples, probabilities, ["a", "b"], names, PARAMS)
    assert [(row["part"], row["n"], row["speeches"], row["macro_f1"]) for row in found] == [
        ("second", 8, 2, 0.0),
        ("first", 8, 2, 1.0),
    ]


def _capability(**fields: object) -> Capability:
    return Capability.model_validate({"capability": "x", "shows": "y", **fields})


def _says(label_of: dict[str, int]) -> object:
    def predict(examples: Sequence[Example]) -> np.ndarray:
        return np.eye(4)[[next((v for k, v in label_of.items() if k in e.statement), 3) for e in examples]]

    return predict


def test_failing_cases_are_named() -> None:
    cases = [{"statement": "Keep it.", "label": "support"}, {"statement": "End it.", "label": "oppose"}]
    row = run_capability(_capability(cases=cases), _says({"Keep": 0}), BOOK.names)
    assert (row["cases"], row["failures"]) == (2, 1)
    assert row["failing"] == [{"statement": "End it.", "label": "oppose", "predicted": "none"}]


def test_a_name_that_changes_the_label_is_found() -> None:
    cases = [
        {"statement": "{country} agrees.", "label": "none"},
        {"statement": "We and {country} go.", "label": "none"},
    ]
    capability = _capability(cases=cases, invariance="country")
    row = run_capability(capability, _says({"Cuba agrees": 1}), BOOK.names)
    assert row["failures"] == 1
    assert row["failing"][0]["predicted"] == {"none": len(COUNTRIES) - 1, "oppose": 1}
    assert row["stable"] == pytest.approx(1 - 1 / (2 * len(COUNTRIES)))


def test_the_real_capabilities_are_many_and_fit_the_codebook() -> None:
    found = load_capabilities(ROOT / "tests/behaviour", BOOK)
    assert len(found) >= 15
    assert all(len(capability.cases) >= 30 for capability in found)
    assert {case.label for capability in found for case in capability.cases} == set(BOOK.names)


def test_a_case_with_a_label_of_no_codebook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("capability: x\nshows: y\ncases:\n  - {statement: a, label: maybe}\n")
    with pytest.raises(ConfigError, match="maybe"):
        load_capabilities(tmp_path, BOOK)
