"""What a labelled corpus is made of, and where it could mislead a model: counts, repetition, shortcuts."""

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.codebook import load_codebook
from pipeline.domain import Example
from pipeline.leakage import near_duplicates
from pipeline.params import Params
from pipeline.tables import read_json, read_jsonl, read_parquet, write_json
from pipeline.topics import Topics, load_topics, transcript_of

_RUN = 6  # words of a repeated sequence
_SPEECHES = 5  # in more than so many speeches a sequence is a template
_OFTEN = 30  # labelled statements from which a country speaks often
_DUPLICATE = 0.7  # Jaccard index
Row = Mapping[str, Any]


def lengths(rows: Sequence[Row]) -> dict[str, float]:
    """Words a statement: mean, standard deviation, first and last decile."""
    words = [len(row["statement"].split()) for row in rows]
    tenths = statistics.quantiles(words, n=10)
    return {
        "mean": statistics.mean(words),
        "standard_deviation": statistics.stdev(words),
        "tenth_below": tenths[0],
        "tenth_above": tenths[-1],
    }


def repeated_sequences(rows: Sequence[Row], set_phrases: Sequence[str]) -> list[tuple[str, int]]:
    """Sequences of six words in more than five speeches, set phrases (and what overlaps them by half) left out."""
    speeches: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        words = re.findall(r"[a-z0-9]+", row["statement"].lower().replace("’", "").replace("'", ""))
        for i in range(len(words) - _RUN + 1):
            speeches[" ".join(words[i : i + _RUN])].add(row["speech_id"])
    half = _RUN // 2
    known = {
        " ".join(words[i : i + half])
        for p in set_phrases
        for words in [p.split()]
        for i in range(len(words) - half + 1)
    }

    def is_set(sequence: str) -> bool:
        words = sequence.split()
        return any(" ".join(words[i : i + half]) in known for i in range(_RUN - half + 1))

    many = [(s, len(found)) for s, found in speeches.items() if len(found) > _SPEECHES and not is_set(s)]
    return sorted(many, key=lambda item: (-item[1], item[0]))


def near_duplicate_share(rows: Sequence[Row], params: Params) -> float:
    """Share of statements that nearly repeat one of another speech (MinHash, Jaccard index from 0.7)."""
    examples = [Example(r["statement_id"], r["speech_id"], r["statement"], "", "") for r in rows]
    strict = params.split.model_copy(update={"near_duplicate": _DUPLICATE})
    pairs = near_duplicates(examples, strict, params.runtime.seed)
    return len({b for _, b in pairs}) / len(rows)


def country_probe(rows: Sequence[Row], labels: Sequence[str], seed: int) -> dict[str, float]:
    """How well the speaker's country alone predicts the label, cross-validated by speech, beside the majority's."""
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    countries = np.array([[row["country"] or "-"] for row in rows])
    truth, groups = np.array(labels), [row["speech_id"] for row in rows]
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed % 2**32)
    probe = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression(max_iter=1000))
    scores = {}
    for name, model in (("country", probe), ("majority", DummyClassifier())):
        found = cross_val_predict(model, countries, truth, groups=groups, cv=folds)
        scores[f"{name}_macro_f1"] = float(f1_score(truth, found, average="macro"))
        scores[f"{name}_accuracy"] = float((found == truth).mean())
    return scores


