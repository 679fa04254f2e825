"""The round trip to the annotation tool: tasks for Label Studio, and its exports back to annotators' files.

Formats: https://labelstud.io/guide/tasks (tasks), https://labelstud.io/guide/export (JSON and JSON-MIN).
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from pipeline.annotate import DECIDING, check_annotations, read_annotations
from pipeline.codebook import Codebook
from pipeline.domain import Annotation, Statement
from pipeline.errors import AnnotationError, InputError
from pipeline.tables import whole, write_jsonl

_SURE = {"sure": 1.0, "some doubt": 0.8, "torn": 0.6}
Floats = NDArray[np.float64]


def configuration(codebook: Codebook) -> str:
    """The labelling configuration: labels with definitions as hints and digits as shortcuts, rulings to unfold."""
    choices = "\n".join(
        f"    <Choice value={quoteattr(label.name)} hotkey={quoteattr(str(i))} hint={quoteattr(label.definition)}/>"
        for i, label in enumerate(codebook.labels, 1)
    )
    seconds = "\n".join(f"    <Choice value={quoteattr(label.name)}/>" for label in codebook.labels)
    sure = "\n".join(f"    <Choice value={quoteattr(name)}/>" for name in _SURE)
    rulings = "\n".join(
        f"    <Panel value={quoteattr(f'Ruling {ruling.number}')}>\n"
        f"      <Header size={quoteattr('6')} value={quoteattr(ruling.text)}/>\n    </Panel>"
        for ruling in codebook.rulings
    )
    return f"""<View>
  <Header value={quoteattr(codebook.question)}/>
  <Text name="previous" value="$previous"/>
  <Header size="4" value="Statement"/>
  <Text name="statement" value="$statement"/>
  <Choices name="label" toName="statement" choice="single" required="true">
{choices}
  </Choices>
  <Header size="5" value="How sure?"/>
  <Choices name="confidence" toName="statement" choice="single" showInline="true">
{sure}
  </Choices>
  <Header size="5" value="Second choice, if in doubt"/>
  <Choices name="second" toName="statement" choice="single" showInline="true">
{seconds}
  </Choices>
  <TextArea name="note" toName="statement" placeholder="Note" rows="2" maxSubmissions="1"/>
  <Collapse>
{rulings}
  </Collapse>
</View>
"""


def task(statement: Statement, codebook: Codebook, guess: Mapping[str, float] | None, model: str) -> dict[str, Any]:
    """One task; the speaker is not shown. `guess` holds the model's probabilities, None to label blind."""
    made: dict[str, Any] = {
        "data": {
            "statement_id": statement.statement_id,
            "previous": statement.previous,
            "statement": statement.text,
            "codebook": codebook.version,
        }
    }
    if guess is not None:
        best = max(guess, key=guess.__getitem__)
        result = {"from_name": "label", "to_name": "statement", "type": "choices", "value": {"choices": [best]}}
        made["predictions"] = [{"model_version": model, "score": round(guess[best], 4), "result": [result]}]
    return made


def most_uncertain(probabilities: Floats, count: int) -> list[int]:
    """Indices of the `count` rows of highest entropy, the highest first."""
    entropy = -(probabilities * np.log(np.clip(probabilities, 1e-12, 1))).sum(1)
    return [int(i) for i in np.argsort(-entropy, kind="stable")[:count]]


def most_diverse(vectors: Floats, count: int, seed: int) -> list[int]:
    """Indices of the rows nearest to the centres of `count` clusters (k-means), in order."""
    from sklearn.cluster import KMeans

    if count >= len(vectors):
        return list(range(len(vectors)))
    clusters = KMeans(count, random_state=seed % 2**32, n_init=1).fit(vectors)
    distance = clusters.transform(vectors)
    nearest = {c: min(np.flatnonzero(clusters.labels_ == c), key=lambda i: distance[i, c]) for c in range(count)}
    return sorted(int(i) for i in nearest.values())


def write_tasks(out: Path, tasks: Sequence[Mapping[str, Any]], codebook: Codebook) -> Path:
    """Write tasks as JSON, and the labelling configuration beside them; give the configuration's path."""
    settings = out.with_suffix(".xml")
    with whole(settings) as file:
        file.write(configuration(codebook))
    with whole(out) as file:
        json.dump(list(tasks), file, ensure_ascii=False, indent=1)
        file.write("\n")
    return settings


def read_labels(path: Path, annotator: str, codebook: Codebook) -> list[Annotation]:
    """Read Label Studio's export (JSON or JSON-MIN) or a CSV of `statement_id,label`.

    Where an export holds decisions of several people, each becomes an annotator `<annotator>-<their id>`.
    Cancelled and skipped tasks are passed over.

    Raises:
        InputError: the file is none of these.
    """
    if path.suffix.lower() == ".csv":
        return list(_from_csv(path, annotator, codebook))
    try:
        tasks = json.loads(path.read_text("utf-8-sig"))
        rows = [row for number, entry in enumerate(tasks, 1) for row in _decisions(entry, f"{path}, task {number}")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            str(path),
            expected="Label Studio's export as JSON or JSON-MIN, made from our tasks",
            found=f"{type(error).__name__}: {error}",
            remedy="Export the project again, or give a CSV of statement_id,label.",
        ) from None
    people = sorted({who for who, _ in rows})
    return [
        Annotation(annotator if len(people) < 2 else f"{annotator}-{who}", **{"codebook": codebook.version, **fields})
        for who, fields in rows
    ]


