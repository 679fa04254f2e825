"""What documents say against what the code does: commands, make targets, columns, links, figures."""

import json
import re
from pathlib import Path

import pytest
import typer
import yaml

from pipeline.cli import app
from pipeline.scoring import score_schema
from tests.conftest import ROOT

PAGES = [ROOT / "README.md", ROOT / "data/README.md", *sorted((ROOT / "docs").glob("*.md"))]
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
