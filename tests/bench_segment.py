"""How fast transcripts become statements: a part of `make bench`, or `python -m tests.bench_segment FILE...` alone."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.segment import Summary, read_statements
from pipeline.sentences import sentence_spans
from pipeline.transcripts import find_sources
from pipeline.transcripts.pdf import read_pdf_file
from tests.conftest import ROOT

CORPUS = 2_300_000  # statements of the Security Council Debates


def seconds(work: Callable[[], object], least: float = 2.0) -> float:
    """Mean seconds a call, over at least `least` seconds."""
    work()
    calls, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < least:
        work()
        calls += 1
    return (time.perf_counter() - begin) / calls


def naive_spans(text: str) -> list[str]:
    """What users would write instead: split after a full stop and a space."""
    import re

    return re.split(r"(?<=[.!?])\s+", text)


def table(given: list[str]) -> list[str]:
    """A table of rates: sentences, whole files, a regular expression instead, pages of PDF."""
    import pypdfium2

    texts = list({s.speech.speech_id: s.speech.turn.text for s in read_statements(given, Summary())}.values())
    statements = sum(len(sentence_spans(text)) for text in texts)
    split = statements / seconds(lambda: [sentence_spans(text) for text in texts])
    naive = statements / seconds(lambda: [naive_spans(text) for text in texts])
    read = statements / seconds(lambda: sum(1 for _ in read_statements(given, Summary())))
    pdfs = [s.path for s in find_sources([*given, str(ROOT / "data/raw")]) if s.path.suffix == ".pdf"]
    pages = sum(len(pypdfium2.PdfDocument(path)) for path in pdfs)
    rate = pages / seconds(lambda: [read_pdf_file(Path(path)) for path in pdfs])
    minutes = "; {:,} take {:.1f} min"
    return [
        "| | a second | |",
        "| --- | ---: | --- |",
        f"| sentences alone | {split:,.0f} statements | {len(texts):,} speeches{minutes.format(CORPUS, CORPUS / split / 60)} |",
        f"| files to statements | {read:,.0f} statements | all readers{minutes.format(CORPUS, CORPUS / read / 60)} |",
        f"| a regular expression instead | {naive:,.0f} statements | breaks at Mr. and No. |",
        f"| records as PDF | {rate:,.0f} pages | {pages:,} pages of {len(pdfs):,} file(s) |",
    ]


def main() -> None:
    """Print the table."""
    print("\n".join(table(sys.argv[1:] or [str(ROOT / "data/raw/general-debate")])))


if __name__ == "__main__":
    main()