def _from_csv(path: Path, annotator: str, codebook: Codebook) -> Iterable[Annotation]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if not {"statement_id", "label"} <= set(reader.fieldnames or ()):
            raise InputError(
                str(path),
                expected="columns statement_id and label",
                found=", ".join(reader.fieldnames or ()) or "none",
                remedy="Name the columns so.",
            )
        for row in reader:
            where, note = f"{path}:{reader.line_num}", row.get("note") or ""
            label = (row["label"] or "").strip()
            yield Annotation(annotator, row["statement_id"], label, "", 1.0, "", codebook.version, where, note)


def _decisions(entry: dict[str, Any], where: str) -> list[tuple[str, dict[str, Any]]]:
    if "data" not in entry:
        return _minimal(entry, where)
    found = []
    for made in entry.get("annotations", []):
        answers = {part["from_name"]: part["value"] for part in made.get("result", [])}
        if made.get("was_cancelled") or "label" not in answers:
            continue
        chosen = {name: value["choices"][0] for name, value in answers.items() if "choices" in value}
        note = " ".join(answers.get("note", {}).get("text", []))
        who = made.get("completed_by")
        who = str(who.get("id") or who.get("email")) if isinstance(who, dict) else str(who)
        date = str(made.get("created_at") or "")[:10]
        found.append((who, _fields(entry["data"], chosen, note, date, where)))
    return found


def _minimal(entry: dict[str, Any], where: str) -> list[tuple[str, dict[str, Any]]]:
    if not entry.get("label"):
        return []
    chosen = {n: entry[n] for n in ("label", "confidence", "second") if isinstance(entry.get(n), str)}
    note = entry.get("note") or ""
    note = " ".join(note) if isinstance(note, list) else note
    date = str(entry.get("created_at") or "")[:10]
    return [(str(entry.get("annotator")), _fields(entry, chosen, note, date, where))]


def _fields(data: Mapping[str, Any], chosen: Mapping[str, str], note: str, date: str, where: str) -> dict[str, Any]:
    return {
        "statement_id": data["statement_id"],
        "label": chosen["label"],
        "second": chosen.get("second", ""),
        "confidence": _SURE.get(chosen.get("confidence", ""), 1.0),
        "date": date,
        "codebook": data.get("codebook", ""),
        "where": where,
        "note": note,
    }


def add_labels(
    decisions: Sequence[Annotation], folder: Path, statements: Mapping[str, str], codebook: Codebook
) -> dict[str, int]:
    """Add decisions to the annotators' files of a folder, all or none.

    Args:
        decisions: as `read_labels` gives them.
        folder: `data/annotations`.
        statements: statement id to speech id, of all statements there are.
        codebook: whose labels they may give.

    Returns:
        How many were added, by annotator; a decision that is there already is not added again.

    Raises:
        AnnotationError: listing every decision that does not fit, or contradicts an earlier one.
    """
    known = read_annotations(folder) if any(folder.glob("*.jsonl")) else []
    earlier = {(a.annotator, a.statement_id): a for a in known}
    problems, fresh = [], []
    for decision in decisions:
        old = earlier.get((decision.annotator, decision.statement_id))
        try:
            check_annotations([decision], codebook, statements)
        except AnnotationError as error:
            problems.append(str(error))
            continue
        if old is None:
            fresh.append(decision)
            earlier[decision.annotator, decision.statement_id] = decision
        elif old.label != decision.label:
            problems.append(
                f"{decision.where}: {decision.statement_id} is {decision.label!r}, at {old.where} {old.label!r}"
            )
    if problems:
        raise AnnotationError(
            f"{len(problems)} decision(s)",
            expected="decisions on known statements with labels of the codebook, none against an earlier one",
            found="; ".join(problems),
            remedy="Nothing was added. Correct these and import again.",
        )
    added: dict[str, int] = {}
    for annotator in sorted({a.annotator for a in fresh}):
        rows = [a for a in [*known, *fresh] if a.annotator == annotator]
        write_jsonl(folder / f"{annotator}.jsonl", map(annotation_row, rows))
        added[annotator] = sum(a.annotator == annotator for a in fresh)
    return added


def annotation_row(annotation: Annotation) -> dict[str, Any]:
    """A decision as a line of an annotator's file; empty fields are left out."""
    row = asdict(annotation)
    return {name: value for name, value in row.items() if name not in ("annotator", "where") and value != ""}


def check_annotator(name: str) -> str:
    """Refuse a name that cannot be a file's, or that decides over others; gives it back."""
    if name in DECIDING or not name.replace("-", "").replace("_", "").isalnum():
        raise AnnotationError(
            name,
            expected="an annotator's name of letters, digits, - and _",
            found=repr(name),
            remedy=f"Choose another; {' and '.join(DECIDING)} are files of their own.",
        )
    return name
