"""A model that scores: tokenizer and engine, statements in, probabilities out. Also the library for notebooks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pipeline.abstention import load_calibration, prediction_sets
from pipeline.errors import ModelError
from pipeline.inputs import (
    Description,
    Features,
    batches_by_length,
    encode,
    load_description,
    model_digest,
    pad,
    softmax,
)
from pipeline.scoring.engine import MARGIN, Engine, Run, choose, open_engine
from pipeline.scoring.package import check_manifest

BATCH_TOKENS = 1024
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """What the model says of one statement.

    Attributes:
        stance: the likeliest label.
        confidence: its probability.
        probabilities: every label's.
        abstained: whether the confidence is too low for the error that was promised.
        prediction_set: labels of which one is true as often as calibration promised.
    """

    stance: str
    confidence: float
    probabilities: dict[str, float]
    abstained: bool
    prediction_set: list[str]


def load_tokenizer(folder: Path) -> tuple[Tokenizer, int]:
    """Load the tokenizer that lies beside a model, and the number of its padding token.

    Raises:
        ModelError: it is missing or damaged.
    """
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        settings = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
        token = settings["pad_token"]
        return tokenizer, tokenizer.token_to_id(token if isinstance(token, str) else token["content"]) or 0
    except Exception as error:  # tokenizers raises bare Exception
        raise ModelError(
            str(folder / "tokenizer.json"),
            expected="the tokenizer saved beside a model",
            found=str(error).split("\n")[0],
            remedy="Export the model again: dvc repro -f export.",
        ) from None


class Scorer:
    """Scores statements.

    >>> scorer = Scorer.load("models/exported")  # doctest: +SKIP
    >>> scorer(["We call for the sanctions to be lifted."])[0].stance  # doctest: +SKIP
    'oppose'

    Attributes:
        description: labels in the order of the probabilities, the version of the codebook, and more.
        digest: which model this is, as the column `model` of scores names it.
        promise: where it abstains, and what is in a prediction set.
        engine: what runs it, and at which precision.
    """

    def __init__(self, folder: Path, engine: Engine, batch_tokens: int = BATCH_TOKENS, max_error: float = 1.0) -> None:
        self.description: Description = load_description(folder)
        self.promise = load_calibration(folder).promise(max_error)
        self.digest = model_digest(folder)
        self.engine = engine
        self._tokenizer, self._pad_id = load_tokenizer(folder)
        self._batch_tokens = batch_tokens

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        engine: str = "auto",
        precision: str = "auto",
        threads: int = 1,
        batch_tokens: int = BATCH_TOKENS,
        max_error: float = 1.0,
    ) -> "Scorer":
        """Load an exported model after holding its files against their manifest.

        Args:
            folder: what the export stage wrote.
            engine: `openvino`, `onnx`, or `auto`: the first that agrees with the trained model and runs here;
                `torch` takes a trained model's folder, and a GPU where there is one.
            precision: `float32`, `bfloat16`, `int8`, `mixed`, or `auto`.
            threads: of one inference.
            batch_tokens: padded tokens that a batch may hold.
            max_error: abstain where validation can't promise this share of wrong labels; 1: never.

        Raises:
            ModelError: files are missing or altered, or the engine cannot run them.
        """
        place = Path(folder)
        agreeing = [] if engine == "torch" else check_manifest(place)
        load_description(place)
        opened = open_engine(place, *choose(engine, precision, agreeing, place), threads)
        return cls(place, opened, batch_tokens, max_error)

    def __call__(self, statements: Sequence[str], previous: Sequence[str] | None = None) -> list[Scored]:
        """Score statements, each with the sentence before it in its speech where `previous` gives one."""
        labels = self.description.labels
        rows = self.probabilities(statements, [""] * len(statements) if previous is None else previous)
        return [
            Scored(
                labels[int(row.argmax())],
                float(row.max()),
                dict(zip(labels, map(float, row), strict=True)),
                bool(row.max() < self.promise.confidence),
                [label for label, held in zip(labels, inside, strict=True) if held],
            )
            for row, inside in zip(rows, prediction_sets(rows, self.promise.set_threshold), strict=True)
        ]

    def probabilities(self, statements: Sequence[str], previous: Sequence[str]) -> Floats:
        """Score n statements with the sentences before them: (n, labels), rows sum to 1.

        Inputs that recur are computed once. Figures depend on what is given together, in the last digits of
        float32: the same call gives the same bytes.
        """
        shown = self.description
        features = encode(self._tokenizer, statements, previous, max_tokens=shown.max_tokens, context=shown.context)
        distinct: dict[tuple[int, ...], int] = {}
        places = [
            distinct.setdefault((*row["input_ids"], sum(row["statement_mask"])), len(distinct)) for row in features
        ]
        first = dict(zip(reversed(places), reversed(features), strict=True))
        unique = [first[i] for i in range(len(distinct))]
        result: Floats = self._run(unique)[places] if features else np.zeros((0, len(shown.labels)))
        return result

    def _run(self, features: Sequence[Features]) -> Floats:
        result = self._batched(self.engine.run, features)
        if self.engine.second_look is not None:
            second, first = np.sort(result, axis=1)[:, -2:].T
            undecided = np.flatnonzero(first - second < MARGIN).tolist()
            result[undecided] = self._batched(self.engine.second_look, [features[i] for i in undecided])
        return result

    def _batched(self, run: Run, features: Sequence[Features]) -> Floats:
        result = np.zeros((len(features), len(self.description.labels)))
        for batch in batches_by_length([len(row["input_ids"]) for row in features], self._batch_tokens):
            result[batch] = softmax(run(pad([features[i] for i in batch], self._pad_id)))
        return result
