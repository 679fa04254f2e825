"""Stage: annotators' files to labels, with the votes kept and agreement measured.

One JSONL file an annotator. Two files decide where they speak: `adjudication.jsonl` (a third reading of what the
annotators disagreed or doubted about) and, over it, `corrections.jsonl` (labels read again later, with the reason).
Elsewhere the aggregated votes stand, and a tie gives no label until it is adjudicated.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline import agreement
from pipeline.aggregation import METHODS
from pipeline.agreement import Votes
from pipeline.codebook import Codebook, load_codebook
from pipeline.domain import Annotation
from pipeline.errors import AnnotationError
from pipeline.metrics import interval, resampled_speeches
from pipeline.params import Params
from pipeline.tables import read_jsonl, read_parquet, write_json, write_table

ADJUDICATION, CORRECTIONS = DECIDING = ("adjudication", "corrections")
_TIE = 1e-6
LABELS = pa.schema(
    [
        ("statement_id", pa.string()),
        ("speech_id", pa.string()),
        ("label", pa.string()),
        ("adjudicated", pa.bool_()),
        ("unanimous", pa.bool_()),
        ("votes", pa.map_(pa.string(), pa.string())),
        ("soft", pa.map_(pa.string(), pa.float64())),
    ]
)
_FIELDS = ("statement_id", "label", "second", "confidence", "date", "codebook", "note")


def read_annotations(folder: Path) -> list[Annotation]:
    """Read every annotator's file in a folder; the file's name is the annotator's.

    Raises:
        AnnotationError: there is none, or a line lacks a field or has one of the wrong type.
        InputError: a line is no JSON object.
    """
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for where, row in read_jsonl(path):
            if set(row) - set(_FIELDS) or not {"statement_id", "label"} <= set(row):
                raise AnnotationError(
                    where,
                    expected=f"the fields {', '.join(_FIELDS)}",
                    found=", ".join(row),
                    remedy="Correct the line.",
                )
            found.append(_annotation(path.stem, where, row))
    if not found:
        raise AnnotationError(
            str(folder), expected="annotators' files (*.jsonl)", found="none", remedy="Add one; see data/README.md."
        )
    return found


def _annotation(annotator: str, where: str, row: Mapping[str, Any]) -> Annotation:
    texts = {name: str(row.get(name) or "") for name in ("statement_id", "label", "second", "date", "codebook", "note")}
    confidence = row.get("confidence", 1.0)
    if not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise AnnotationError(
            where, expected="a confidence in 0..1", found=repr(confidence), remedy="Correct the line."
        )
    return Annotation(annotator, confidence=float(confidence), where=where, **texts)


def check_annotations(annotations: Iterable[Annotation], codebook: Codebook, statements: Mapping[str, str]) -> None:
    """Hold decisions against the codebook and the statements.

    Args:
        annotations: decisions of all annotators.
        codebook: whose labels they may give.
        statements: statement id to speech id.

    Raises:
        AnnotationError: naming the line of the first label outside the codebook, unknown statement,
            statement whose text has changed, or second decision of an annotator on a statement.
    """
    seen: dict[tuple[str, str], str] = {}
    by_place = {s.rpartition(":")[0]: s for s in statements}
    by_text = {(speech, s.rpartition(":")[2]): s for s, speech in statements.items()}
    for a in annotations:
        for label in filter(None, (a.label, a.second)):
            if label not in codebook.names:
                raise AnnotationError(
                    a.where,
                    expected=f"a label of codebook {codebook.version}: {', '.join(codebook.names)}",
                    found=repr(label),
                    remedy="Correct the label, or add it to the codebook.",
                )
        if a.statement_id not in statements:
            raise _unknown(a, by_place, by_text)
        first = seen.setdefault((a.annotator, a.statement_id), a.where)
        if first != a.where:
            raise AnnotationError(
                a.where,
                expected="one decision a statement in an annotator's file",
                found=f"a second one on {a.statement_id} (the first: {first})",
                remedy="Keep the one that holds.",
            )


def _unknown(a: Annotation, by_place: Mapping[str, str], by_text: Mapping[tuple[str, str], str]) -> AnnotationError:
    place, _, digest = a.statement_id.rpartition(":")
    moved = by_text.get((place.rpartition(":")[0], digest))
    if moved:
        found, remedy = f"{a.statement_id}, which has moved", f"Its identifier is now {moved}."
    elif place in by_place:
        found = f"{a.statement_id}, whose text has changed since"
        remedy = f"Read it again and label {by_place[place]}."
    else:
        found, remedy = f"{a.statement_id}, which is unknown", "Add its transcript to data/raw or drop the line."
    return AnnotationError(a.where, expected="a statement of data/raw", found=found, remedy=remedy)


def read_votes(annotations: Iterable[Annotation]) -> tuple[Votes, dict[str, str]]:
    """Part the annotators' votes from what deciding files ruled; a later one of `DECIDING` overrules an earlier."""
    votes: Votes = {}
    ruled: dict[str, str] = {}
    for a in sorted(annotations, key=lambda a: DECIDING.index(a.annotator) if a.annotator in DECIDING else -1):
        if a.annotator in DECIDING:
            ruled[a.statement_id] = a.label
        else:
            votes.setdefault(a.statement_id, {})[a.annotator] = a.label
    return votes, ruled


