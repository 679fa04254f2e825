"""Files built to hurt: a reader answers with speeches or with an error that names the file, in time and in memory."""

import io
import json
import os
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain import Reject
from pipeline.segment import statements_of
from pipeline.tables import STATEMENTS, statement_row
from pipeline.transcripts import Reader, Source
from tests.conftest import ROOT
from tests.fuzz import run, try_folder

RECORD = b"S/PV.20001\n\nMs. Dahl (Norway): We agree. We go on.\n"


def _read(path: Path) -> tuple[list[str], list[Reject]]:
    """A file's statements and rejects; what it gives must fit into a table."""
    rejects: list[Reject] = []
    speeches = list(Reader(rejects.append).read(Source(path, path.stem)))
    rows = [statement_row(s) for speech in speeches for s in statements_of(speech)]
    pa.RecordBatch.from_pylist(rows, STATEMENTS)
    return [row["statement"] for row in rows], rejects


def _pdf(objects: list[bytes]) -> bytes:
    """A PDF of numbered objects, without a table of where they are: readers rebuild it."""
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, text) for n, text in enumerate(objects, 1))
    return b"%PDF-1.7\n" + body + b"trailer\n<< /Root 1 0 R /Size %d >>\n%%%%EOF\n" % (len(objects) + 1)


def _stream(data: bytes, rounds: int = 1) -> bytes:
    for _ in range(rounds):
        data = zlib.compress(data, 9)
    filters = b"/FlateDecode " * rounds
    return b"<< /Length %d /Filter [ %s] >>\nstream\n%s\nendstream" % (len(data), filters, data)


def _page(content: bytes, more: tuple[bytes, ...] = ()) -> bytes:
    catalog = b"<< /Type /Catalog /Pages 2 0 R %s >>" % (b"/Outlines 6 0 R" if more else b"")
    pages, page = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>"
    return _pdf([catalog, pages, page, content, b"null", *more])


def _outline(count: int) -> bytes:
    items = tuple(b"<< /Title (x) /Parent 6 0 R /Next %d 0 R >>" % (n + 8) for n in range(count))
    return _page(_stream(b"BT ET"), (b"<< /First 7 0 R /Last %d 0 R /Count %d >>" % (count + 6, count), *items))


def _parquet(rows: int, text: str) -> bytes:
    sink = io.BytesIO()
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([text]))
    pq.write_table(pa.table({"text": column}), sink, compression="zstd")
    return sink.getvalue()


BOMBS: dict[str, Callable[[], bytes]] = {
    "unpacks.pdf": lambda: _page(_stream(b"BT (We agree.) Tj ET\n" * 5_000_000)),
    "unpacks-twice.pdf": lambda: _page(_stream(b"\0" * 200_000_000, 2)),
    "outline.pdf": lambda: _outline(1_000_000),
    "pages.pdf": lambda: _pdf(
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 100000000 >>"]
    ),
    "nested.json": lambda: b'{"transcript": ' * 1_000_000,
    "nested.jsonl": lambda: b'{"text": ' + b"[" * 3_000_000 + b"\n",
    "line.txt": lambda: b"We agree and so on, " * 5_000_000,
    "line.csv": lambda: b"text\n" + b"We agree and so on " * 5_000_000,
    "rows.parquet": lambda: _parquet(50_000_000, "We agree."),
    "cell.parquet": lambda: _parquet(2000, "We agree. " * 1_000_000),
    "parentheses.txt": lambda: b"Mr. " + b"(" * 2_000_000 + b": x",
    "capitals.txt": lambda: b"The " + b"A" * 390 + b": We agree.",
    "accents.txt": lambda: b"Mr. " + "é".encode() * 390 + b"! We agree.",
    "word.txt": lambda: b"The President: " + b"word" * 20_000 + b"\nand more",
    "cut.gz": lambda: b"\x1f\x8b\x08",
    "hyphens.txt": lambda: b"The " + b"A-" * 190 + b"! We agree.",
}


def test_bombs_cost_neither_time_nor_memory(tmp_path: Path) -> None:
    for name, make in BOMBS.items():
        (tmp_path / name).write_bytes(make())
    assert try_folder(tmp_path) == []


def test_two_thousand_mutated_files() -> None:
    assert run(2000, seed=1) == []