def told_apart(rows: Sequence[Row], others: Sequence[Row], seed: int) -> dict[str, Any]:
    """How well TF-IDF with logistic regression tells these statements from others, cross-validated by speech.

    Args:
        rows: this corpus's, with `statement` and `speech_id`.
        others: from elsewhere, with the same.
        seed: of the folds.

    Returns:
        `auc` (0.5: it cannot), and the words that give each side away, the strongest first.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    both = [*rows, *others]
    texts, groups = [row["statement"] for row in both], [row["speech_id"] for row in both]
    side = np.repeat([0, 1], [len(rows), len(others)])
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
        LogisticRegression(C=4.0, max_iter=2000, class_weight="balanced"),
    )
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed % 2**32)
    found = cross_val_predict(model, texts, side, groups=groups, cv=folds, method="predict_proba")[:, 1]
    model.fit(texts, side)
    words = model[0].get_feature_names_out()[np.argsort(model[1].coef_[0])]
    return {
        "auc": float(roc_auc_score(side, found)),
        "ours": list(words[:30]),
        "theirs": list(words[:-31:-1]),
    }


def _share(part: Iterable[bool]) -> float:
    values = list(part)
    return sum(values) / len(values) if values else 0.0


def rulings_shown(annotations: Path) -> dict[str, int]:
    """How many statements some annotator named as a case of each ruling (`ruling N` in the note)."""
    seen: dict[int, set[str]] = defaultdict(set)
    for path in sorted(annotations.glob("*.jsonl")):
        for _, row in read_jsonl(path):
            for number in re.findall(r"ruling (\d+)", row.get("note", "")):
                seen[int(number)].add(row["statement_id"])
    return {str(number): len(statements) for number, statements in sorted(seen.items())}


def describe(rows: Sequence[Row], labels: Mapping[str, str], no_stance: str, topics: Topics) -> dict[str, Any]:
    """Counts and shares of a labelled corpus.

    Args:
        rows: all statements, in the order of their speeches.
        labels: statement id to label.
        no_stance: the label for no stance.
        topics: patterns of `configs/topics.yaml`.
    """
    about = topics.of_statements(rows)
    labelled = [row for row in rows if row["statement_id"] in labels]
    own = {row["statement_id"]: labels[row["statement_id"]] for row in labelled}
    by_label: dict[str, list[Row]] = defaultdict(list)
    for row in labelled:
        by_label[own[row["statement_id"]]].append(row)
    bearing = Counter(about[s] for s, label in own.items() if label != no_stance)
    per_country: dict[str, Counter[str]] = defaultdict(Counter)
    for row in labelled:
        if row["country"]:
            per_country[row["country"]][own[row["statement_id"]]] += 1
    often = {c: counts for c, counts in per_country.items() if counts.total() >= _OFTEN}
    debates = Counter(transcript for transcript, _ in {(transcript_of(row), row["speech_id"]) for row in labelled})
    silent = [row for row in by_label[no_stance] if debates[transcript_of(row)] > 1]
    return {
        "files": len({row["source"] for row in rows}),
        "speeches": len({row["speech_id"] for row in rows}),
        "statements": len(rows),
        "countries": len(per_country),
        "years": [min(y for y in _years(rows)), max(_years(rows))],
        "words": lengths(rows),
        "labels": {label: len(by_label[label]) for label in sorted(by_label)},
        "stances_by_topic": dict(bearing.most_common()),
        "explicit_by_label": {
            label: _share(topics.is_explicit(row["statement"]) for row in found)
            for label, found in sorted(by_label.items())
        },
        "no_stance_in_debates_near_the_matter": _share(topics.is_near(row["statement"]) for row in silent),
        "countries_that_speak_often": len(often),
        "of_them_with_fewer_than_three_labels": sorted(c for c, counts in often.items() if len(counts) < 3),
    }


def _years(rows: Iterable[Row]) -> list[str]:
    return [row["date"][:4] for row in rows if row["date"]]


def corpus(
    statements: Path,
    labels: Path,
    annotations: Path,
    agreement: Path,
    codebook: Path,
    topics: Path,
    set_phrases: Path,
    out: Path,
    params: Params,
    against: Path | None = None,
) -> dict[str, Any]:
    """Write and give the report on a labelled corpus; with `against`, also how easily it is told from that file."""
    rows = read_parquet(statements)
    decided = {row["statement_id"]: row["label"] for row in read_parquet(labels)}
    phrases = [line.strip() for line in set_phrases.read_text("utf-8").splitlines() if line.strip()]
    labelled = [row for row in rows if row["statement_id"] in decided]
    agreed = read_json(agreement)
    result = {
        **describe(rows, decided, load_codebook(codebook).no_stance, load_topics(topics)),
        "rulings": rulings_shown(annotations),
        "repeated_sequences": repeated_sequences(rows, phrases),
        "near_duplicate_share": near_duplicate_share(rows, params),
        "country_probe": country_probe(labelled, [decided[r["statement_id"]] for r in labelled], params.runtime.seed),
        "agreement": {
            name: agreed[name]
            for name in ("krippendorff_alpha", "alpha_interval", "alpha_by_label", "adjudicated", "corrected", "pairs")
        },
    }
    write_json(out, result)
    if against:
        others = [
            {"statement": row["statement"], "speech_id": str(row.get("id", where)).split("#")[0]}
            for where, row in read_jsonl(against)
        ]
        result["against"] = told_apart(rows, others, params.runtime.seed)
    return result