def soft_labels(annotations: Iterable[Annotation], labels: list[str]) -> dict[str, dict[str, float]]:
    """Average the decisions on each statement: confidence goes to the label, the rest to the second choice.

    Statements in `CORRECTIONS` get their corrected label alone.
    """
    cast: dict[str, list[Annotation]] = defaultdict(list)
    corrected: dict[str, str] = {}
    for a in annotations:
        cast[a.statement_id].append(a)
        if a.annotator == CORRECTIONS:
            corrected[a.statement_id] = a.label
    result = {}
    for statement, decisions in cast.items():
        weights = dict.fromkeys(labels, 0.0)
        for a in decisions:
            weights[a.label] += a.confidence / len(decisions)
            weights[a.second or a.label] += (1 - a.confidence) / len(decisions)
        sure = corrected.get(statement)
        result[statement] = {label: float(label == sure) for label in labels} if sure else weights
    return result


def decide(
    votes: Votes, ruled: Mapping[str, str], labels: list[str], aggregation: str
) -> tuple[dict[str, str], list[str]]:
    """Give each statement its label: what was ruled, else what the aggregated votes say.

    Returns:
        Statement id to label, and the ids of statements that a tie leaves without one.
    """
    decided = dict(ruled)
    tied: list[str] = []
    if not votes:
        return decided, tied
    for statement, shares in zip(votes, METHODS[aggregation](votes, labels), strict=True):
        if statement in ruled:
            continue
        first = _first(shares, labels)
        if first:
            decided[statement] = first
        else:
            tied.append(statement)
    return decided, tied


def annotate(
    statements: Path, annotations: Path, codebook: Path, out: Path, report: Path, params: Params
) -> dict[str, Any]:
    """Write labels and the report on agreement; give the report."""
    book = load_codebook(codebook)
    speeches = {row["statement_id"]: row["speech_id"] for row in read_parquet(statements)}
    decisions = read_annotations(annotations)
    check_annotations(decisions, book, speeches)
    votes, ruled = read_votes(decisions)
    decided, tied = decide(votes, ruled, book.names, params.annotate.aggregation)
    soft = soft_labels(decisions, book.names)
    rows = [
        {
            "statement_id": statement,
            "speech_id": speech,
            "label": decided[statement],
            "adjudicated": statement in ruled,
            "unanimous": len(set(votes.get(statement, {}).values())) == 1,
            "votes": sorted(votes.get(statement, {}).items()),
            "soft": list(soft[statement].items()),
        }
        for statement, speech in speeches.items()
        if statement in decided
    ]
    write_table(out, rows, LABELS)
    result = {
        "codebook": book.version,
        "statements": len(speeches),
        "labelled": len(rows),
        "awaiting_adjudication": len(tied),
        "adjudicated": sum(a.annotator == ADJUDICATION for a in decisions),
        "corrected": sum(a.annotator == CORRECTIONS for a in decisions),
        "labels": {name: sum(row["label"] == name for row in rows) for name in book.names},
        **_agreement(votes, speeches, book.names, params),
        "aggregation": {"used": params.annotate.aggregation, **_aggregations(votes, ruled, book.names)},
        "split_statements": [s for s, cast in votes.items() if len(set(cast.values())) > 1],
    }
    write_json(report, result)
    return result


def _agreement(votes: Votes, speeches: Mapping[str, str], labels: list[str], params: Params) -> dict[str, Any]:
    matrices = agreement.coincidences(votes, labels, speeches)
    drawn = resampled_speeches(len(matrices), params.annotate.resamples, params.runtime.seed)
    resampled = agreement.krippendorff_alpha(np.einsum("rs,sab->rab", drawn, matrices))
    whole = matrices.sum(0)
    alpha = _number(agreement.krippendorff_alpha(whole))
    return {
        "krippendorff_alpha": alpha,
        "alpha_interval": None if alpha is None else interval(resampled, 0.95),
        "alpha_by_label": {
            label: _number(agreement.krippendorff_alpha(agreement.one_against_all(whole, i)))
            for i, label in enumerate(labels)
        },
        "pairs": agreement.pairwise(votes, labels),
    }


def _number(value: NDArray[np.float64]) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


def _aggregations(votes: Votes, ruled: Mapping[str, str], labels: list[str]) -> dict[str, Any]:
    """How often each way of aggregating gives what the adjudicator gave, on the statements that split annotators."""
    split = {s: cast for s, cast in votes.items() if len(set(cast.values())) > 1 and s in ruled}
    found: dict[str, Any] = {"adjudicated_splits": len(split)}
    for name, method in METHODS.items() if split else ():
        shares = dict(zip(votes, method(votes, labels), strict=True))
        right = sum(_first(shares[s], labels) == ruled[s] for s in split)
        found[name] = {"same_as_adjudicator": right, "ties": sum(not _first(shares[s], labels) for s in split)}
    return found


def _first(shares: NDArray[np.float64], labels: list[str]) -> str:
    """The label with the largest share; "" for a tie."""
    second, first = np.sort(shares)[-2:]
    return labels[int(shares.argmax())] if first - second >= _TIE else ""
