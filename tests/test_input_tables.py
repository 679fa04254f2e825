"""Tables of speeches or statements: CSV, TSV, JSONL, Parquet; and machine transcripts."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import InputError
from pipeline.transcripts import identify

ROWS = [
    {"text": "We agree. We go on.", "speaker": "Ms. Dahl", "country": "Norway", "date": "2024-06-03", "theme": "fuel"},
    {"text": "We do not.", "speaker": "Mr. Adjei", "country": "GHA", "date": "2024-06-04", "theme": ""},
]


def _csv(mark: str) -> bytes:
    lines = [mark.join(ROWS[0]), *(mark.join(f'"{v}"' for v in row.values()) for row in ROWS)]
    return "\n".join(lines).encode()


def _parquet(folder: Path) -> bytes:
    pq.write_table(pa.Table.from_pylist(ROWS), folder / "rows.parquet")
    return (folder / "rows.parquet").read_bytes()


@pytest.mark.parametrize("kind", [",", "\t", ";", "jsonl", "parquet"])
def test_every_kind_of_table_gives_the_same_turns(kind: str, tmp_path: Path) -> None:
    data = {
        "jsonl": lambda: "\n".join(json.dumps(row) for row in ROWS).encode(),
        "parquet": lambda: _parquet(tmp_path),
    }.get(kind, lambda: _csv(kind))()
    found, rows = identify(data, "rows")
    assert found == "table"
    assert [(head["date"], t.speaker, t.country, t.text, dict(t.extra), t.previous) for head, t in rows] == [
        ("2024-06-03", "Ms. Dahl", "NOR", "We agree. We go on.", {"theme": "fuel"}, None),
        ("2024-06-04", "Mr. Adjei", "GHA", "We do not.", {"theme": ""}, None),
    ]


def test_rows_of_statements_are_taken_as_they_are() -> None:
    _, rows = identify(b"previous,statement\nWhy?,One. Two.\n", "rows.csv")
    assert [(t.text, t.previous) for _, t in rows] == [("One. Two.", "Why?")]


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (b"speaker,words\na,b\n", "a.csv", "a column 'text'"),
        (b"text,speaker\na,b\nc\n", "a.csv", r"a\.csv:3.*2 fields.*found 1"),
        (b'{"text": "a"}\n{"text": "b"}\n{"text": \n', "a.jsonl", r"a\.jsonl:3"),
        (b'{"text": "a"}\n[1]\n', "a.jsonl", r"a\.jsonl:2.*another kind"),
        (b"text,speaker\n", "a.csv", "a header alone"),
        (b"PAR1 and no more", "a.parquet", "a Parquet file"),
    ],
)
def test_what_does_not_fit_is_named_with_its_line(data: bytes, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(identify(data, name)[1])


WEBCAST = {
    "video": {"pv_symbol": "S/PV.20001", "date": "2024-06-03T10:00:00Z"},
    "transcript": {
        "data": [
            {
                "statement_number": 1,
                "speaker": {
                    "name": "Ingrid Dahl",
                    "affiliation": "NOR",
                    "affiliation_full": "Norway",
                    "function": "Minister",
                },
                "paragraphs": [
                    {
                        "sentences": [
                            {"text": "We agree.", "start": 0, "end": 1},
                            {"text": "We go on.", "start": 1, "end": 2},
                        ]
                    },
                    {"sentences": [{"text": "That is all.", "start": 2, "end": 3}]},
                ],
            }
        ]
    },
}


def test_a_machine_transcript_is_marked_as_one() -> None:
    kind, rows = identify(json.dumps(WEBCAST).encode(), "a.json")
    ((head, turn),) = rows
    assert kind == "webcast"
    assert head == {"symbol": "S/PV.20001", "body": "Security Council", "date": "2024-06-03"}
    assert (turn.text, turn.speaker, turn.country) == ("We agree. We go on.\n\nThat is all.", "Ingrid Dahl", "NOR")
    assert turn.extra == {"transcribed_by": "machine"}


def test_a_machine_transcript_without_its_parts_is_refused() -> None:
    with pytest.raises(InputError, match="transcript.data"):
        identify(json.dumps({"transcript": {"data": [{"speaker": {}}]}}).encode(), "a.json")
