"""`dvc.yaml` against the code: what each stage depends on is what its module imports and reads."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from pipeline.params import Params
from tests.conftest import ROOT

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
MODULES = {"score": "pipeline/scoring/run.py", "report": "pipeline/report/transcripts.py"} | {
    "review": "pipeline/report/review.py"
}
# They hold records, messages and checks, and compute nothing that a stage writes.
INERT = {"pipeline/__init__.py", "pipeline/domain.py", "pipeline/errors.py", "pipeline/params.py"}


def _file(module: str) -> Path | None:
    path = ROOT / module.replace(".", "/")
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def _imports(path: Path) -> set[Path]:
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return {path for name in names if name.startswith("pipeline") and (path := _file(name))}


def _reached(start: Path) -> set[Path]:
    seen, todo = set(), {start}
    while todo:
        path = todo.pop()
        seen.add(path)
        todo |= _imports(path) - seen
    return seen


def _start(stage: str) -> Path:
    return ROOT / MODULES.get(stage, f"pipeline/{stage}.py")


@pytest.mark.parametrize("stage", STAGES)
def test_code_that_a_stage_runs_is_among_its_deps(stage: str) -> None:
    expected = {str(path.relative_to(ROOT)) for path in _reached(_start(stage))} - INERT
    if any(name.startswith("pipeline/transcripts/") for name in expected):
        expected = {name for name in expected if not name.startswith("pipeline/transcripts/")} | {
            "pipeline/transcripts"
        }
    if "pipeline/countries.py" in expected:
        expected.add("pipeline/countries.tsv")
    if stage in ("report", "review"):
        expected.add("pipeline/report/templates")
    assert {dep for dep in STAGES[stage]["deps"] if dep.startswith("pipeline/")} == expected


@pytest.mark.parametrize("stage", STAGES)
def test_parameters_that_a_stage_reads_are_declared(stage: str) -> None:
    sections = "|".join(Params.model_fields)
    code = "\n".join(path.read_text() for path in _reached(_start(stage)) if path.name != "params.py")
    expected = set(re.findall(rf"\bparams\.({sections})\b", code)) | set(
        re.findall(r"include=\{([^}]*)\}", code) and re.findall(r'"(\w+)"', re.findall(r"include=\{([^}]*)\}", code)[0])
    )
    declared = {key for entry in STAGES[stage].get("params", []) for key in entry["configs/params.yaml"]}
    assert declared == expected


@pytest.mark.parametrize("stage", STAGES)
def test_every_path_of_a_command_is_a_dep_or_an_output(stage: str) -> None:
    entry = STAGES[stage]
    listed = [
        next(iter(o)) if isinstance(o, dict) else o
        for kind in ("outs", "metrics", "plots")
        for o in entry.get(kind, [])
    ]
    known = [*entry["deps"], *listed]
    for path in re.findall(r"\b(?:data|models|configs)/[\w./-]+", entry["cmd"]):
        assert any(k == path or k.startswith(f"{path}/") or path.startswith(f"{k}/") for k in known), path


def test_the_defaults_of_the_command_line_are_the_paths_of_the_stages() -> None:
    from pipeline import cli

    for path in (cli.CODEBOOK, cli.BASES, cli.PARAMS):
        assert (ROOT / path).is_file()
    outs = {str(o) for stage in STAGES.values() for o in stage["outs"] if isinstance(o, str)}
    assert {str(cli.MODEL), str(cli.EXPORTED), str(cli.BASELINES)} <= outs
