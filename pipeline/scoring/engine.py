"""The engine: an exported model and its tokenizer, statements in, probabilities out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.classifier import (
    batches_by_length,
    encode,
    load_description,
    load_tokenizer,
    model_digest,
    pad,
    softmax,
)
from pipeline.errors import ModelError

EXPORTED = "model.onnx"


class OnnxEngine:
    """Runs the exported model with ONNX Runtime on the CPU."""

    def __init__(self, folder: Path, threads: int, batch_tokens: int) -> None:
        """Load a model.

        Args:
            folder: what the export stage wrote.
            threads: of one inference.
            batch_tokens: padded tokens that a batch may hold.

        Raises:
            ModelError: the folder holds no exported model.
        """
        import onnxruntime

        self.description = load_description(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                str(folder / EXPORTED), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own exceptions share no base but Exception
            raise ModelError(
                str(folder / EXPORTED),
                expected="an exported model",
                found=str(error).split("\n")[0],
                remedy="Run make run, or name an exported model's folder with --model.",
            ) from None
        self._tokenizer = load_tokenizer(folder)
        self._pad_id = int(self._tokenizer.pad_token_id or 0)
        self._batch_tokens = batch_tokens
        self.digest = model_digest(folder)

    def probabilities(self, statements: Sequence[str], previous: Sequence[str]) -> NDArray[np.float64]:
        """Score n statements with the sentences before them: (n, labels), rows sum to 1."""
        features = encode(
            self._tokenizer,
            statements,
            previous,
            max_tokens=self.description.max_tokens,
            context=self.description.context,
        )
        result = np.zeros((len(features), len(self.description.labels)))
        for batch in batches_by_length([len(row["input_ids"]) for row in features], self._batch_tokens):
            arrays = pad([features[i] for i in batch], self._pad_id)
            result[batch] = softmax(self._session.run(["logits"], arrays)[0])
        return result
