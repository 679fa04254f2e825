"""What documents say against what the code does: commands, make targets, columns, links, figures."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
import yaml

from pipeline import annotate, examples
from pipeline.cli import app
from pipeline.scoring import score_schema
from pipeline.tables import STATEMENTS
from tests.conftest import ROOT
from tests.reference import PAGES as GENERATED

PAGES = [ROOT / "README.md", ROOT / "data/README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES += [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
COMMANDS = typer.main.get_command(app).commands
README = (ROOT / "README.md").read_text()


def _calls(text: str) -> list[tuple[str, list[str]]]:
    """Every `stance COMMAND --options` in code."""
    code = "\n".join("".join(parts) for parts in re.findall(r"```[a-z]*\n(.*?)```|`([^`]+)`", text, re.S))
    found = re.findall(r"(?:^|[\s/])stance ([a-z]+)([^\n|]*)", code)
    return [(name, re.findall(r"--[a-z-]+", rest)) for name, rest in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_and_options_that_a_page_names_exist(page: Path) -> None:
    for name, options in _calls(page.read_text()):
        assert name in COMMANDS, name
        known = {o for parameter in COMMANDS[name].params for o in parameter.opts}
        assert set(options) <= known, (name, options)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_make_targets_and_files_that_a_page_names_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    text = page.read_text()
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets
    for path in re.findall(r"`((?:configs|pipeline|tests|docs)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), path


def test_the_readme_calls_what_ci_runs() -> None:
    assert re.search(r"^make run\b", README, re.M)
    assert re.search(r"^make test\b", README, re.M)
    assert "\nmake test" in (ROOT / ".ci/run").read_text()


def test_the_columns_that_the_readme_lists_are_those_of_scores() -> None:
    labels = [label["name"] for label in yaml.safe_load((ROOT / "configs/codebook.yaml").read_text())["labels"]]
    listed = README.split("Its columns:")[1].split("a table's own")[0]
    names = [name for part in re.findall(r"`([^`]+)`", listed) for name in re.findall(r"\w+", part)]
    assert names == score_schema(labels).names


def test_every_command_shows_an_example_that_parses() -> None:
    for name, command in COMMANDS.items():
        (call,) = re.findall(rf"Example: stance {name}(.*)", command.help or "")
        known = {o for parameter in command.params for o in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", call)) <= known, name


def test_the_figures_of_the_readme_are_those_of_the_last_run() -> None:
    measured = json.loads((ROOT / "data/evaluation/metrics.json").read_text())
    table = README.split("## Results")[1]
    rows = {
        name: [float(x) for x in re.findall(r"0\.\d+", rest)]
        for name, rest in re.findall(r"^\| ([\w -]+?) \|(.*)$", table, re.M)
    }
    assert rows["the model"][0] == round(measured["macro_f1"], 3)
    for name, shown in (
        ("TF-IDF", "tfidf"),
        ("frozen base", "frozen"),
        ("keywords", "keywords"),
        ("majority", "majority"),
    ):
        assert rows[name][0] == round(measured["baseline_macro_f1"][shown], 3), name


@pytest.mark.parametrize("page", GENERATED)
def test_generated_pages_are_what_the_code_gives(page: str) -> None:
    assert (ROOT / page).read_text() == GENERATED[page](), "write them anew: make docs"


@pytest.mark.parametrize(
    ("section", "names"),
    [
        ("Statements", STATEMENTS.names),
        ("Labels", annotate.LABELS.names),
        ("Splits", examples.SCHEMA.names),
        ("Annotations", list(annotate._FIELDS)),
    ],
)
def test_columns_that_the_reference_lists_are_those_written(section: str, names: list[str]) -> None:
    text = (ROOT / "docs/reference/files.md").read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", text, re.M) == names


def test_columns_of_scores_in_the_reference_are_those_written() -> None:
    text = (ROOT / "docs/reference/files.md").read_text().split("## Scores\n")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `([\w…]+)` \|", text, re.M)
    added = score_schema(["a", "b"]).names[len(STATEMENTS.names) :]
    assert [name for name in added if name != "p_b"] == [name.replace("p_…", "p_a") for name in listed]


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for page in (tmp_path / "site").rglob("*.html"):
        loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?:[^"]+)"', page.read_text())
        assert loaded == [], page


def test_the_citation_and_the_package_name_one_version_and_licence() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text()
    assert "Apache License" in (ROOT / "LICENSE").read_text()


def test_the_workflow_runs_what_submissions_must_pass() -> None:
    (workflow,) = (ROOT / ".github/workflows").glob("*.yml")
    steps = yaml.safe_load(workflow.read_text())["jobs"]["test"]["steps"]
    assert any(step.get("run") == "bash .ci/run" for step in steps)