def test_a_tar_of_links_devices_and_outside_names_gives_its_speeches_alone(tmp_path: Path) -> None:
    path = tmp_path / "speeches.tar"
    with tarfile.open(path, "w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            member = tarfile.TarInfo("UNSC_1995_SPV.1_spch0009.txt")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
        for name in ("../../UNSC_1995_SPV.1_spch0001.txt", "/etc/UNSC_1995_SPV.1_spch0002.txt"):
            member = tarfile.TarInfo(name)
            member.size = len(RECORD)
            archive.addfile(member, io.BytesIO(RECORD))
    statements, rejects = _read(path)
    assert (len([s for s in statements if s == "We go on."]), rejects) == (2, [])
    assert [p.name for p in tmp_path.iterdir()] == ["speeches.tar"]


@pytest.mark.parametrize(
    ("name", "data", "kept"),
    [
        ("nul.txt", b"We ag\0ree. We go on." + b" And on." * 300, "We agree."),
        ("rtl.txt", "We \u202eagree\u202c. We go on.".encode(), "We go on."),
        ("surrogate.jsonl", b'{"text": "We \\ud800 agree."}\n', "We ? agree."),
        ("key.jsonl", b'{"text": "We agree.", "\\ud800": "x"}\n', "We agree."),
        (
            "surrogate.json",
            b'{"transcript": {"data": [{"paragraphs": [{"sentences": [{"text": "We \\udfff agree."}]}]}]}}',
            "We ? agree.",
        ),
        (
            "name.json",
            b'{"transcript": {"data": [{"speaker": {"name": "\\udfff"}, "paragraphs": [{"sentences": [{"text": "Yes."}]}]}]}}',
            "Yes.",
        ),
    ],
)
def test_odd_characters_pass_or_are_replaced(tmp_path: Path, name: str, data: bytes, kept: str) -> None:
    (tmp_path / name).write_bytes(data)
    statements, rejects = _read(tmp_path / name)
    assert rejects == []
    assert kept in statements


CELLS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text(), max_size=2))
NAMES = st.one_of(st.sampled_from(["text", "statement", "previous", "speaker", "country", "date"]), st.text(max_size=5))
ROWS = st.lists(st.dictionaries(NAMES, CELLS, max_size=6), min_size=1, max_size=5)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_any_rows_give_a_speech_or_a_reject(tmp_path: Path, rows: list[dict[str, object]]) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    rejects: list[Reject] = []
    speeches = list(Reader(rejects.append).read(Source(path, "rows")))
    pa.RecordBatch.from_pylist([statement_row(s) for speech in speeches for s in statements_of(speech)], STATEMENTS)
    words = [str(v) for row in rows for k, v in row.items() if k.casefold() in ("text", "statement") and v]
    assert speeches or rejects
    assert len(speeches) <= max(len(words), len(rows))


TREES = st.recursive(
    st.one_of(st.none(), st.text(max_size=8), st.integers()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["video", "data", "speaker", "paragraphs", "sentences", "text"]), inner, max_size=4
        ),
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES)
def test_any_machine_transcript_gives_a_speech_or_a_reject(tmp_path: Path, tree: object) -> None:
    path = tmp_path / "webcast.json"
    path.write_text(json.dumps({"video": tree, "transcript": {"data": [tree]}}))
    rejects: list[Reject] = []
    speeches = list(Reader(rejects.append).read(Source(path, "webcast")))
    assert speeches or rejects


def test_a_large_table_is_streamed_like_a_small_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"statement": f"We agree {n}.", "previous": "é", "theme": str(n)} for n in range(50)]
    files = {
        "a.jsonl": "".join(json.dumps(row) + "\n" for row in rows).encode(),
        "a.csv": (
            "statement,previous,theme\r\n" + "".join(f'"{r["statement"]}",é,{r["theme"]}\r\n' for r in rows)
        ).encode(),
        "b.csv": ("statement;previous;theme\n" + "".join(f"{r['statement']};é;{r['theme']}\n" for r in rows)).encode(
            "cp1252"
        ),
        "bad.csv": b"text,speaker\na,b\nc\n",
        "bad.jsonl": b'{"text": "a"}\n{"text": \n',
        "none.jsonl": b'{"words": "a"}\n',
    }
    small = {}
    for limit in (10**9, 0):
        monkeypatch.setattr("pipeline.transcripts.stream.LARGE", limit)
        for name, data in files.items():
            (tmp_path / name).write_bytes(data)
            rejects: list[Reject] = []
            source = Source(tmp_path / name, "t")
            turns = [(s.turn, s.transcript.sha256) for s in Reader(rejects.append).read(source)]
            assert small.setdefault(name, (turns, rejects)) == (turns, rejects)
    assert [t.extra["theme"] for t, _ in small["b.csv"][0]] == [str(n) for n in range(50)]
    assert "bad.csv:3" in small["bad.csv"][1][0].source


def test_no_stage_opens_a_connection(tmp_path: Path) -> None:
    """Every stage is imported, OpenVINO is loaded and transcripts are read where a connection would be told."""
    code = (
        "import os, socket, sys, time\n"
        "def refuse(*a, **k):\n"
        "    os.write(2, f'a connection to {a}'.encode())\n"
        "    raise OSError\n"
        "socket.socket.connect = socket.socket.connect_ex = socket.socket.sendto = refuse\n"
        "socket.getaddrinfo = socket.create_connection = refuse\n"
        "import pipeline.train, pipeline.evaluate, pipeline.export, pipeline.annotate, pipeline.baselines\n"
        "from pipeline.scoring.engine import runs_here\n"
        "assert runs_here('openvino', 'float32')\n"
        "from pipeline.segment import segment\n"
        "from pathlib import Path\n"
        "segment(['data/raw/council'], Path(sys.argv[1]), None)\n"
        "time.sleep(1)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "s.jsonl")]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "a connection" not in done.stderr
