"""Text to the model's input, weights of labels, temperature and biases; the model's folder."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.classifier import (
    fit_probe,
    fit_scaling,
    label_weights,
    new_classifier,
    run_model,
)
from pipeline.inputs import batches_by_length, encode, pad, softmax


@pytest.fixture
def loaded(tiny_registry: Path) -> tuple[object, object]:
    torch.manual_seed(1)
    model, tokenizer, _ = new_classifier("tiny", tiny_registry, 3)
    return model, tokenizer


def test_the_statement_comes_first_and_alone_is_pooled(loaded: tuple) -> None:
    _, tokenizer = loaded
    (row,) = encode(tokenizer, ["We want to build"], ["Stop it"], max_tokens=48, context=True)
    tokens = tokenizer.convert_ids_to_tokens(row["input_ids"])
    assert tokens == ["[CLS]", "we", "want", "to", "build", "[SEP]", "stop", "it", "[SEP]"]
    assert [t for t, m in zip(tokens, row["statement_mask"], strict=True) if m] == ["we", "want", "to", "build"]
    (alone,) = encode(tokenizer, ["We want to build"], ["Stop it"], max_tokens=48, context=False)
    assert tokenizer.convert_ids_to_tokens(alone["input_ids"]) == tokens[:6]


def test_a_long_input_loses_the_contexts_first_words_and_then_the_statements_last(loaded: tuple) -> None:
    _, tokenizer = loaded
    (row,) = encode(tokenizer, ["We want to build"], ["at nine we stop it"], max_tokens=9, context=True)
    assert tokenizer.convert_ids_to_tokens(row["input_ids"])[6:] == ["stop", "it", "[SEP]"]
    (cut,) = encode(tokenizer, ["We want to build the bridge"], ["stop it"], max_tokens=7, context=True)
    assert tokenizer.convert_ids_to_tokens(cut["input_ids"]) == ["[CLS]", "we", "want", "to", "build", "[SEP]"]


def test_padding_and_batches_change_no_logit(loaded: tuple) -> None:
    model, tokenizer = loaded
    texts = ["stop it", "We want to build the bridge over the alder river", "I thank the clerk", ""]
    features = encode(tokenizer, texts, [""] * 4, max_tokens=48, context=True)
    together = run_model(model, features, 0, budget=1000)
    alone = np.vstack([run_model(model, [row], 0, budget=1000) for row in features])
    assert together == pytest.approx(alone, abs=1e-5)
    padded = pad(features, 0)
    assert padded["input_ids"].shape == padded["statement_mask"].shape == (4, len(features[1]["input_ids"]))


def test_batches_hold_everything_once_within_the_budget() -> None:
    lengths = [5, 50, 7, 7, 30, 6]
    batches = list(batches_by_length(lengths, 30))
    assert sorted(i for batch in batches for i in batch) == list(range(6))
    assert all(max(lengths[i] for i in batch) * len(batch) <= 30 or len(batch) == 1 for batch in batches)


def test_label_weights_by_hand() -> None:
    truth = np.array([0, 0, 0, 1])
    assert label_weights(truth, 2, 0.0) == pytest.approx([1, 1])
    assert label_weights(truth, 2, 1.0) == pytest.approx([2 / 3, 2])
    assert (label_weights(truth, 2, 0.5) * [0.75, 0.25]).sum() == pytest.approx(1)


def test_a_probe_of_two_labels_gives_scikit_learns_probabilities() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    features, truth = rng.normal(size=(60, 3)), rng.integers(0, 2, 60)
    weights, biases = fit_probe(features, truth, 2, 1.0)
    expected = LogisticRegression(max_iter=3000).fit(features, truth).predict_proba(features)
    assert softmax(features @ weights.T + biases) == pytest.approx(expected, abs=1e-6)


def test_the_temperature_and_the_biases_that_were_put_in_are_found() -> None:
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(40000, 3)) * 2
    truth = np.array([rng.choice(3, p=p) for p in softmax(logits)])
    shifted = logits * 3 + np.array([0.5, -1.0, 2.0])
    temperature, biases = fit_scaling(shifted, truth)
    assert temperature == pytest.approx(3, rel=0.05)
    put_in = np.array([0.5, -1.0, 2.0]) / 3
    np.testing.assert_allclose(biases, put_in.mean() - put_in, atol=0.05)
