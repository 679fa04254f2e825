"""Parameters, codebook and base models: the real files pass, and everything wrong with a file is told at once."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.codebook import load_codebook
from pipeline.errors import ConfigError, ModelError
from pipeline.params import load_params
from tests.conftest import CODEBOOK, ROOT


def test_the_real_parameters_are_as_the_types_say() -> None:
    params = load_params(ROOT / "configs/params.yaml")
    assert params.runtime.threads >= 1
    assert params.split.validation + params.split.heldout < 1


def test_all_problems_are_listed_together(tmp_path: Path) -> None:
    raw = yaml.safe_load((ROOT / "configs/params.yaml").read_text())
    raw["train"]["lerning_rate"] = 1
    raw["split"]["heldout"] = 2
    del raw["runtime"]["seed"]
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(raw))
    with pytest.raises(ConfigError) as caught:
        load_params(path)
    assert all(
        part in str(caught.value) for part in ("3 problem", "train.lerning_rate", "split.heldout", "runtime.seed")
    )


@pytest.mark.parametrize("text", ["a: [", None, "\xff"])
def test_a_file_that_is_no_yaml_is_named(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "params.yaml"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match="params.yaml"):
        load_params(path)


def test_the_real_codebook_has_examples_for_every_label_and_sixteen_rulings() -> None:
    book = load_codebook(ROOT / "configs/codebook.yaml")
    assert (book.names, book.no_stance) == (["support", "oppose", "dialogue", "none"], "none")
    assert [ruling.number for ruling in book.rulings] == list(range(1, 17))
    assert {example.label for example in book.examples} == set(book.names)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"examples": CODEBOOK["examples"][:2]}, "label 'other' has no example"),
        ({"rulings": [{"number": 1, "text": "x", "labels": ["maybe"]}]}, "'maybe' is used but not defined"),
        ({"labels": [{**label, "no_stance": False} for label in CODEBOOK["labels"]]}, "exactly one label"),
        ({"labels": [CODEBOOK["labels"][0] | {"keywords": ["("]}, *CODEBOOK["labels"][1:]]}, "keyword"),
        ({"labels": [*CODEBOOK["labels"], CODEBOOK["labels"][0]]}, "defined twice"),
    ],
)
def test_a_codebook_at_fault_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "codebook.yaml"
    path.write_text(yaml.safe_dump(CODEBOOK | change))
    with pytest.raises(ConfigError, match=message):
        load_codebook(path)


def test_base_models_are_pinned_by_content(tmp_path: Path, tiny_registry: Path) -> None:
    from pipeline.classifier import find_base

    base, folder, revision = find_base("tiny", tiny_registry)
    assert (base.pooling, revision) == ("mean", None)
    with (Path(folder) / "model.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelError, match="SHA-256"):
        find_base("tiny", tiny_registry)
    with pytest.raises(ModelError, match="an entry 'huge'"):
        find_base("huge", tiny_registry)


def test_a_base_model_of_the_hub_is_not_fetched_without_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.classifier import find_base

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    entry = {"hub": "nobody/nothing", "revision": "0" * 40, "sha256": "0" * 64, "pooling": "mean"}
    path = tmp_path / "bases.yaml"
    path.write_text(yaml.safe_dump({"far": entry}))
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE=0"):
        find_base("far", path)
