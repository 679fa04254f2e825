"""Stage: fit the baselines on the training split."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from pipeline import determinism
from pipeline.baseline_models import ARRAYS, CONFIG, Keywords, TfIdf
from pipeline.classifier import embed_statements, fit_probe, new_classifier
from pipeline.codebook import load_codebook
from pipeline.examples import read_splits
from pipeline.params import Params
from pipeline.tables import whole


def baselines(
    statements: Path, labels: Path, splits: Path, codebook: Path, bases: Path, out: Path, params: Params
) -> None:
    """Fit every baseline on the training split and save them into a folder."""
    determinism.fix(params.runtime)
    book = load_codebook(codebook)
    data = read_splits(statements, labels, splits)
    index = {name: i for i, name in enumerate(book.names)}
    truth = np.array([index[e.label] for e in data.train])
    count = len(book.names)
    shares = np.bincount(truth, minlength=count) / len(truth)
    rule = Keywords(book, 0.5)
    right = float((rule.choose(data.train) == truth).mean())
    tfidf = TfIdf.fit([e.statement for e in data.train], truth, count, params)
    model, tokenizer, _ = new_classifier(params.train.base_model, bases, count)
    vectors = embed_statements(model, tokenizer, [e.statement for e in data.train], params.train.max_tokens)
    weights, biases = fit_probe(vectors, truth, count, params.baselines.frozen_c)
    out.mkdir(parents=True, exist_ok=True)
    vocabulary = dict(sorted(tfidf.vectorizer.vocabulary_.items(), key=lambda item: item[1]))
    config = {
        "labels": book.names,
        "keyword_certainty": min(max(right, 1 / count), 0.999),
        "vocabulary": list(vocabulary),
    }
    with whole(out / CONFIG) as file:
        json.dump(config, file, ensure_ascii=False, indent=1)
        file.write("\n")
    arrays = {
        "shares": shares,
        "tfidf_idf": tfidf.vectorizer.idf_,
        "tfidf_weights": tfidf.weights,
        "tfidf_biases": tfidf.biases,
        "frozen_weights": weights,
        "frozen_biases": biases,
    }
    save_file({name: np.ascontiguousarray(a, dtype=np.float64) for name, a in arrays.items()}, out / ARRAYS)
