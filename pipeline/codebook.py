"""The labels, their definitions, rulings and examples: `configs/codebook.yaml`, checked."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.params import load_yaml

Text = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class LabelDefinition(_Part):
    """One label. `keywords` are regular expressions of the keyword baseline, matched without case."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    definition: Text
    no_stance: bool = False
    keywords: list[str] = []


class Ruling(_Part):
    """How one kind of borderline statement is decided, and the labels that it can give."""

    number: Annotated[int, Field(ge=1)]
    text: Text
    labels: list[str]


class CodebookExample(_Part):
    """A statement with its label and the reason for it."""

    statement: Text
    previous: str = ""
    label: str
    why: Text


class Codebook(_Part):
    """A codebook. `order` of `labels` is the order of the model's classes."""

    version: Text
    question: Text
    unit: Text
    voice: Text
    labels: Annotated[list[LabelDefinition], Field(min_length=2)]
    rulings: list[Ruling] = []
    examples: list[CodebookExample]

    @property
    def names(self) -> list[str]:
        """Label names, in the order of the model's classes."""
        return [label.name for label in self.labels]

    @property
    def no_stance(self) -> str:
        """The label that stands for "takes no stance"."""
        return next(label.name for label in self.labels if label.no_stance)

    @property
    def stances(self) -> list[str]:
        """All labels but the one for no stance."""
        return [label.name for label in self.labels if not label.no_stance]

    @model_validator(mode="after")
    def _check(self) -> "Codebook":
        names, problems = self.names, []
        if len(set(names)) != len(names):
            problems.append("a label is defined twice")
        if sum(label.no_stance for label in self.labels) != 1:
            problems.append("exactly one label must carry 'no_stance: true'")
        shown = {example.label for example in self.examples}
        problems += [f"label {name!r} has no example" for name in names if name not in shown]
        used = shown.union(*(ruling.labels for ruling in self.rulings))
        problems += [f"{name!r} is used but not defined" for name in sorted(used - set(names))]
        for label in self.labels:
            for keyword in label.keywords:
                try:
                    re.compile(keyword)
                except re.error as error:
                    problems.append(f"keyword {keyword!r} of {label.name!r}: {error}")
        if problems:
            raise ValueError("; ".join(problems))
        return self


def load_codebook(path: Path) -> Codebook:
    """Read and check a codebook; raises ConfigError naming every problem."""
    return load_yaml(path, Codebook, "Correct the codebook; its form is in pipeline/codebook.py.")
