"""The columns that scoring adds to statements."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.abstention import Promise, prediction_sets
from pipeline.tables import STATEMENTS

DIGITS = 6  # of a probability as written
BETWEEN = "|"  # the labels of a prediction set


def added_fields(labels: list[str]) -> list[pa.Field]:
    """The fields between a statement's and a table's own."""
    probabilities = [pa.field(f"p_{label}", pa.float64()) for label in labels]
    return [
        pa.field("stance", pa.string()),
        pa.field("confidence", pa.float64()),
        *probabilities,
        pa.field("abstained", pa.bool_()),
        pa.field("prediction_set", pa.string()),
        pa.field("model", pa.string()),
    ]


def score_schema(labels: list[str]) -> pa.Schema:
    """The columns of scores, without a table's own."""
    return pa.schema([*STATEMENTS, *added_fields(labels)])


def with_scores(
    statements: pa.Table, probabilities: NDArray[np.float64], labels: list[str], promise: Promise, digest: str
) -> pa.Table:
    """Add to n statements what the model says of each.

    Args:
        statements: columns of `STATEMENTS`, then a table's own.
        probabilities: (n, labels); they are rounded, and the label is the likeliest after rounding.
        labels: their names.
        promise: where the model abstains, and what is in a prediction set.
        digest: which model said it.
    """
    rounded = probabilities.round(DIGITS)
    sets = prediction_sets(rounded, promise.set_threshold)
    values = [
        pa.array([labels[i] for i in rounded.argmax(axis=1)], pa.string()),
        pa.array(rounded.max(axis=1)),
        *(pa.array(column) for column in rounded.T),
        pa.array(rounded.max(axis=1) < promise.confidence),
        pa.array([BETWEEN.join(n for n, held in zip(labels, row, strict=True) if held) for row in sets], pa.string()),
        pa.array([digest] * len(rounded), pa.string()),
    ]
    for place, (field, column) in enumerate(zip(added_fields(labels), values, strict=True), len(STATEMENTS)):
        statements = statements.add_column(place, field, column)
    return statements
