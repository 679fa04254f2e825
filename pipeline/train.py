"""Stage: fine-tune the base model on the training speeches, stopping early on the validation speeches.

The head starts from a linear probe, since fine-tuning from a random head distorts what the base knows
(Kumar et al. 2022, arXiv:2202.10054); the probe itself is the first candidate that validation judges.
"""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from transformers import EvalPrediction, Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pipeline import determinism
from pipeline.classifier import (
    TOKEN_BUDGET,
    WEIGHTS,
    Description,
    Features,
    StanceClassifier,
    encode,
    file_digest,
    fit_probe,
    new_classifier,
    pad,
    run_model,
    save_classifier,
)
from pipeline.codebook import load_codebook
from pipeline.domain import Example
from pipeline.errors import SplitError
from pipeline.examples import read_splits
from pipeline.params import Params, Train
from pipeline.tables import write_json

_METRIC = "eval_macro_f1"


class _KeepBest(TrainerCallback):
    """Keeps the weights that validation likes best and stops when they have not changed for a while."""

    def __init__(self, model: StanceClassifier, patience: int) -> None:
        self.model, self.patience = model, patience
        self.best, self.waited = -1.0, 0
        self.weights: dict[str, torch.Tensor] = {}
        self.history: list[dict[str, float]] = []

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Compare the validation score with the best so far."""
        metrics = kwargs["metrics"]
        score = metrics[_METRIC]
        self.history.append({"epoch": state.epoch or 0.0, "macro_f1": score, "loss": metrics["eval_loss"]})
        if score > self.best:
            self.best, self.waited = score, 0
            self.weights = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        else:
            self.waited += 1
            control.should_training_stop = control.should_training_stop or self.waited >= self.patience


def _collate(pad_id: int) -> Any:
    def collate(rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        batch = {name: torch.from_numpy(array) for name, array in pad(rows, pad_id).items()}
        batch["labels"] = torch.tensor([row["labels"] for row in rows])
        return batch

    return collate


def _macro_f1(prediction: EvalPrediction) -> dict[str, float]:
    logits = prediction.predictions[0] if isinstance(prediction.predictions, tuple) else prediction.predictions
    return {"macro_f1": float(f1_score(prediction.label_ids, logits.argmax(1), average="macro"))}


def _arguments(params: Params, folder: str, steps: int) -> TrainingArguments:
    p = params.train
    return TrainingArguments(
        output_dir=folder,
        seed=params.runtime.seed,
        data_seed=params.runtime.seed,
        num_train_epochs=p.epochs,
        per_device_train_batch_size=p.batch_size,
        per_device_eval_batch_size=64,
        learning_rate=p.learning_rate,
        weight_decay=p.weight_decay,
        warmup_steps=round(p.warmup_share * steps),
        bf16=p.precision == "bfloat16",
        train_sampling_strategy="group_by_length",
        eval_strategy="epoch",
        eval_on_start=True,
        save_strategy="no",
        logging_strategy="epoch",
        report_to=[],
        dataloader_num_workers=0,
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        use_cpu=not torch.cuda.is_available(),
        full_determinism=False,
    )


def _dataset(features: list[Features], truth: NDArray[np.int64]) -> Dataset:
    columns = {name: [row[name] for row in features] for name in features[0]}
    return Dataset.from_dict({**columns, "labels": truth.tolist(), "length": [len(r["input_ids"]) for r in features]})


def fingerprint(examples: Sequence[Example]) -> str:
    """SHA-256 over what a model is trained on: ids, texts and labels, in order."""
    digest = hashlib.sha256()
    for e in examples:
        digest.update("\x1f".join((e.statement_id, e.statement, e.previous, e.label)).encode() + b"\x1e")
    return digest.hexdigest()


def code_fingerprint() -> str:
    """SHA-256 over the modules of this package that make a model."""
    here = Path(__file__).parent
    names = ("classifier.py", "determinism.py", "train.py")
    return hashlib.sha256("".join(file_digest(here / name) for name in names).encode()).hexdigest()


def _encoded(tokenizer: Any, examples: Sequence[Example], params: Train) -> list[Features]:
    return encode(
        tokenizer,
        [e.statement for e in examples],
        [e.previous for e in examples],
        max_tokens=params.max_tokens,
        context=params.context,
    )


def train(
    statements: Path, labels: Path, splits: Path, codebook: Path, bases: Path, out: Path, report: Path, params: Params
) -> dict[str, Any]:
    """Train on the training split, choose on the validation split, and save the model.

    Returns:
        The training report: scores on validation by epoch, and which epoch was kept.
    """
    determinism.fix(params.runtime)
    book = load_codebook(codebook)
    data = read_splits(statements, labels, splits)
    index = {name: i for i, name in enumerate(book.names)}
    truth = {
        name: np.array([index[e.label] for e in part]) for name, part in (("t", data.train), ("v", data.validation))
    }
    _check_labels(truth["t"], book.names)
    model, tokenizer, pooling = new_classifier(params.train.base_model, bases, len(book.names))
    model.label_smoothing = params.train.label_smoothing
    features = {
        "t": _encoded(tokenizer, data.train, params.train),
        "v": _encoded(tokenizer, data.validation, params.train),
    }
    pad_id = int(tokenizer.pad_token_id or 0)
    weights, biases = fit_probe(
        run_model(model, features["t"], pad_id, TOKEN_BUDGET, embed=True),
        truth["t"],
        len(book.names),
        params.train.probe_c,
    )
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(weights))
        model.head.bias.copy_(torch.from_numpy(biases))
    keeper = _KeepBest(model, params.train.patience)
    with tempfile.TemporaryDirectory() as folder:
        steps = params.train.epochs * -(-len(data.train) // params.train.batch_size)
        trainer = Trainer(
            model=model,
            args=_arguments(params, folder, steps),
            train_dataset=_dataset(features["t"], truth["t"]),
            eval_dataset=_dataset(features["v"], truth["v"]),
            data_collator=_collate(pad_id),
            compute_metrics=_macro_f1,
            callbacks=[keeper],
        )
        trainer.train()
    model.load_state_dict(keeper.weights)
    description = Description(
        book.names,
        book.no_stance,
        book.version,
        params.train.base_model,
        pooling,
        params.train.max_tokens,
        params.train.context,
    )
    made_from = {
        "params": params.model_dump(include={"runtime", "train"}),
        "train_data": fingerprint(data.train),
        "validation_data": fingerprint(data.validation),
        "code": code_fingerprint(),
    }
    save_classifier(out, model.cpu(), tokenizer, description, made_from)
    best = max(keeper.history, key=lambda row: row["macro_f1"])
    result = {
        "train_statements": len(data.train),
        "validation_statements": len(data.validation),
        "validation_macro_f1": best["macro_f1"],
        "probe_validation_macro_f1": keeper.history[0]["macro_f1"],
        "kept_epoch": best["epoch"],
        "history": keeper.history,
        "weights_sha256": file_digest(out / WEIGHTS),
    }
    write_json(report, result)
    return result


def _check_labels(truth: NDArray[np.int64], names: list[str]) -> None:
    missing = [name for i, name in enumerate(names) if not (truth == i).any()]
    if missing:
        raise SplitError(
            "the training split",
            expected="statements of every label",
            found=f"none labelled {', '.join(missing)}",
            remedy="Label more speeches, or change runtime.seed or the shares of split.",
        )
