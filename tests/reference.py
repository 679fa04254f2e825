"""Writes the generated pages of the documents anew: `python -m tests.reference`. A test holds the pages against this."""

import ast
import re
from pathlib import Path
from typing import Any

import typer
import yaml

from pipeline.cli import app
from pipeline.params import Params
from pipeline.tables import whole
from tests.conftest import ROOT

NOTE = "<!-- Written by `make docs` from the code; change it there. -->"


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _parameters_of(command: Any) -> list[str]:
    lines = []
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            name, default = f"`{parameter.name.upper()}`", "needed"
        else:
            name = ", ".join(f"`{option}`" for option in parameter.opts)
            default = (
                "needed"
                if parameter.required
                else ""
                if parameter.default in (None, False)
                else f"`{parameter.default}`"
            )
        lines.append(f"| {name} | {_plain(parameter.help or '')} | {default} |")
    return lines


def command_line() -> str:
    """Every command with its arguments, options and example."""
    group = typer.main.get_command(app)
    parts = [
        NOTE,
        "# Command line",
        "",
        "`stance COMMAND`; each tells more with `--help`. `stance --install-completion` teaches your shell to complete them.",
        "",
        _plain(group.epilog or ""),
    ]
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        text = [_plain(p) for p in re.split(r"\n\s*\n", command.help or "")]
        told = [p for p in text if not p.startswith("Example:")]
        (example,) = [p.removeprefix("Example: ") for p in text if p.startswith("Example:")]
        table = ["| option | what it says | unless given |", "| --- | --- | --- |", *_parameters_of(command)]
        parts += ["", f"## stance {name}", "", *"\n\n".join(told).split("\n"), "", *table, "", "```", example, "```"]
    return "\n".join(parts) + "\n"


def _kind(annotation: Any) -> str:
    text = re.sub(r"(?:typing\.|pipeline\.params\.)", "", str(annotation))
    text = re.sub(r"<class '(\w+)'>", r"\1", text)
    return re.sub(r"Literal\[(.*)\]", lambda m: m[1].replace("'", "").replace(", ", " or "), text)


def _bounds(metadata: list[Any]) -> str:
    words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
    return ", ".join(f"{words[name]} {getattr(m, name)}" for m in metadata for name in words if hasattr(m, name))


def parameters() -> str:
    """Every parameter of `configs/params.yaml`, with its kind, its bounds and its value there."""
    values = yaml.safe_load((ROOT / "configs/params.yaml").read_text())
    parts = [
        NOTE,
        "# Parameters",
        "",
        "All stand in `configs/params.yaml`, a section a stage; `stance` takes another file with `--params`. An unknown name or a value",
        "out of bounds stops with one message that lists every problem. `dvc exp run -S 'configs/params.yaml:train.epochs=3'` tries one.",
    ]
    for section, field in Params.model_fields.items():
        model: Any = field.annotation
        parts += [
            "",
            f"## {section}",
            "",
            _plain(model.__doc__),
            "",
            "| parameter | kind | bounds | value |",
            "| --- | --- | --- | --- |",
        ]
        parts += [
            f"| `{name}` | {_kind(f.annotation)} | {_bounds(f.metadata)} | `{values[section][name]}` |"
            for name, f in model.model_fields.items()
        ]
    return "\n".join(parts) + "\n"


def _purpose(path: Path) -> str:
    return _plain((ast.get_docstring(ast.parse(path.read_text())) or "").split("\n\n")[0])


def contributing() -> str:
    """The map of the house in `CONTRIBUTING.md`, from what each module says of itself."""
    package = ROOT / "pipeline"
    files = [p for p in package.glob("*.py") if not p.name.startswith("__")]
    rooms = sorted([*files, *package.glob("*/__init__.py")], key=lambda p: str(p))
    lines = ["| room | what lives there |", "| --- | --- |"]
    for path in rooms:
        name = f"{path.parent.name}/" if path.name == "__init__.py" else path.name
        lines.append(f"| `{name}` | {_purpose(path)} |")
    begin, end = "<!-- rooms -->", "<!-- end of rooms -->"
    head, rest = (ROOT / "CONTRIBUTING.md").read_text().split(begin)
    return "\n".join([f"{head}{begin}", *lines, end]) + rest.split(end)[1]


PAGES = {
    "docs/reference/command-line.md": command_line,
    "docs/reference/parameters.md": parameters,
    "CONTRIBUTING.md": contributing,
}


def main() -> None:
    """Write every generated page."""
    for path, make in PAGES.items():
        with whole(ROOT / path) as file:
            file.write(make())
        print(Path(path))


if __name__ == "__main__":
    main()
