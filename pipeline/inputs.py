"""The one way in which text becomes the model's input, and what a model's folder tells of it; free of torch.

Scoring starts in a second because it imports this and not the model's code.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pipeline.errors import ModelError

DESCRIPTION = "stance.json"
Features = dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Description:
    """What a trained model needs beside its weights; saved as `stance.json`.

    Attributes:
        labels: names of the classes, in the order of the logits.
        no_stance: which of them means that no stance is taken.
        codebook: version of the codebook.
        base_model: name in `base-models.yaml`.
        pooling: `mean` over the statement's tokens, or `cls`.
        max_tokens: length at which statement and context together are cut.
        context: whether the sentence before is shown.
    """

    labels: list[str]
    no_stance: str
    codebook: str
    base_model: str
    pooling: str
    max_tokens: int
    context: bool


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def encode(
    tokenizer: Any,
    statements: Sequence[str],
    previous: Sequence[str],
    *,
    max_tokens: int,
    context: bool,
) -> list[Features]:
    """Turn statements into the model's input.

    Args:
        tokenizer: the base model's: `tokenizers.Tokenizer`, or a fast one of transformers around it.
        statements: n texts.
        previous: n sentences before them, "" for none.
        max_tokens: a longer input loses the context's words first, then the statement's last.
        context: whether the sentence before is shown at all.

    Returns:
        n mappings of `input_ids`, `attention_mask` and `statement_mask` to lists of equal length.
    """
    backend: Tokenizer = getattr(tokenizer, "backend_tokenizer", tokenizer)
    backend.no_padding()
    backend.no_truncation()
    before, between, after = _special_tokens(backend, "a", "a")
    alone = _special_tokens(backend, "a", None)[1]
    own_room = max_tokens - len(before) - len(between) - len(after)
    firsts = [ids[:own_room] for ids in _token_ids(backend, statements)]
    seconds = _token_ids(backend, previous) if context else [[]] * len(firsts)
    features = []
    for own, told in zip(firsts, seconds, strict=True):
        kept = told[max(0, len(told) - own_room + len(own)) :]
        ids = [*before, *own, *between, *kept, *after] if kept else [*before, *own, *alone]
        mask = [0] * len(before) + [1] * len(own) + [0] * (len(ids) - len(before) - len(own))
        features.append({"input_ids": ids, "attention_mask": [1] * len(ids), "statement_mask": mask})
    return features


def _token_ids(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    return [encoded.ids for encoded in tokenizer.encode_batch(list(texts), add_special_tokens=False)]


def _special_tokens(tokenizer: Tokenizer, first: str, second: str | None) -> tuple[list[int], list[int], list[int]]:
    """The special tokens before, between and after two texts; after one text, they count as between."""
    encoded = tokenizer.encode(first, second)
    parts: tuple[list[int], list[int], list[int]] = ([], [], [])
    passed = 0
    for token, sequence in zip(encoded.ids, encoded.sequence_ids, strict=True):
        if sequence is None:
            parts[passed].append(token)
        else:
            passed = sequence + 1
    return parts


def pad(features: Sequence[Features], pad_id: int) -> dict[str, NDArray[np.int64]]:
    """Pad a batch to its longest member: arrays of shape (batch, tokens)."""
    width = max(len(row["input_ids"]) for row in features)
    fill = {"input_ids": pad_id, "attention_mask": 0, "statement_mask": 0}
    return {
        name: np.array([row[name] + [value] * (width - len(row[name])) for row in features], dtype=np.int64)
        for name, value in fill.items()
    }


def batches_by_length(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Group indices so that similar lengths go together and a padded batch stays within `budget` tokens."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: (lengths[i], i)):
        if batch and lengths[index] * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Probabilities along the last axis, in float64."""
    shifted = np.asarray(logits, dtype=np.float64)
    shifted = np.exp(shifted - shifted.max(axis=-1, keepdims=True))
    result: NDArray[np.float64] = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


def load_description(folder: Path) -> Description:
    """Read `stance.json`; raises ModelError where the folder holds no model of ours."""
    try:
        raw = json.loads((folder / DESCRIPTION).read_text("utf-8"))
        return Description(**{name: raw[name] for name in Description.__slots__})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            str(folder / DESCRIPTION),
            expected="the description of a trained model",
            found=f"{type(error).__name__}: {error}",
            remedy="Train one (make run), or name its folder with --model.",
        ) from None


def model_digest(folder: Path) -> str:
    """Tell which model said something: first 16 hexadecimal digits over description and weights."""
    digests = "".join(
        file_digest(path) for path in sorted(folder.iterdir()) if path.suffix in (".safetensors", ".onnx")
    )
    description = file_digest(folder / DESCRIPTION)
    return hashlib.sha256((digests + description).encode()).hexdigest()[:16]
