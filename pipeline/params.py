"""`configs/params.yaml` as one typed, frozen value a stage; each default stands in that file alone."""

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import ConfigError

Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Runtime(_Section):
    """What every stage that computes shares: one seed, one thread count (weights depend on both)."""

    seed: Annotated[int, Field(ge=0, lt=2**32)]
    threads: Count


class Annotate(_Section):
    """`aggregation` of votes that nobody adjudicated; `resamples` of speeches for the interval of alpha."""

    aggregation: Literal["majority", "dawid-skene", "mace"]
    resamples: Annotated[int, Field(ge=20)]


class Split(_Section):
    """Shares of the speeches; `near_duplicate` is the Jaccard index from which speeches stay together."""

    validation: Share
    heldout: Share
    near_duplicate: Share
    permutations: Count
    shingle_words: Count


class Train(_Section):
    """Fine-tuning; learning rates are those of AdamW at the end of warm-up.

    `class_balance`: labels weigh with their share to the power of minus this (0: alike, 1: every label as much).
    `no_stance_per_stance`: at most so many statements without a stance for each one with a stance.
    `swap_countries`: share of the statements in which other states are named than were.
    """

    base_model: str
    max_tokens: Annotated[int, Field(ge=8)]
    context: bool
    probe_c: Positive
    epochs: Positive
    batch_size: Count
    learning_rate: Positive
    weight_decay: NotNegative
    warmup_share: Annotated[float, Field(ge=0, lt=1)]
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    class_balance: Annotated[float, Field(ge=0, le=1)]
    no_stance_per_stance: Positive
    swap_countries: Annotated[float, Field(ge=0, le=1)]
    patience: Count
    precision: Literal["float32", "bfloat16"]


class Abstain(_Section):
    """`set_coverage`: share of prediction sets that are to hold the true label; `confidence` of bounds on errors."""

    set_coverage: Share
    confidence: Share


class Baselines(_Section):
    """`tfidf_c`, `frozen_c`: inverse regularisation of the two logistic regressions."""

    tfidf_c: Positive
    tfidf_max_ngram: Count
    frozen_c: Positive


class Evaluate(_Section):
    """`resamples` bootstrap samples of speeches; `bins` of the calibration error."""

    resamples: Annotated[int, Field(ge=20)]
    confidence: Share
    bins: Count


class Export(_Section):
    """`tolerance`: largest difference of a probability that the exported model may show in float32.

    An engine may be the default if `same_label` of the held-out labels are the trained model's and macro-F1 is
    within `macro_f1` of its.
    """

    opset: Count
    tolerance: Positive
    same_label: Annotated[float, Field(gt=0, le=1)]
    macro_f1: Positive


class Score(_Section):
    """How scoring runs; `runtime.threads` is how many workers share the work, a thread and a core each.

    `engine`, `precision`: `auto` is the fastest that agrees with the trained model and that the machine has.
    `batch_tokens`: padded tokens a batch may hold. `shard`: statements sorted by length, scored and kept together.
    """

    engine: Literal["auto", "openvino", "onnx", "torch"]
    precision: Literal["auto", "float32", "bfloat16", "int8", "mixed"]
    batch_tokens: Count
    shard: Count
    max_error: Annotated[float, Field(gt=0, le=1)]


class Report(_Section):
    """Pages.

    `worst_errors`: how many of the most confident errors the review prints. `left`, `right`: labels that are drawn to
    either side. `few_stances`: a country with fewer is drawn as such. `page_megabytes`: beyond, meetings get pages.
    """

    worst_errors: Count
    left: str
    right: str
    few_stances: Count
    page_megabytes: Annotated[float, Field(ge=0.2)]


class Params(_Section):
    """Every parameter of every stage."""

    runtime: Runtime
    annotate: Annotate
    split: Split
    train: Train
    abstain: Abstain
    baselines: Baselines
    evaluate: Evaluate
    export: Export
    score: Score
    report: Report

    def with_seed(self, offset: int) -> "Params":
        """The same parameters with `offset` added to the seed."""
        runtime = self.runtime.model_copy(update={"seed": (self.runtime.seed + offset) % 2**32})
        return self.model_copy(update={"runtime": runtime})


Model = TypeVar("Model", bound=BaseModel)


def load_yaml(path: Path, model: type[Model], remedy: str) -> Model:
    """Read a YAML file into a checked value.

    Args:
        path: the file.
        model: the pydantic class it must fit.
        remedy: what the message tells the user to do.

    Raises:
        ConfigError: the file is missing, is no YAML, or holds problems; all of them are listed.
    """
    try:
        raw: Any = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(str(path), expected="a YAML file", found="none", remedy=remedy) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        found = " ".join(str(error).split())
        raise ConfigError(str(path), expected="YAML in UTF-8", found=found, remedy=remedy) from None
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, p['loc'])) or 'the file'}: {p['msg'][0].lower()}{p['msg'][1:]}" for p in error.errors()
        ]
        raise ConfigError(
            str(path),
            expected=f"the keys and types of {model.__name__}",
            found=f"{len(problems)} problem(s): {'; '.join(problems)}",
            remedy=remedy,
        ) from None


def load_params(path: Path = Path("configs/params.yaml")) -> Params:
    """Read all parameters; raises ConfigError where the file does not fit."""
    return load_yaml(path, Params, "Correct the names and values; the fields are in pipeline/params.py.")
