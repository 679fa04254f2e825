"""Annotators' files to labels: what is refused, what decides, what is reported."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.annotate import annotate, decide, soft_labels
from pipeline.domain import Annotation
from pipeline.errors import AnnotationError
from pipeline.params import load_params
from pipeline.segment import segment
from pipeline.tables import read_parquet
from tests.conftest import CODEBOOK, ROOT

LABELS = ["pro", "contra", "other"]


class Bench:
    """Three statements and a folder of annotations."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "a.txt").write_text("Build it. Stop it. It rains.")
        segment([str(folder / "a.txt")], folder / "s.parquet", None)
        self.ids = [row["statement_id"] for row in read_parquet(folder / "s.parquet")]
        (folder / "codebook.yaml").write_text(yaml.safe_dump(CODEBOOK))
        (folder / "notes").mkdir()

    def write(self, annotator: str, *rows: dict[str, Any]) -> None:
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (self.folder / "notes" / f"{annotator}.jsonl").write_text(text)

    def vote(self, annotator: str, *labels: str) -> None:
        self.write(annotator, *({"statement_id": s, "label": x} for s, x in zip(self.ids, labels, strict=False) if x))

    def run(self) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        f = self.folder
        params = load_params(ROOT / "configs/params.yaml")
        report = annotate(f / "s.parquet", f / "notes", f / "codebook.yaml", f / "l.parquet", f / "r.json", params)
        return report, {row["statement_id"]: row for row in read_parquet(f / "l.parquet")}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_agreement_labels_and_a_tie_awaits_adjudication(bench: Bench) -> None:
    bench.vote("ann", "pro", "contra", "other")
    bench.vote("bob", "pro", "other", "other")
    report, rows = bench.run()
    assert [rows[s]["label"] for s in bench.ids if s in rows] == ["pro", "other"]
    assert (report["labelled"], report["awaiting_adjudication"]) == (2, 1)
    assert report["split_statements"] == [bench.ids[1]]
    assert dict(rows[bench.ids[0]]["votes"]) == {"ann": "pro", "bob": "pro"}


def test_adjudication_decides_and_corrections_overrule_it(bench: Bench) -> None:
    bench.vote("ann", "pro", "contra", "other")
    bench.vote("bob", "pro", "other", "other")
    bench.vote("adjudication", "", "contra", "contra")
    bench.vote("corrections", "", "", "pro")
    report, rows = bench.run()
    assert [rows[s]["label"] for s in bench.ids] == ["pro", "contra", "pro"]
    assert (report["adjudicated"], report["corrected"]) == (2, 1)
    assert report["aggregation"]["majority"] == {"same_as_adjudicator": 0, "ties": 1}
    assert dict(rows[bench.ids[2]]["soft"]) == {"pro": 1.0, "contra": 0.0, "other": 0.0}


def test_soft_labels_by_hand() -> None:
    cast = [
        Annotation("ann", "s", "pro", "other", 0.8, "", "", ""),
        Annotation("bob", "s", "contra", "", 0.6, "", "", ""),
    ]
    assert soft_labels(cast, LABELS)["s"] == pytest.approx({"pro": 0.4, "contra": 0.5, "other": 0.1})


@pytest.mark.parametrize("method", ["majority", "dawid-skene", "mace"])
def test_every_aggregation_follows_the_many(method: str) -> None:
    votes = {str(i): {"a": LABELS[i % 3], "b": LABELS[i % 3], "c": LABELS[(i + i // 5 % 2) % 3]} for i in range(30)}
    decided, tied = decide(votes, {}, LABELS, method)
    assert tied == []
    assert decided == {str(i): LABELS[i % 3] for i in range(30)}


def _other_text(bench: Bench) -> str:
    return bench.ids[0][:-8] + "00000000"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"label": "maybe"}, r"ann\.jsonl:1.*codebook test-1: pro, contra, other.*'maybe'"),
        ({"second": "maybe"}, r"ann\.jsonl:1.*'maybe'"),
        ({"statement_id": "nothing:1:0:abcdef01"}, "unknown"),
        ({"statement_id": _other_text}, "text has changed since"),
        ({"confidence": 3}, "confidence in 0..1"),
        ({"mood": "good"}, "the fields statement_id"),
    ],
)
def test_decisions_that_do_not_fit_are_refused_with_their_line(bench: Bench, row: dict[str, Any], message: str) -> None:
    row = {name: value(bench) if callable(value) else value for name, value in row.items()}
    bench.write("ann", {"statement_id": bench.ids[0], "label": "pro"} | row)
    with pytest.raises(AnnotationError, match=message):
        bench.run()


def test_a_second_decision_of_one_annotator_is_refused(bench: Bench) -> None:
    bench.write("ann", *[{"statement_id": bench.ids[0], "label": "pro"}] * 2)
    with pytest.raises(AnnotationError, match=r"ann\.jsonl:2.*the first: .*ann\.jsonl:1"):
        bench.run()


def test_a_statement_that_moved_is_told_where_to(bench: Bench) -> None:
    old = bench.ids[1]
    (bench.folder / "a.txt").write_text("Well now. Build it. Stop it. It rains.")
    segment([str(bench.folder / "a.txt")], bench.folder / "s.parquet", None)
    bench.write("ann", {"statement_id": old, "label": "pro"})
    with pytest.raises(AnnotationError, match="moved.*a:1:20:"):
        bench.run()
