"""The model, and the one way in which text becomes its input: in training, evaluation and scoring alike.

The statement comes first and the sentence before it second. The encoder sees both; the mean is taken over
the statement's tokens alone, so that the context can only colour what the statement says.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, RootModel
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedTokenizerBase

from pipeline.domain import Example
from pipeline.errors import ModelError
from pipeline.inputs import (
    DESCRIPTION,
    Description,
    Features,
    batches_by_length,
    encode,
    file_digest,
    load_description,
    pad,
    softmax,
)
from pipeline.params import load_yaml

WEIGHTS = "model.safetensors"
TOKEN_BUDGET = 8192  # padded tokens a batch, outside scoring


class _Base(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    hub: str
    revision: str = Field(pattern=r"^[0-9a-f]{40}$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    pooling: Literal["mean", "cls"]
    package: str | None = None
    path: str | None = None
    folder: str = "."


class BaseModels(RootModel[dict[str, _Base]]):
    """`configs/base-models.yaml`: name to where the weights are, pinned by content."""


def find_base(name: str, registry: Path) -> tuple[_Base, str, str | None]:
    """Find a base model's files.

    Returns:
        Its entry, the folder or hub name to load from, and the hub revision (None for a folder).

    Raises:
        ConfigError: the registry is not as it should be.
        ModelError: it is not in the registry, or its weights are not those that are pinned.
    """
    known = load_yaml(registry, BaseModels, "Its form is described at its top.").root
    if name not in known:
        raise ModelError(str(registry), expected=f"an entry '{name}'", found=", ".join(known), remedy="Add it, pinned.")
    base = known[name]
    spec = find_spec(base.package) if base.package else None
    if spec and spec.submodule_search_locations:
        folder = Path(spec.submodule_search_locations[0]) / base.folder
        _check_weights(folder / WEIGHTS, base.sha256)
        return base, str(folder), None
    if base.path and Path(base.path).is_dir():
        _check_weights(Path(base.path) / WEIGHTS, base.sha256)
        return base, base.path, None
    return base, _download(base), base.revision


def _download(base: _Base) -> str:
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            base.hub, revision=base.revision, allow_patterns=["*.json", "*.txt", WEIGHTS, "*.model"]
        )
    except Exception as error:  # the hub's client raises many kinds; each means "not to be had"
        offline = os.environ.get("HF_HUB_OFFLINE") == "1"
        raise ModelError(
            base.hub,
            expected=f"the base model at revision {base.revision[:12]}",
            found=f"it could not be fetched ({type(error).__name__})",
            remedy="Allow the network with HF_HUB_OFFLINE=0." if offline else "Check the network.",
        ) from None
    _check_weights(Path(folder) / WEIGHTS, base.sha256)
    return folder


def _check_weights(path: Path, sha256: str) -> None:
    found = file_digest(path) if path.is_file() else "no such file"
    if found != sha256:
        raise ModelError(str(path), expected=f"SHA-256 {sha256}", found=found, remedy="Install the base model again.")


class StanceClassifier(nn.Module):
    """An encoder, pooling over the statement's tokens, and a linear head.

    `forward` takes integer tensors of shape (batch, tokens) and gives logits of shape (batch, labels), with
    the mean cross-entropy as `loss` where `labels` of shape (batch,) are given, weighed by `class_weights`.
    """

    def __init__(self, encoder: nn.Module, hidden: int, labels: int, pooling: str) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = pooling
        self.head = nn.Linear(hidden, labels)
        self.label_smoothing = 0.0
        self.register_buffer("class_weights", torch.ones(labels), persistent=False)

    def embed(self, input_ids: Tensor, attention_mask: Tensor, statement_mask: Tensor) -> Tensor:
        """Pooled vectors of shape (batch, hidden), in float32, of unit length."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.float()
        if self.pooling == "cls":
            pooled = hidden[:, 0]
        else:
            weight = statement_mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1.0)
        return nn.functional.normalize(pooled, dim=-1)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, statement_mask: Tensor, labels: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Logits, and the loss where labels are given."""
        logits = self.head(self.embed(input_ids, attention_mask, statement_mask))
        if labels is None:
            return {"logits": logits}
        weights: Tensor = self.class_weights  # type: ignore[assignment]
        loss = nn.functional.cross_entropy(logits, labels, weights, label_smoothing=self.label_smoothing)
        return {"loss": loss, "logits": logits}


def new_classifier(name: str, registry: Path, labels: int) -> tuple[StanceClassifier, PreTrainedTokenizerBase, str]:
    """Load a base model and give it a new head.

    Returns:
        The classifier, its tokenizer and its pooling.

    Raises:
        ModelError, ConfigError: see `find_base`.
    """
    base, folder, _ = find_base(name, registry)
    encoder = AutoModel.from_pretrained(folder, trust_remote_code=False, use_safetensors=True, **_pooler(folder))
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    return StanceClassifier(encoder, encoder.config.hidden_size, labels, base.pooling), tokenizer, base.pooling


def _pooler(folder: str) -> dict[str, bool]:
    """Leave out BERT's pooler, which nothing here uses, where the architecture has one."""
    kinds = ("bert", "roberta", "mpnet", "xlm-roberta", "camembert", "electra")
    known = AutoConfig.from_pretrained(folder, trust_remote_code=False).model_type in kinds[:4]
    return {"add_pooling_layer": False} if known else {}


def encode_examples(
    tokenizer: PreTrainedTokenizerBase, examples: Sequence[Example], max_tokens: int, context: bool
) -> list[Features]:
    """Turn labelled statements into the model's input; see `encode`."""
    statements, previous = [e.statement for e in examples], [e.previous for e in examples]
    return encode(tokenizer, statements, previous, max_tokens=max_tokens, context=context)


