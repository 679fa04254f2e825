"""Stage: the model as ONNX, which scoring runs, and the proof that it agrees with the trained one."""

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipeline import determinism
from pipeline.abstention import CALIBRATION
from pipeline.classifier import (
    DESCRIPTION,
    TOKEN_BUDGET,
    encode,
    encode_examples,
    load_classifier,
    pad,
    run_model,
    softmax,
)
from pipeline.errors import ModelError
from pipeline.examples import read_splits
from pipeline.params import Params
from pipeline.scoring.engine import EXPORTED, OnnxEngine
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
        path = Path(folder) / EXPORTED
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
        shutil.copyfile(path, out / EXPORTED)
    tokenizer.save_pretrained(out)
    for name in (DESCRIPTION, CALIBRATION):
        shutil.copyfile(model_folder / name, out / name)


def export(
    statements: Path, labels: Path, splits: Path, model: Path, out: Path, report: Path, params: Params
) -> dict[str, Any]:
    """Export the model and hold it against the trained one on the held-out speeches.

    Raises:
        ModelError: a label differs, or a probability by more than `export.tolerance`.
    """
    determinism.fix(params.runtime)
    export_onnx(model, out, params.export.opset)
    heldout = read_splits(statements, labels, splits).heldout
    trained, tokenizer, description = load_classifier(model)
    features = encode_examples(tokenizer, heldout, description.max_tokens, description.context)
    expected = softmax(run_model(trained, features, int(tokenizer.pad_token_id or 0), TOKEN_BUDGET))
    engine = OnnxEngine(out, params.runtime.threads, params.score.batch_tokens)
    found = engine.probabilities([e.statement for e in heldout], [e.previous for e in heldout])
    difference = float(np.abs(expected - found).max())
    same = int((expected.argmax(1) == found.argmax(1)).sum())
    result = {"statements": len(heldout), "same_label": same, "largest_difference": round(difference, 5)}
    if same != len(heldout) or difference > params.export.tolerance:
        raise ModelError(
            str(out / EXPORTED),
            expected=f"every label the same and probabilities within {params.export.tolerance}",
            found=f"{same} of {len(heldout)} labels the same, difference {difference:.2g}",
            remedy="Look at the exporter's warnings; nothing may be scored with this model.",
        )
    write_json(report, result)
    return result
