"""Stage: fine-tune the base model on the training speeches, stopping early on the validation speeches.

The head starts from a linear probe, since fine-tuning from a random head distorts what the base knows
(Kumar et al. 2022, arXiv:2202.10054); the probe itself is the first candidate that validation judges.
"""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from transformers import (
    EvalPrediction,
    PreTrainedTokenizerBase,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from pipeline import determinism
from pipeline.abstention import calibrate, save_calibration
from pipeline.augmentation import swap_countries, thin
from pipeline.classifier import (
    TOKEN_BUDGET,
    WEIGHTS,
    StanceClassifier,
    encode_examples,
    fit_probe,
    fit_scaling,
    label_weights,
    new_classifier,
    run_model,
    save_classifier,
)
from pipeline.codebook import load_codebook
from pipeline.domain import Example
from pipeline.errors import SplitError
from pipeline.examples import LabelledData, read_splits
from pipeline.inputs import Description, Features, file_digest, pad, softmax
from pipeline.params import Params, Train
from pipeline.tables import whole, write_json

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
    names = ("augmentation.py", "classifier.py", "determinism.py", "train.py")
    return hashlib.sha256("".join(file_digest(here / name) for name in names).encode()).hexdigest()


@dataclass(frozen=True)
class _Part:
    """A split as the model takes it: its input, and label indices of shape (n,)."""

    features: list[Features]
    truth: NDArray[np.int64]


def _part(tokenizer: PreTrainedTokenizerBase, examples: Sequence[Example], labels: list[str], params: Train) -> _Part:
    features = encode_examples(tokenizer, examples, params.max_tokens, params.context)
    return _Part(features, np.array([labels.index(e.label) for e in examples]))


def _start_from_probe(model: StanceClassifier, part: _Part, pad_id: int, params: Train) -> None:
    """Set the head to a linear probe on the base model's vectors, labels weighed as in training."""
    labels = model.head.out_features
    by_label = label_weights(part.truth, labels, params.class_balance)
    model.class_weights.copy_(torch.from_numpy(by_label))  # type: ignore[operator]
    with torch.autocast("cpu", torch.bfloat16, enabled=params.precision == "bfloat16"):
        vectors = run_model(model, part.features, pad_id, TOKEN_BUDGET, embed=True)
    weights, biases = fit_probe(vectors, part.truth, labels, params.probe_c, by_label)
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(weights))
        model.head.bias.copy_(torch.from_numpy(biases))


def _fine_tune(model: StanceClassifier, train: _Part, validation: _Part, pad_id: int, params: Params) -> _KeepBest:
    """Train all weights and leave the model with those that validation liked best."""
    keeper = _KeepBest(model, params.train.patience)
    steps = round(params.train.epochs * -(-len(train.truth) // params.train.batch_size))
    with tempfile.TemporaryDirectory() as folder:
        Trainer(
            model=model,
            args=_arguments(params, folder, steps),
            train_dataset=_dataset(train.features, train.truth),
            eval_dataset=_dataset(validation.features, validation.truth),
            data_collator=_collate(pad_id),
            compute_metrics=_macro_f1,
            callbacks=[keeper],
        ).train()
    model.load_state_dict(keeper.weights)
    return keeper


def _scale(model: StanceClassifier, validation: _Part, pad_id: int) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """Fold into the head the temperature and the biases that suit the validation split.

    Returns:
        Both, as JSON values, and the probabilities (n, labels) of the validation split after it.
    """
    logits = run_model(model, validation.features, pad_id, TOKEN_BUDGET)
    temperature, biases = fit_scaling(logits, validation.truth)
    with torch.no_grad():
        model.head.weight.div_(temperature)
        model.head.bias.div_(temperature).add_(torch.from_numpy(biases))
    return {"temperature": temperature, "biases": biases.tolist()}, softmax(logits / temperature + biases)


def _augmented(examples: Sequence[Example], no_stance: str, params: Params) -> list[Example]:
    seed = params.runtime.seed
    fewer = thin(examples, no_stance, params.train.no_stance_per_stance, seed)
    return swap_countries(fewer, params.train.swap_countries, seed)


def train(
    statements: Path, labels: Path, splits: Path, codebook: Path, bases: Path, out: Path, report: Path, params: Params
) -> dict[str, Any]:
    """Train on the training split, choose and calibrate on the validation split, and save the model.

    Returns:
        The training report: scores on validation by epoch, and which epoch was kept.
    """
    determinism.fix(params.runtime)
    book = load_codebook(codebook)
    data = read_splits(statements, labels, splits)
    model, tokenizer, pooling = new_classifier(params.train.base_model, bases, len(book.names))
    model.label_smoothing = params.train.label_smoothing
    pad_id = int(tokenizer.pad_token_id or 0)
    learned = _augmented(data.train, book.no_stance, params)
    part = {
        name: _part(tokenizer, examples, book.names, params.train)
        for name, examples in (("train", learned), ("validation", data.validation))
    }
    _check_labels(part["train"].truth, book.names)
    _start_from_probe(model, part["train"], pad_id, params.train)
    keeper = _fine_tune(model, part["train"], part["validation"], pad_id, params)
    scaling, probabilities = _scale(model.cpu(), part["validation"], pad_id)
    p = params.train
    description = Description(book.names, book.no_stance, book.version, p.base_model, pooling, p.max_tokens, p.context)
    made_from = {
        "params": params.model_dump(include={"runtime", "train"}),
        "train_data": fingerprint(learned),
        "validation_data": fingerprint(data.validation),
        "code": code_fingerprint(),
    }
    save_classifier(out, model, tokenizer, description, made_from)
    speeches = [e.group for e in data.validation]
    save_calibration(out, calibrate(part["validation"].truth, probabilities, speeches, **params.abstain.model_dump()))
    result = _report(keeper, len(learned), data, scaling, out)
    write_json(report, result)
    _write_history(report.with_name("history.csv"), keeper.history)
    return result


def _report(keeper: _KeepBest, learned: int, data: LabelledData, scaling: dict[str, Any], out: Path) -> dict[str, Any]:
    best = max(keeper.history, key=lambda row: row["macro_f1"])
    return {
        "train_statements": learned,
        "validation_statements": len(data.validation),
        "validation_macro_f1": best["macro_f1"],
        "probe_validation_macro_f1": keeper.history[0]["macro_f1"],
        "kept_epoch": best["epoch"],
        **scaling,
        "weights_sha256": file_digest(out / WEIGHTS),
    }


def _write_history(path: Path, history: list[dict[str, float]]) -> None:
    with whole(path) as file:
        file.write("epoch,macro_f1,loss\n")
        file.writelines(f"{row['epoch']:.2f},{row['macro_f1']:.6f},{row['loss']:.6f}\n" for row in history)


def _check_labels(truth: NDArray[np.int64], names: list[str]) -> None:
    missing = [name for i, name in enumerate(names) if not (truth == i).any()]
    if missing:
        raise SplitError(
            "the training split",
            expected="statements of every label",
            found=f"none labelled {', '.join(missing)}",
            remedy="Label more speeches, or change runtime.seed or the shares of split.",
        )
