"""Behaviour tests after CheckList (Ribeiro et al. 2020): written cases, and names that must not matter."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.codebook import Codebook
from pipeline.domain import Example
from pipeline.errors import ConfigError
from pipeline.metrics import Floats
from pipeline.params import load_yaml

_NAMES = (
    "Norway,Ghana,Cuba,Japan,Iran,Chile,Mali,Poland,Viet Nam,Jordan,Fiji,Sudan,Canada,Belarus,Nepal,Kenya,Haiti,Qatar,"
    "Samoa,Libya"
)
COUNTRIES = tuple(_NAMES.split(","))
_PLACE = "{country}"
Predict = Callable[[Sequence[Example]], Floats]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Case(_Part):
    """A sentence, the one before it, and the label that the codebook gives it beyond doubt."""

    statement: Annotated[str, Field(min_length=1)]
    previous: str = ""
    label: str


class Capability(_Part):
    """One capability. With `invariance: country` each statement holds `{country}`, and any name must give one label."""

    capability: str
    shows: str
    invariance: Literal["country"] | None = None
    cases: Annotated[list[Case], Field(min_length=1)]


def load_capabilities(folder: Path, codebook: Codebook) -> list[Capability]:
    """Read every capability of a folder; raises ConfigError where one does not fit the codebook or its form."""
    found = [
        load_yaml(path, Capability, "Its form is in pipeline/behaviour.py.") for path in sorted(folder.glob("*.yaml"))
    ]
    for capability in found:
        for case in capability.cases:
            if case.label not in codebook.names or (capability.invariance and _PLACE not in case.statement):
                raise ConfigError(
                    capability.capability,
                    expected=f"labels of the codebook, and {_PLACE} where names are swapped",
                    found=f"{case.label!r} on {case.statement!r}",
                    remedy="Correct the case.",
                )
    return found


def _examples(cases: Sequence[Case], country: str) -> list[Example]:
    return [Example("", "", c.statement.replace(_PLACE, country), c.previous, c.label) for c in cases]


def run_capability(capability: Capability, predict: Predict, labels: list[str]) -> dict[str, Any]:
    """Run one capability.

    Returns:
        How many cases there are and how many fail, with the failing ones. A case of an invariance fails if the
        names do not all give one label; `stable` is the share of names that give the label most names give.
    """
    if capability.invariance is None:
        told = [labels[int(p.argmax())] for p in predict(_examples(capability.cases, ""))]
        failing: list[dict[str, Any]] = [
            {"statement": case.statement, "label": case.label, "predicted": found}
            for case, found in zip(capability.cases, told, strict=True)
            if found != case.label
        ]
        return _row(capability, failing)
    by_name = [predict(_examples(capability.cases, name)).argmax(1) for name in COUNTRIES]
    told_by_case = [Counter(labels[int(row[i])] for row in by_name) for i in range(len(capability.cases))]
    failing = [
        {"statement": case.statement, "label": case.label, "predicted": dict(told)}
        for case, told in zip(capability.cases, told_by_case, strict=True)
        if len(told) > 1
    ]
    most = sum(told.most_common(1)[0][1] for told in told_by_case)
    return _row(capability, failing) | {"stable": most / (len(COUNTRIES) * len(told_by_case))}


def _row(capability: Capability, failing: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "capability": capability.capability,
        "shows": capability.shows,
        "cases": len(capability.cases),
        "failures": len(failing),
        "failing": failing,
    }


def run_capabilities(folder: Path, predict: Predict, codebook: Codebook) -> list[dict[str, Any]]:
    """Run every capability of a folder, the one that fails most often first."""
    found = [run_capability(c, predict, codebook.names) for c in load_capabilities(folder, codebook)]
    return sorted(found, key=lambda row: (-row["failures"] / row["cases"], row["capability"]))
