"""Scores without a model, for the tests of pages: invented speeches of any number, some of them hostile."""

import hashlib
import random
from pathlib import Path
from typing import Any

from pipeline.scoring import score_schema
from pipeline.tables import write_table
from tests.conftest import ROOT

LABELS = ["support", "oppose", "dialogue", "none"]
COUNTRIES = {
    code: names.split("|")[0]
    for code, names, *_ in (
        line.split("\t") for line in (ROOT / "pipeline/countries.tsv").read_text("utf-8").splitlines()
    )
}
SAID = {
    "support": "The measures that this body adopted must be carried out by every State without exception, number {}.",
    "oppose": "These restrictions hurt the people of the country and nobody else, as case {} has shown again.",
    "dialogue": "Let the envoys meet in the spring and talk without conditions, which is proposal {}.",
    "none": "The Committee met on the morning of day {} and received the report of its Chair.",
}
HOSTILE = '</script><script>window.hacked = 1</script><img src=x onerror="window.hacked = 2"> & "quoted", \u2028 =1+1'
HOSTILE_NAME = "=1+1, Mr. <b onmouseover=alert(1)>X</b> '\"</textarea>"


def scored_rows(count: int, *, meetings: int = 1, per_speech: int = 12) -> list[dict[str, Any]]:
    """Rows as `score` writes them; the stance of each depends on its number alone."""
    rng = random.Random(1)
    words = ["".join(rng.choices("aeioubdfglmnprstvw", k=rng.randint(3, 9))) for _ in range(4000)]
    codes, rows = list(COUNTRIES)[::8], []
    for i in range(count):
        speech, place = divmod(i, per_speech)
        meeting = i * meetings // count
        code = codes[speech % len(codes)]
        label = LABELS[(i * 7 + speech) % 4]
        sure = 0.4 + 0.59 * ((i * 37) % 100) / 100
        text = f"{SAID[label].format(i)} {' '.join(rng.choices(words, k=9))}."
        chances = {f"p_{name}": round(sure if name == label else (1 - sure) / 3, 6) for name in LABELS}
        rows.append(
            {
                "statement_id": f"A/{70 + meeting}/PV.{900 + meeting}:{speech + 1}:{place * 130}:{hashlib.sha256(text.encode()).hexdigest()[:8]}",
                "source": f"records/A_{70 + meeting}_PV.{900 + meeting}.txt",
                "symbol": f"A/{70 + meeting}/PV.{900 + meeting}",
                "date": f"{2015 + meeting}-06-08",
                "speech_id": f"A/{70 + meeting}/PV.{900 + meeting}:{speech + 1}",
                "speech_order": speech + 1,
                "speaker": f"Ms. Speaker{speech % 40}",
                "affiliation": COUNTRIES[code],
                "country": code,
                "presiding": False,
                "language": "",
                "start": place * 130,
                "end": place * 130 + len(text),
                "previous": rows[-1]["statement"] if place else "",
                "statement": text,
                "stance": label,
                "confidence": sure,
                **chances,
                "model": "0123456789abcdef",
                "abstained": sure < 0.5,
                "prediction_set": f"{label}|none" if sure < 0.6 and label != "none" else label,
            }
        )
    return rows


def with_hostile(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, the last of them hostile in every field that a transcript fills."""
    changed = {"statement": HOSTILE, "previous": HOSTILE, "speaker": HOSTILE_NAME, "affiliation": HOSTILE_NAME}
    symbol = {"symbol": "<i>A/1</i>", "speech_id": "<i>A/1</i>:1", "speech_order": 1, "country": ""}
    return [*rows[:-1], rows[-1] | changed | symbol]


def write_scores(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write rows in the form that the file's ending names."""
    write_table(path, rows, score_schema(LABELS))
    return path
