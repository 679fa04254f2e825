"""Sums up the same training from several seeds: how much of a difference between two models is luck."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.tables import read_json, write_json


def summarise(values: Sequence[float]) -> dict[str, Any]:
    """Mean, sample standard deviation (0 for a single value) and the values themselves."""
    return {
        "mean": statistics.fmean(values),
        "standard_deviation": statistics.stdev(values) if len(values) > 1 else 0.0,
        "values": list(values),
    }


def seeds(evaluations: Sequence[Path], out: Path) -> dict[str, Any]:
    """Write means and standard deviations of the measures that all evaluations hold; the first is the shipped model's.

    Args:
        evaluations: folders that `evaluate` wrote, on the same held-out speeches.
        out: JSON.

    Raises:
        InputError: two evaluations are not of the same statements.
    """
    found = [read_json(folder / "metrics.json") for folder in evaluations]
    for folder, row in zip(evaluations, found, strict=True):
        if (row["n"], row["speeches"]) != (found[0]["n"], found[0]["speeches"]):
            raise InputError(
                str(folder),
                expected=f"{found[0]['n']} statements of {found[0]['speeches']} speeches, as in {evaluations[0]}",
                found=f"{row['n']} of {row['speeches']}",
                remedy="Evaluate all of them on one split: make seeds.",
            )
    plain = [name for name, value in found[0].items() if isinstance(value, float)]
    labels = list(found[0]["f1"])
    result = {
        "seeds": len(found),
        "n": found[0]["n"],
        "measures": {name: summarise([row[name] for row in found]) for name in plain},
        "f1": {label: summarise([row["f1"][label] for row in found]) for label in labels},
    }
    write_json(out, result)
    return result
