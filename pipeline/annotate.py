"""Stage: annotators' files to labels, with the votes kept and agreement measured.

One JSONL file an annotator; the file named `adjudication.jsonl` decides where it speaks. Without it the
majority's label stands, and a tie gives no label until it is adjudicated.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline import agreement
from pipeline.codebook import Codebook, load_codebook
from pipeline.domain import Annotation
from pipeline.errors import AnnotationError
from pipeline.tables import read_jsonl, read_parquet, write_json, write_table

ADJUDICATION = "adjudication"
LABELS = pa.schema(
    [
        ("statement_id", pa.string()),
        ("speech_id", pa.string()),
        ("label", pa.string()),
        ("adjudicated", pa.bool_()),
        ("unanimous", pa.bool_()),
        ("votes", pa.map_(pa.string(), pa.string())),
    ]
)
_FIELDS = ("statement_id", "label", "second", "confidence", "date", "codebook")


def read_annotations(folder: Path) -> list[Annotation]:
    """Read every annotator's file in a folder; the file's name is the annotator's.

    Raises:
        AnnotationError: there is none, or a line lacks a field or has one of the wrong type.
        InputError: a line is no JSON object.
    """
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for where, row in read_jsonl(path):
            if set(row) - {*_FIELDS, "note"} or not {"statement_id", "label"} <= set(row):
                raise AnnotationError(
                    where,
                    expected=f"the fields {', '.join(_FIELDS)} (and note)",
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
    texts = {name: str(row.get(name) or "") for name in ("statement_id", "label", "second", "date", "codebook")}
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


def decide(annotations: Iterable[Annotation], speeches: Mapping[str, str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Give each statement its label.

    Args:
        annotations: checked decisions.
        speeches: statement id to speech id, in the order of the result.

    Returns:
        Rows of `LABELS`, and the ids of statements left without a label by a tie.
    """
    votes: dict[str, dict[str, str]] = defaultdict(dict)
    ruled: dict[str, str] = {}
    for a in annotations:
        if a.annotator == ADJUDICATION:
            ruled[a.statement_id] = a.label
        else:
            votes[a.statement_id][a.annotator] = a.label
    rows, tied = [], []
    for statement_id, speech_id in speeches.items():
        cast = votes.get(statement_id, {})
        label = ruled.get(statement_id) or _majority(cast)
        if label:
            rows.append(
                {
                    "statement_id": statement_id,
                    "speech_id": speech_id,
                    "label": label,
                    "adjudicated": statement_id in ruled,
                    "unanimous": len(set(cast.values())) == 1,
                    "votes": sorted(cast.items()),
                }
            )
        elif cast:
            tied.append(statement_id)
    return rows, tied


def _majority(votes: Mapping[str, str]) -> str:
    """The label with the most votes; "" for a tie or no vote."""
    ranked = Counter(votes.values()).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return ""
    return ranked[0][0]


def annotate(statements: Path, annotations: Path, codebook: Path, out: Path, report: Path) -> dict[str, Any]:
    """Write labels and the report on agreement; give the report."""
    book = load_codebook(codebook)
    speeches = {row["statement_id"]: row["speech_id"] for row in read_parquet(statements)}
    decisions = read_annotations(annotations)
    check_annotations(decisions, book, speeches)
    rows, tied = decide(decisions, speeches)
    write_table(out, rows, LABELS)
    votes = {row["statement_id"]: dict(row["votes"]) for row in rows if row["votes"]}
    votes |= {s: {a.annotator: a.label for a in decisions if a.statement_id == s} for s in tied}
    result = {
        "statements": len(speeches),
        "labelled": len(rows),
        "awaiting_adjudication": len(tied),
        "adjudicated": sum(row["adjudicated"] for row in rows),
        "labels": {name: sum(row["label"] == name for row in rows) for name in book.names},
        "krippendorff_alpha": agreement.krippendorff_alpha(votes),
        "alpha_by_label": agreement.by_label(votes, book.names),
        "pairs": agreement.pairwise(votes),
        "disagreements": agreement.confusions(votes),
        "split_statements": [s for s, v in votes.items() if len(set(v.values())) > 1],
    }
    write_json(report, result)
    return result
