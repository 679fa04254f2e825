"""The command line on bad input and settings: one clear message, a non-zero exit, no traceback; and the whole way."""

import json
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline import cli, doctor
from pipeline.errors import StanceError
from pipeline.params import load_params
from pipeline.tables import read_parquet
from tests.conftest import ROOT, Workspace
from tests.rendering import encrypted, render

RECORD = "S/PV.20001\n\nThe meeting was called to order at 3 p.m.\n\nMs. Dahl (Norway): We agree.\n\nThe meeting rose at 4 p.m."


BAD_FILES = {
    "empty.txt": (b"", "an empty file"),
    "binary.txt": (bytes(range(256)) * 40, "a binary file"),
    "truncated.pdf": (render(RECORD, 2)[:900], "damaged or truncated"),
    "encrypted.pdf": (encrypted(RECORD), "a password"),
    "strange.txt": (bytes(range(128, 256)) * 9, "no known encoding"),
    "columns.csv": (b"speaker,words\na,b\n", "a column 'text'"),
    "broken.jsonl": (b'{"text": "a"}\n{"text": "b"}\n{"text": \n', "broken.jsonl:3"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_told_in_one_message(workspace: Workspace, name: str) -> None:
    data, message = BAD_FILES[name]
    path = workspace.folder / name
    path.write_bytes(data)
    done = workspace.stance("segment", path, "--out", "never.jsonl", code=3)
    assert name in done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (workspace.folder / "never.jsonl").exists()


def test_rejected_files_among_good_ones_are_told_by_the_exit_code(workspace: Workspace) -> None:
    (workspace.folder / "empty.txt").write_bytes(b"")
    done = workspace.stance("segment", "raw", "empty.txt", "--out", "s.jsonl", code=10)
    assert "1 rejected" in done.stdout
    assert "an empty file" in done.stderr
    workspace.stance("segment", "raw", "empty.txt", "--out", "s.jsonl", "--rejects", "r.jsonl")
    workspace.stance("segment", "raw", "empty.txt", "--out", "s.jsonl", "--strict", code=3)


def test_bad_settings_are_told_in_one_message(workspace: Workspace) -> None:
    workspace.stance("segment", "raw", "--out", "s.parquet")
    raw = yaml.safe_load((workspace.folder / "params.yaml").read_text())
    (workspace.folder / "typo.yaml").write_text(yaml.safe_dump({**raw, "trian": raw["train"]}))
    first = read_parquet(workspace.folder / "s.parquet")[0]["statement_id"]
    (workspace.folder / "unknown").mkdir(exist_ok=True)
    (workspace.folder / "unknown" / "ann.jsonl").write_text(
        json.dumps({"statement_id": first, "label": "maybe"}) + "\n"
    )
    (workspace.folder / "afile").write_text("")
    annotate = [
        "annotate",
        "--statements",
        "s.parquet",
        "--codebook",
        "codebook.yaml",
        "--out",
        "l.parquet",
        "--report",
        "a.json",
    ]
    for arguments, code, message in (
        ([*annotate, "--annotations", "unknown", "--params", "typo.yaml"], 4, "trian"),
        ([*annotate, "--annotations", "unknown", "--params", "params.yaml"], 5, "ann.jsonl:1"),
        (["segment", "raw", "--out", "afile/s.parquet"], 8, "afile"),
        (["segment", "nowhere/*.pdf", "--out", "s.parquet"], 3, "nothing there"),
        (["score", "raw", "--model", "nowhere", "--params", "params.yaml", "--out", "x.csv"], 7, "nowhere"),
    ):
        done = workspace.stance(*arguments, code=code)
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    heavy = "{'torch', 'transformers', 'sklearn', 'pandas', 'pyarrow', 'rich', 'numpy'}"
    code = (
        f"import sys; from pipeline.cli import main; print(sorted({{m.split('.')[0] for m in sys.modules}} & {heavy}))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "pipeline", "--help"], cwd=ROOT, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(times) < 0.3  # of the processor: other programs on the machine do not count


def test_the_help_names_the_exit_codes_that_errors_have(workspace: Workspace) -> None:
    told = " ".join(workspace.stance("--help").stdout.split("Exit codes:")[1].split())
    for kind in StanceError.__subclasses__():
        word = {"ConfigError": "configuration", "AnnotationError": "annotations", "SplitError": "splits"}.get(
            kind.__name__, kind.__name__.removesuffix("Error").lower()
        )
        assert re.search(rf"\b{kind.exit_code} {word}\b", told), kind
    assert f"{cli.REJECTED} done, but some files were rejected" in told


def test_a_typo_is_answered_with_the_nearest_name(workspace: Workspace) -> None:
    assert "Did you mean 'score'" in workspace.stance("scor", code=2).stderr
    assert "--out" in workspace.stance("score", "raw", "--ouut", "x.csv", code=2).stderr


def test_the_doctor_tells_what_is_wrong_and_what_to_do(workspace: Workspace, tmp_path: Path) -> None:
    done = workspace.stance("doctor", "--json", "--params", "nowhere.yaml", code=1)
    found = {row["what"]: row for row in json.loads(done.stdout)}
    assert found["Python"]["state"] == "ok"
    assert found["parameters"]["state"] == found["DVC"]["state"] == "wrong"
    assert all(row["remedy"] for row in found.values() if row["state"] != "ok")
    plain = workspace.stance("doctor", "--params", "nowhere.yaml", code=1).stdout
    assert "wrong  DVC" in plain
    assert "\x1b" not in plain
    assert doctor.check_disk(tmp_path).found.endswith("GB free")
    (tmp_path / "lock").write_text("numpy==0.1 \\\n  --hash=x\nnumpy==0.2 ; python_version < '3'\n")
    assert re.search(r"numpy [\d.]+ instead of 0.1 or 0.2", doctor.check_packages(tmp_path / "lock").found)
    params = load_params(ROOT / "configs/params.yaml")
    many = params.model_copy(update={"runtime": params.runtime.model_copy(update={"threads": 4096})})
    assert doctor.check_devices(many).state == "note"
    assert doctor.check_weights(params, workspace.registry).state == "wrong"


def test_completion_is_offered_for_the_shell() -> None:
    call = f"{sys.executable} -m pipeline --show-completion; exit $?"  # the shell is told by the parent process
    done = subprocess.run(["bash", "-c", call], cwd=ROOT, capture_output=True, text=True)
    assert "COMP_WORDS" in done.stdout, done.stderr
