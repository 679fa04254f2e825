"""The model for others: a folder that loads without this package, and a card from the run's own figures."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import yaml

from pipeline.abstention import calibrate, save_calibration
from pipeline.classifier import load_classifier, load_tokenizer, new_classifier, run_model, save_classifier
from pipeline.errors import ModelError, OutputError
from pipeline.export import export_onnx
from pipeline.inputs import Description, encode, model_digest, pad, softmax
from pipeline.publish import publish
from tests.conftest import CODEBOOK

STATEMENT, BEFORE = (
    "We want to build the bridge over the Alder river, and soon.",
    "The market opens " + "on Monday " * 20,
)
LABELS = ["pro", "contra", "other"]


@pytest.fixture
def run(tmp_path: Path, tiny_registry: Path) -> Path:
    """A folder with a trained model, its export, and a run's figures."""
    model, tokenizer, pooling = new_classifier("tiny", tiny_registry, 3)
    description = Description(LABELS, "other", "test-1", "tiny", pooling, 32, True)
    save_classifier(tmp_path / "model", model, tokenizer, description, {})
    truth = np.arange(40) % 3
    save_calibration(tmp_path / "model", calibrate(truth, np.eye(3)[truth], [str(i) for i in truth], 0.9, 0.95))
    export_onnx(tmp_path / "model", tmp_path / "exported", 18)
    (tmp_path / "codebook.yaml").write_text(yaml.safe_dump(CODEBOOK))
    row = {"precision": 0.5, "recall": 0.4, "f1": 0.4321, "support": 7}
    result = {
        "model": model_digest(tmp_path / "model"),
        "n": 21,
        "speeches": 3,
        **{"macro_f1": 0.61, "accuracy": 0.7, "mcc": 0.5, "ece": 0.03},
        "intervals": {"macro_f1": [0.5, 0.7]},
        "per_label": dict.fromkeys(LABELS, row),
        "baselines": {"majority": {"macro_f1": 0.2}},
    }
    for name, value in (("evaluation/evaluation", result), ("training/training", {"train_statements": 1234})):
        path = tmp_path / "data" / f"{name}.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(value))
    (tmp_path / "data" / "provenance.md").write_text("Said at the town's meetings.\n")
    return tmp_path


def _publish(run: Path, to: str) -> str:
    return publish(run / "model", run / "exported", run / "data", run / "codebook.yaml", run / "bases.yaml", to)


def test_the_cards_code_gives_the_models_probabilities_without_this_package(run: Path) -> None:
    out = Path(_publish(run, str(run / "shared")))
    code = re.search(r"```python\n(.*?)```", (out / "README.md").read_text(), re.S)[1]
    asks = [(STATEMENT, None), (STATEMENT, BEFORE), (f"{STATEMENT} " * 9, None)]
    code += "\nimport json, sys\nassert 'pipeline' not in sys.modules\n"
    code += f"print(json.dumps([list(stance(*a).values()) for a in {asks!r}]))\n"
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=out, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    model, tokenizer, description = load_classifier(run / "model")
    features = encode(tokenizer, [a for a, _ in asks], [b or "" for _, b in asks], max_tokens=32, context=True)
    expected = softmax(run_model(model, features, 0, 8192))
    np.testing.assert_allclose(json.loads(done.stdout.splitlines()[-1]), expected, atol=1e-5)
    session = onnxruntime.InferenceSession(str(out / "model.onnx"))
    one = encode(load_tokenizer(out), [STATEMENT], [BEFORE], max_tokens=description.max_tokens, context=True)
    np.testing.assert_allclose(softmax(session.run(["logits"], pad(one, 0))[0])[0], expected[1], atol=1e-4)


def test_the_card_holds_the_runs_figures_and_valid_metadata(run: Path) -> None:
    from huggingface_hub import ModelCard

    out = Path(_publish(run, str(run / "shared")))
    card = ModelCard.load(out / "README.md")
    assert {r.metric_type: r.metric_value for r in card.data.eval_results}["macro_f1"] == 0.61
    assert (card.data.license, card.data.base_model) == ("apache-2.0", "nobody/tiny")
    for part in (
        "1,234",
        "0.432",
        "[0.500, 0.700]",
        "majority 0.200",
        "Said at the town's meetings.",
        "Wants the bridge",
    ):
        assert part in card.text, part
    assert "{{" not in card.text


def test_what_stands_there_is_not_written_over_and_figures_of_another_model_are_refused(run: Path) -> None:
    (run / "taken").mkdir()
    with pytest.raises(OutputError, match="taken"):
        _publish(run, str(run / "taken"))
    path = run / "data" / "evaluation" / "evaluation.json"
    path.write_text(path.read_text().replace(model_digest(run / "model"), "0" * 16))
    with pytest.raises(ModelError, match="that of 0000"):
        _publish(run, str(run / "new"))
    assert not (run / "new").exists()


def test_a_hub_that_cannot_be_reached_is_said(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def fail(self: object, *_: object, **__: object) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", fail)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(OutputError, match="hub:me/bridge.*no route.*HF_HUB_OFFLINE=0"):
        _publish(run, "hub:me/bridge")
