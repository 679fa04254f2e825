"""Shares corrected by a sample: intervals that cover as often as they claim, where naive ones don't."""

import csv
import json

import numpy as np
import pytest

from pipeline.estimate import corrected_share, estimate_shares, naive_share
from pipeline.tables import STATEMENTS

TRUE_SHARE = 0.2


def _debate(rng, speeches=300, per_speech=12, sample=250):
    """Speeches with leanings of their own, and a model that misses a third of a label and invents some."""
    leaning = rng.beta(1.0, 4.0, speeches)  # mean 0.2
    speech = np.repeat(np.arange(speeches), per_speech)
    truth = (rng.random(len(speech)) < leaning[speech]).astype(float)
    scored = np.where(truth > 0, rng.beta(4, 3, len(speech)), rng.beta(1, 6, len(speech)))
    labelled = np.zeros(len(speech), dtype=bool)
    labelled[rng.choice(len(speech), sample, replace=False)] = True
    return scored, truth, labelled, speech


def _covers(share):
    return share.low <= TRUE_SHARE <= share.high


def test_corrected_intervals_cover_as_often_as_they_claim_and_naive_ones_do_not():
    rng = np.random.default_rng(1)
    corrected = naive = 0
    widths = []
    for _ in range(400):
        scored, truth, labelled, speech = _debate(rng)
        share = corrected_share(scored, truth, labelled, speech, 0.95)
        corrected += _covers(share)
        naive += _covers(naive_share((scored > 0.5).astype(float), speech, 0.95))
        alone = naive_share(truth[labelled], speech[labelled], 0.95)
        widths.append((share.high - share.low) / (alone.high - alone.low))
    assert 0.92 <= corrected / 400 <= 0.98
    assert naive / 400 < 0.6
    assert np.mean(widths) < 0.9  # the predictions narrow what the sample alone would tell


def test_intervals_that_take_statements_for_independent_would_cover_too_rarely():
    rng = np.random.default_rng(2)
    by_speech = by_statement = 0
    for _ in range(300):
        scored, truth, labelled, speech = _debate(rng, speeches=60, per_speech=40, sample=2000)
        by_speech += _covers(corrected_share(scored, truth, labelled, speech, 0.95))
        by_statement += _covers(corrected_share(scored, truth, labelled, np.arange(len(speech)), 0.95))
    assert by_speech / 300 >= 0.9
    assert by_statement / 300 < 0.85


def test_useless_predictions_do_no_harm():
    rng = np.random.default_rng(3)
    _, truth, labelled, speech = _debate(rng)
    share = corrected_share(np.full(len(truth), 0.5), truth, labelled, speech, 0.95)
    assert share.share == pytest.approx(truth[labelled].mean())


def _row(i, speech, stance, date="2020-01-01"):
    return {
        "statement_id": f"s{i}",
        "speech_id": speech,
        "stance": stance,
        "date": date,
        "country": "NOR" if i % 2 else "",
        "p_yes": 0.9 if stance == "yes" else 0.1,
        "p_no": 0.1 if stance == "yes" else 0.9,
    }


def test_groups_with_few_labels_get_no_interval_and_unlabelled_ones_no_share():
    rows = [_row(i, f"a{i // 3}", "yes" if i % 3 else "no") for i in range(60)]
    rows += [_row(i, f"b{i}", "no", date="2021-05-05") for i in range(60, 66)] + [_row(99, "c", "yes", date="")]
    sample = {f"s{i}": "yes" if i % 3 else "no" for i in range(0, 60, 2)} | {"s61": "no"}
    found = {
        (line["group"], line["stance"]): line for line in estimate_shares(rows, sample, ["yes", "no"], "year", 0.95)
    }
    assert [g for g, _ in found][::2] == ["2020", "2021", "(unknown)"]
    first = found["2020", "yes"]
    assert (first["statements"], first["labelled"], first["naive"]) == (60, 30, pytest.approx(2 / 3))
    assert first["low"] < 2 / 3 < first["high"]
    assert found["2021", "no"]["low"] is None and found["2021", "no"]["share"] == pytest.approx(1.0, abs=0.1)
    assert found["(unknown)", "yes"]["share"] is None
    assert {line["group"] for line in estimate_shares(rows, sample, ["yes", "no"], "country", 0.95)} == {
        "(unknown)",
        "NOR",
    }
    assert len(estimate_shares(rows, sample, ["yes", "no"], None, 0.95)) == 2


def test_the_command_corrects_shares_and_refuses_a_sample_of_other_scores(workspace, tmp_path):
    labels = ["pro", "contra", "other"]
    rows = []
    for i in range(120):
        stance = labels[i % 3]
        row = dict.fromkeys(STATEMENTS.names, "") | {
            "statement_id": f"s{i}",
            "speech_id": f"a{i // 6}",
            "country": "NOR",
        }
        row |= {"presiding": False, "start": 0, "end": 1, "speech_order": 1, "statement": "x", "date": "2020-01-01"}
        row |= {"stance": stance, "confidence": 0.8, "model": "m"} | {
            f"p_{n}": 0.8 if n == stance else 0.1 for n in labels
        }
        rows.append(row)
    (tmp_path / "scores.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    sample = "statement_id,label\n" + "".join(f"s{i},{'pro' if i % 3 else 'other'}\n" for i in range(0, 120, 2))
    (tmp_path / "sample.csv").write_text(sample)
    options = ["--codebook", "codebook.yaml", "--out", tmp_path / "out.csv"]
    files = [tmp_path / "scores.jsonl", "--labels", tmp_path / "sample.csv"]
    done = workspace.stance("estimate", *files, "--by", "country", *options)
    found = {row["stance"]: row for row in csv.DictReader((tmp_path / "out.csv").open())}
    assert float(found["pro"]["naive"]) == pytest.approx(1 / 3) and float(found["pro"]["share"]) == pytest.approx(2 / 3)
    assert float(found["contra"]["share"]) == pytest.approx(0.0, abs=1e-9)
    assert "NOR" in done.stdout and "[" in done.stdout
    (tmp_path / "sample.csv").write_text("statement_id,label\ns1,pro\nelsewhere,pro\n")
    assert "elsewhere" in workspace.stance("estimate", *files, *options, code=3).stderr
    (tmp_path / "sample.csv").write_text("statement_id,label\ns1,perhaps\n")
    assert "sample.csv:2" in workspace.stance("estimate", *files, *options, code=5).stderr
