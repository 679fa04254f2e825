"""Hostile files for every reader: mutated, invented, and built to hurt. `make fuzz`, and briefly in `make test`.

A reader may give speeches or an error that names the file, within five processor seconds and a gibibyte. They come in
batches to a process of their own, whose address space is limited and which is ended when a file takes too long.
"""

import io
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tests.conftest import ROOT

DOCUMENT = ROOT / "docs/reliability.md"
BEGIN, END = "<!-- fuzz -->", "<!-- /fuzz -->"
SECONDS, MEMORY = 5, 1 << 30
_BATCH = 1000
_TOKENS = [
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", "\u202e".encode(), b"\r", b"\f", b'"', b"'", b"{", b"[", b"\t",
    b"PAR1", b"%PDF-1.7", b"\x1f\x8b", b"BZh9", b"ustar", b"Mr. X (Chad): ", b"The President: ", b"S/PV.1", b"\\ud800",
    b'{"text": ', b'"statement"', b"=1+1", b"9" * 400, b"(" * 300, "“".encode(), b"9.", b"A.", b"\xa0", b"\xad\n",
]  # fmt: skip


def seeds() -> list[tuple[str, bytes]]:
    """A small valid file of every kind: name and bytes."""
    import tarfile

    import pyarrow as pa
    import pyarrow.parquet as pq

    from tests.rendering import render

    record = (
        "S/PV.20001\n\nThe meeting was called to order at 3 p.m.\n\nThe President: I call on Norway.\n\n"
        "Ms. Dahl (Norway): We agree. We go on, “and on”.\n\nMr. Adjei (Ghana) (spoke in French): No. 5 is so.\n"
    )
    news = (
        "Kenya's ambassador, Ana Example, said that sanctions failed.\n\n“We differ,” she said. “We go on,” she added.\n\n"
        "The Ghanaian envoy, Kofi Sample, told reporters: “No.” Chad's minister, Ali Third, agreed with Example.\n"
    )
    rows = [{"text": "We agree. We go on.", "speaker": "Ms. Dahl", "country": "Norway", "n": 1}] * 3
    sentences = {"sentences": [{"text": "We agree."}]}
    webcast = {
        "video": {"pv_symbol": "S/PV.2"},
        "transcript": {"data": [{"speaker": {"name": "A"}, "paragraphs": [sentences]}]},
    }
    parquet, tar = io.BytesIO(), io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), parquet)
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for n in range(3):
            member = tarfile.TarInfo(f"speeches/UNSC_1995_SPV.3487_spch000{n}.txt")
            member.size = len(record)
            archive.addfile(member, io.BytesIO(record.encode("latin-1", "replace")))
    return [
        ("record.txt", record.encode()),
        ("record.pdf", render(record, 2)),
        ("news.txt", news.encode()),
        ("turns.txt", b"Mr. Roe (Ghana): We differ.\n\nMs. Dahl (Norway): We agree.\n"),
        ("speech.txt", b"We agree. We go on.\n\nThat is all."),
        ("rows.csv", b'text,speaker\n"We agree.\nYes.",Ms. Dahl\nNo.,X\n'),
        ("rows.tsv", b"statement\tprevious\nWe agree.\tNo.\n"),
        ("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode()),
        ("webcast.json", json.dumps(webcast).encode()),
        ("rows.parquet", parquet.getvalue()),
        ("speeches.tar", tar.getvalue()),
        ("UNSC_1995_SPV.3487_spch0001.txt", b"The President: I call on Chad."),
    ]


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Change bytes, cut, repeat, move and insert, one to eight times."""
    found = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(found) + 1)
        kind = rng.randrange(6)
        if kind == 0 and found:
            found[at % len(found)] = rng.randrange(256)
        elif kind == 1:
            del found[at : at + rng.randint(1, 64)]
        elif kind == 2:
            found[at:at] = rng.choice(_TOKENS) * rng.choice([1, 1, 3, 200])
        elif kind == 3:
            piece = bytes(found[at : at + rng.randint(1, 200)])
            found[at:at] = piece * rng.choice([1, 2, 50])
        elif kind == 4:
            found = found[:at]
        else:
            end = rng.randrange(len(found) + 1)
            found[at:at] = found[end : end + 64]
    return bytes(found)


def inputs(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Mutated seeds, a part of them under another kind's name."""
    rng, known = random.Random(seed), seeds()
    for _ in range(count):
        name, data = rng.choice(known)
        if rng.random() < 0.1:
            name = rng.choice(known)[0]
        yield name, mutate(data, rng)


def read_folder(folder: Path) -> None:
    """Read every file of a folder, one after the other, telling each name first; runs in the limited process."""
    import pyarrow as pa

    from pipeline.segment import statements_of
    from pipeline.tables import STATEMENTS, statement_row
    from pipeline.transcripts import Reader, find_sources

    resource.setrlimit(resource.RLIMIT_AS, (3 * MEMORY, 3 * MEMORY))
    for path in sorted(folder.iterdir()):
        print(path.name, flush=True)
        for source in find_sources([str(path)]):
            rejects: list[object] = []
            speeches = list(Reader(rejects.append).read(source))
            pa.RecordBatch.from_pylist(
                [statement_row(s) for speech in speeches for s in statements_of(speech)], STATEMENTS
            )
            if not speeches and not rejects:
                raise SystemExit(f"{path.name}: neither a speech nor a reject")
        used = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024
        if used > MEMORY:
            raise SystemExit(f"{path.name}: {used / 2**20:.0f} MiB")
    print("(done)", flush=True)


def try_folder(folder: Path) -> list[str]:
    """Read a folder in a process of its own; give what failed, as name and reason."""
    with tempfile.TemporaryFile("w+") as told, tempfile.TemporaryFile("w+") as complained:
        process = subprocess.Popen(
            [sys.executable, "-c", f"from tests.fuzz import *; read_folder(Path({str(folder)!r}))"],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=told,
            stderr=complained,
        )
        last, since = "(start)", 0.0
        while process.poll() is None:
            time.sleep(0.05)
            now, used = _last(told), _processor_seconds(process.pid)
            if now != last:
                last, since = now, used
            allowed = SECONDS * (6 if last == "(start)" else 1)
            if used - since > allowed and last != "(done)":
                process.kill()
                process.wait()
                return [f"{last}: longer than {allowed} s"]
        complained.seek(0)
        error = complained.read().strip().split("\n")[-1]
        return [f"{_last(told)}: exit {process.returncode}, {error}"] if process.returncode else []


def _processor_seconds(pid: int) -> float:
    """What a process has computed; a machine that is busy with something else does not make a file slow."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _last(told: IO[str]) -> str:
    size = os.fstat(told.fileno()).st_size
    words = os.pread(told.fileno(), 500, max(0, size - 500)).decode().split()
    return words[-1] if words else "(start)"


def run(count: int, seed: int, kept: Path | None = None) -> list[str]:
    """Try so many files; give what failed. Files that failed are kept in a folder where one is named."""
    failures: list[str] = []
    batch: list[tuple[str, bytes]] = []
    for number, item in enumerate(inputs(count, seed), 1):
        batch.append(item)
        if len(batch) == _BATCH or number == count:
            failures += _try_batch(batch, kept)
            batch = []
    return failures


def _try_batch(batch: list[tuple[str, bytes]], kept: Path | None) -> list[str]:
    """Try a batch; after a failure, go on behind the file that failed."""
    with tempfile.TemporaryDirectory() as name:
        for number, (file, data) in enumerate(batch):
            (Path(name) / f"{number:04}-{file}").write_bytes(data)
            if file.startswith("UNSC"):  # told by its name alone
                (Path(name) / f"{number:04}-{file}").rename(Path(name) / file.replace("3487", f"{3487 + number}"))
        failures: list[str] = []
        while found := try_folder(Path(name)):
            failures += found
            failed = found[0].split(":")[0]
            for path in sorted(Path(name).iterdir()):
                if path.name == failed and kept:
                    (kept / f"{len(list(kept.iterdir()))}-{path.name}").write_bytes(path.read_bytes())
                if path.name <= failed or failed == "(start)":
                    path.unlink()
        return failures


def main(count: int = 100_000, seed: int = 20220608) -> None:
    """Try many files and write the counts into the document."""
    warnings.simplefilter("ignore")
    begin = time.monotonic()
    kept = Path(tempfile.mkdtemp(prefix="fuzz-"))
    failures = run(count, seed, kept)
    minutes = (time.monotonic() - begin) / 60
    line = (
        f"{count:,} mutated files of {len(seeds())} kinds (seed {seed}): {len(failures)} crashed, hung or took too much memory; "
        f"{minutes:.0f} minutes."
    )
    text = DOCUMENT.read_text()
    DOCUMENT.write_text(f"{text.split(BEGIN)[0]}{BEGIN}\n{line}\n{END}{text.split(END)[1]}")
    print(line, *failures, sep="\n")
    if failures:
        sys.exit(f"kept in {kept}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
