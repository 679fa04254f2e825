"""How fast transcripts become statements: `make bench`, on a text that it makes itself or `python -m tests.bench_segment FILE...`."""

import platform
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


def main() -> None:
    """Print a table of rates."""
    given = sys.argv[1:] or [str(ROOT / "data/raw/general-debate")]
    texts = list({s.speech.speech_id: s.speech.turn.text for s in read_statements(given, Summary())}.values())
    statements = sum(len(sentence_spans(text)) for text in texts)
    split = statements / seconds(lambda: [sentence_spans(text) for text in texts])
    naive = statements / seconds(lambda: [naive_spans(text) for text in texts])
    read = statements / seconds(lambda: sum(1 for _ in read_statements(given, Summary())))
    print(
        f"{platform.machine()}, Python {platform.python_version()}; {len(texts):,} speeches, {statements:,} statements"
    )
    print(f"{'sentences alone':<34}{split:>10,.0f} statements/s; {CORPUS:,} take {CORPUS / split / 60:.1f} min")
    print(f"{'files to statements':<34}{read:>10,.0f} statements/s; {CORPUS:,} take {CORPUS / read / 60:.1f} min")
    print(
        f"{'a regular expression instead':<34}{naive:>10,.0f} statements/s ({naive / split:.0f} times as fast, breaks at Mr. and No.)"
    )
    pdfs = [s.path for s in find_sources([str(ROOT / "data/raw")]) if s.path.suffix == ".pdf"]
    import pypdfium2

    pages = sum(len(pypdfium2.PdfDocument(path)) for path in pdfs)
    rate = pages / seconds(lambda: [read_pdf_file(Path(path)) for path in pdfs])
    print(f"{'records as PDF':<34}{rate:>10,.0f} pages/s")


if __name__ == "__main__":
    main()