@torch.inference_mode()
def run_model(
    model: StanceClassifier, features: Sequence[Features], pad_id: int, budget: int, *, embed: bool = False
) -> NDArray[np.float64]:
    """Run a model in float32 over many inputs.

    Returns:
        Logits of shape (n, labels), or with `embed` pooled vectors of shape (n, hidden).
    """
    model.eval()
    width = model.head.in_features if embed else model.head.out_features
    result = np.zeros((len(features), width))
    for batch in batches_by_length([len(row["input_ids"]) for row in features], budget):
        arrays = pad([features[i] for i in batch], pad_id)
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        result[batch] = (model.embed(**tensors) if embed else model(**tensors)["logits"]).numpy()
    return result


def embed_statements(
    model: StanceClassifier, tokenizer: PreTrainedTokenizerBase, statements: Sequence[str], max_tokens: int
) -> NDArray[np.float64]:
    """Pooled vectors of statements without context: (n, hidden), of unit length."""
    features = encode(tokenizer, statements, [""] * len(statements), max_tokens=max_tokens, context=False)
    return run_model(model, features, int(tokenizer.pad_token_id or 0), TOKEN_BUDGET, embed=True)


def label_weights(truth: NDArray[np.int64], labels: int, balance: float) -> NDArray[np.float64]:
    """Weights (labels,) with the labels' shares to the power of `-balance`; their mean over the statements is 1."""
    shares = np.bincount(truth, minlength=labels) / len(truth)
    weights = np.clip(shares, 1e-9, None) ** -balance
    result: NDArray[np.float64] = weights / (weights * shares).sum()
    return result


def fit_scaling(logits: NDArray[np.float64], truth: NDArray[np.int64]) -> tuple[float, NDArray[np.float64]]:
    """The temperature and the labels' biases of least log loss (Alexandari et al. 2020, arXiv:1901.06852).

    The biases bring back the shares that labels really have, which weights and thinning in training shift.

    Args:
        logits: (n, labels) on statements that were not trained on, labels shared out as they come.
        truth: (n,) label indices.

    Returns:
        The temperature, and biases (labels,) whose mean is 0, to be added after dividing by it.
    """
    from scipy.optimize import minimize

    rows = np.arange(len(truth))
    onehot = np.eye(logits.shape[1])[truth]

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scaled = softmax(logits * np.exp(values[0]) + values[1:])
        slope = (scaled - onehot) / len(truth)
        by_scale = float((slope * logits).sum() * np.exp(values[0]))
        ridge = 1e-4 * values  # keeps a label that validation never or always shows within reason
        value = float(-np.log(np.clip(scaled[rows, truth], 1e-15, 1)).mean()) + float((ridge * values).sum()) / 2
        return value, np.concatenate([[by_scale], slope.sum(0)]) + ridge

    bounds = [(-3.0, 3.0)] * (1 + logits.shape[1])
    found = minimize(loss, np.zeros(1 + logits.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(np.exp(-found[0])), found[1:] - found[1:].mean()


def fit_probe(
    features: Any, truth: NDArray[np.int64], labels: int, c: float, weights: NDArray[np.float64] | None = None
) -> tuple[Any, Any]:
    """Fit a linear probe.

    Args:
        features: (n, hidden) pooled vectors or other features, dense or sparse.
        truth: (n,) label indices, all of `labels` present.
        labels: how many there are.
        c: inverse strength of the L2 penalty.
        weights: (labels,) of the labels, or None for all alike.

    Returns:
        Weights (labels, hidden) and biases (labels,) of a linear head.
    """
    from sklearn.linear_model import LogisticRegression

    by_label = None if weights is None else dict(enumerate(weights))
    fitted = LogisticRegression(C=c, max_iter=3000, class_weight=by_label).fit(features, truth)
    if labels == 2:  # scikit-learn keeps one row for two classes
        return np.vstack([-fitted.coef_ / 2, fitted.coef_ / 2]), np.hstack(
            [-fitted.intercept_ / 2, fitted.intercept_ / 2]
        )
    return fitted.coef_, fitted.intercept_


def save_classifier(
    folder: Path,
    model: StanceClassifier,
    tokenizer: PreTrainedTokenizerBase,
    description: Description,
    made_from: Mapping[str, Any],
) -> None:
    """Write weights (safetensors), the encoder's configuration, tokenizer and description into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().contiguous() for name, value in sorted(model.state_dict().items())}
    save_file(weights, folder / WEIGHTS)
    encoder: Any = model.encoder
    config = json.loads(encoder.config.to_json_string())
    config.pop("_name_or_path", None)
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.save_pretrained(folder)
    text = json.dumps({**asdict(description), "made_from": made_from}, indent=2, ensure_ascii=False)
    (folder / DESCRIPTION).write_text(text + "\n", "utf-8")


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer saved beside a model."""
    return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)


def load_classifier(folder: Path) -> tuple[StanceClassifier, PreTrainedTokenizerBase, Description]:
    """Load a trained model for evaluation or export; raises ModelError where it is incomplete."""
    description = load_description(folder)
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        encoder = AutoModel.from_config(config, trust_remote_code=False, **_pooler(str(folder)))  # type: ignore[no-untyped-call]
        model = StanceClassifier(encoder, config.hidden_size, len(description.labels), description.pooling)
        model.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, RuntimeError, ValueError) as error:
        raise ModelError(
            str(folder / WEIGHTS),
            expected="the weights that training saved",
            found=str(error).split("\n")[0],
            remedy="Train again: dvc repro -f train.",
        ) from None
    return model.eval(), load_tokenizer(folder), description
