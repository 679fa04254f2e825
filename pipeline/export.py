"""Stage: the model as ONNX, which scoring runs, and the proof that it agrees with the trained one."""

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline import determinism
from pipeline.abstention import CALIBRATION
from pipeline.classifier import TOKEN_BUDGET, encode_examples, load_classifier, run_model
from pipeline.domain import Example
from pipeline.errors import ModelError
from pipeline.examples import read_splits
from pipeline.inputs import DESCRIPTION, encode, pad, softmax
from pipeline.metrics import Floats, f1_scores
from pipeline.params import Export, Params
from pipeline.quantize import quantize_weights
from pipeline.scoring.engine import PREFERRED, runs_here
from pipeline.scoring.package import FLOAT, INT8, write_manifest
from pipeline.scoring.scorer import Scorer
from pipeline.tables import write_json

_INPUTS = ("input_ids", "attention_mask", "statement_mask")


class _Logits(torch.nn.Module):
    """Only the logits, so that the exported graph has one output."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, statement_mask: torch.Tensor) -> Any:
        return self.model(input_ids, attention_mask, statement_mask)["logits"]


def export_onnx(model_folder: Path, out: Path, opset: int) -> None:
    """Write the model as ONNX beside its tokenizer and description.

    Raises:
        ModelError: the folder holds no model of ours.
    """
    model, tokenizer, description = load_classifier(model_folder)
    features = encode(
        tokenizer,
        ["One short statement.", "Another, which is a little longer than the first."],
        ["", "Something went before."],
        max_tokens=description.max_tokens,
        context=description.context,
    )
    arrays = pad(features, int(tokenizer.pad_token_id or 0))
    out.mkdir(parents=True, exist_ok=True)
    axes = {name: {0: "batch", 1: "tokens"} for name in _INPUTS}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's doubts are settled by the proof of agreement
        path = Path(folder) / FLOAT
        torch.onnx.export(
            _Logits(model).eval(),
            tuple(torch.from_numpy(arrays[name]) for name in _INPUTS),
            str(path),
            input_names=list(_INPUTS),
            output_names=["logits"],
            dynamic_axes={**axes, "logits": {0: "batch"}},
            opset_version=opset,
            dynamo=False,
        )
        shutil.copyfile(path, out / FLOAT)
    tokenizer.save_pretrained(out)
    for name in (DESCRIPTION, CALIBRATION):
        shutil.copyfile(model_folder / name, out / name)


def compare(expected: Floats, found: Floats, truth: list[int], labels: list[str], limits: Export) -> dict[str, Any]:
    """Hold an engine's probabilities against the trained model's in float32, both (n, labels).

    Returns:
        Share of labels that are the same, what macro-F1 loses or gains, the largest difference of a
        probability, and whether that is within the limits.
    """
    same = float((expected.argmax(1) == found.argmax(1)).mean())
    before, after = (_macro_f1(truth, p.argmax(1), len(labels)) for p in (expected, found))
    return {
        "same_label": round(same, 5),
        "macro_f1_difference": round(after - before, 5),
        "largest_difference": round(float(np.abs(expected - found).max()), 5),
        "agrees": same >= limits.same_label and abs(after - before) <= limits.macro_f1,
    }


def _macro_f1(truth: list[int], predicted: NDArray[np.int64], labels: int) -> float:
    confusion = np.zeros((labels, labels))
    np.add.at(confusion, (np.array(truth), predicted), 1)
    return float(np.nanmean(f1_scores(confusion)))


def measure_engines(folder: Path, heldout: list[Example], expected: Floats, params: Params) -> dict[str, Any]:
    """Compare every engine that this machine has, as `name/precision`."""
    measured = {}
    for name, precision in PREFERRED:
        if not runs_here(name, precision):
            continue
        scorer = Scorer.load(folder, engine=name, precision=precision, threads=params.runtime.threads)
        found = scorer.probabilities([e.statement for e in heldout], [e.previous for e in heldout])
        labels = scorer.description.labels
        truth = [labels.index(e.label) for e in heldout]
        measured[f"{name}/{precision}"] = compare(expected, found, truth, labels, params.export)
    return measured


def export(
    statements: Path, labels: Path, splits: Path, model: Path, out: Path, report: Path, params: Params
) -> dict[str, Any]:
    """Export the model and hold every engine against the trained one on the held-out speeches.

    Raises:
        ModelError: in float32, a label differs, or a probability by more than `export.tolerance`.
    """
    determinism.fix(params.runtime)
    shutil.rmtree(out, ignore_errors=True)
    export_onnx(model, out, params.export.opset)
    quantize_weights(out / FLOAT, out / INT8)
    write_manifest(out, [])
    heldout = read_splits(statements, labels, splits).heldout
    trained, tokenizer, description = load_classifier(model)
    features = encode_examples(tokenizer, heldout, description.max_tokens, description.context)
    expected = softmax(run_model(trained, features, int(tokenizer.pad_token_id or 0), TOKEN_BUDGET))
    engines = measure_engines(out, heldout, expected, params)
    exact = engines["onnx/float32"]
    if exact["same_label"] < 1 or exact["largest_difference"] > params.export.tolerance:
        raise ModelError(
            str(out / FLOAT),
            expected=f"every label the same and probabilities within {params.export.tolerance}",
            found=f"{exact['same_label']:.2%} of the labels the same, difference {exact['largest_difference']}",
            remedy="Look at the exporter's warnings; nothing may be scored with this model.",
        )
    write_manifest(out, [name for name, row in engines.items() if row["agrees"]])
    same = round(exact["same_label"] * len(heldout))
    result = {
        "statements": len(heldout),
        "same_label": same,
        "largest_difference": exact["largest_difference"],
        "engines": engines,
    }
    write_json(report, result)
    return result
