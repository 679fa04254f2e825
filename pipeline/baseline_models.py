"""What the model must beat: majority, keywords, TF-IDF, the frozen base model; kept as JSON and arrays."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from pipeline.classifier import (
    StanceClassifier,
    embed_statements,
    fit_probe,
    new_classifier,
)
from pipeline.codebook import Codebook
from pipeline.domain import Example
from pipeline.errors import ModelError
from pipeline.inputs import softmax
from pipeline.params import Params

CONFIG, ARRAYS = "baselines.json", "baselines.safetensors"
Floats = NDArray[np.float64]


class Baseline(Protocol):
    """Whatever gives probabilities of shape (n, labels) for n examples."""

    def __call__(self, examples: Sequence[Example]) -> Floats:
        """Probabilities, rows sum to 1."""


@dataclass(frozen=True)
class Majority:
    """Always the training speeches' shares of the labels."""

    shares: Floats

    def __call__(self, examples: Sequence[Example]) -> Floats:
        """The same row for each example."""
        return np.tile(self.shares, (len(examples), 1))


@dataclass(frozen=True)
class Keywords:
    """The label whose keywords of the codebook match most often; the first defined wins a tie.

    It gives no probabilities of its own: the label chosen gets `certainty`, its share of hits in training.
    """

    codebook: Codebook
    certainty: float

    def __call__(self, examples: Sequence[Example]) -> Floats:
        """Near one-hot rows."""
        labels = len(self.codebook.labels)
        rows = np.full((len(examples), labels), (1 - self.certainty) / (labels - 1))
        rows[np.arange(len(examples)), self.choose(examples)] = self.certainty
        return rows

    def choose(self, examples: Sequence[Example]) -> NDArray[np.int64]:
        """The index of the label for each example."""
        patterns = [[re.compile(k, re.IGNORECASE) for k in label.keywords] for label in self.codebook.labels]
        silent = self.codebook.names.index(self.codebook.no_stance)
        chosen = []
        for example in examples:
            hits = [sum(bool(p.search(example.statement)) for p in group) for group in patterns]
            chosen.append(int(np.argmax(hits)) if any(hits) else silent)
        return np.array(chosen, dtype=np.int64)


class TfIdf:
    """TF-IDF of word n-grams with logistic regression (scikit-learn), kept as vocabulary and arrays."""

    def __init__(self, vocabulary: dict[str, int], idf: Floats, weights: Floats, biases: Floats, ngram: int) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.vectorizer = TfidfVectorizer(vocabulary=vocabulary, ngram_range=(1, ngram), sublinear_tf=True)
        self.vectorizer.idf_ = idf
        self.weights, self.biases = weights, biases

    @classmethod
    def fit(cls, texts: Sequence[str], truth: NDArray[np.int64], labels: int, params: Params) -> "TfIdf":
        """Fit on training texts and their label indices."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        ngram = params.baselines.tfidf_max_ngram
        vectorizer = TfidfVectorizer(ngram_range=(1, ngram), sublinear_tf=True, min_df=2)
        matrix = vectorizer.fit_transform(texts)
        weights, biases = fit_probe(matrix, truth, labels, params.baselines.tfidf_c)
        vocabulary = {term: int(i) for term, i in vectorizer.vocabulary_.items()}
        return cls(vocabulary, vectorizer.idf_, weights, biases, ngram)

    def __call__(self, examples: Sequence[Example]) -> Floats:
        """Probabilities of a linear model over n-grams."""
        matrix = self.vectorizer.transform([e.statement for e in examples])
        return softmax(matrix @ self.weights.T + self.biases)


class Frozen:
    """The base model as it came, with logistic regression on its pooled vectors."""

    def __init__(
        self, model: StanceClassifier, tokenizer: Any, weights: Floats, biases: Floats, params: Params
    ) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.weights, self.biases, self.params = weights, biases, params

    def __call__(self, examples: Sequence[Example]) -> Floats:
        """Probabilities of a linear model over frozen vectors."""
        texts = [e.statement for e in examples]
        vectors = embed_statements(self.model, self.tokenizer, texts, self.params.train.max_tokens)
        return softmax(vectors @ self.weights.T + self.biases)


def load_baselines(folder: Path, codebook: Codebook, bases: Path, params: Params) -> dict[str, Baseline]:
    """Load what `baselines` saved; raises ModelError where it is missing or for another codebook."""
    try:
        config = json.loads((folder / CONFIG).read_text("utf-8"))
        arrays = load_file(folder / ARRAYS)
    except (OSError, ValueError) as error:
        raise ModelError(
            str(folder), expected="the baselines", found=str(error), remedy="Run dvc repro baselines."
        ) from None
    if config["labels"] != codebook.names:
        raise ModelError(
            str(folder),
            expected=f"labels {', '.join(codebook.names)}",
            found=", ".join(config["labels"]),
            remedy="Run dvc repro baselines.",
        )
    model, tokenizer, _ = new_classifier(params.train.base_model, bases, len(codebook.names))
    vocabulary = {term: i for i, term in enumerate(config["vocabulary"])}
    return {
        "majority": Majority(arrays["shares"]),
        "keywords": Keywords(codebook, config["keyword_certainty"]),
        "tfidf": TfIdf(
            vocabulary,
            arrays["tfidf_idf"],
            arrays["tfidf_weights"],
            arrays["tfidf_biases"],
            params.baselines.tfidf_max_ngram,
        ),
        "frozen": Frozen(model, tokenizer, arrays["frozen_weights"], arrays["frozen_biases"], params),
    }
