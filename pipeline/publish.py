"""A trained model as a folder that others load without this package, with a model card from the run's own figures."""

import os
import shutil
from pathlib import Path
from typing import Any

from pipeline.classifier import WEIGHTS, BaseModels, load_tokenizer
from pipeline.codebook import Codebook, load_codebook
from pipeline.errors import ModelError, OutputError
from pipeline.inputs import load_description, model_digest
from pipeline.params import load_yaml
from pipeline.tables import read_json, whole

_LICENCE = "apache-2.0"
_HUB = "hub:"


def _metadata(name: str, base: Any, result: dict[str, Any]) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    data = ModelCardData(
        language="en",
        license=_LICENCE,
        library_name="transformers",
        pipeline_tag="text-classification",
        base_model=base.hub,
        tags=["stance-detection", "united-nations", "sanctions", "onnx"],
        metrics=["f1"],
        model_name=name,
        eval_results=[
            EvalResult(
                task_type="text-classification",
                dataset_type="held-out-speeches",
                dataset_name="held-out speeches written for the stance pipeline",
                metric_type=kind,
                metric_name=kind.replace("_", " "),
                metric_value=round(result[kind], 4),
            )
            for kind in ("macro_f1", "accuracy", "mcc")
        ],
    )
    return str(data.to_yaml())


def _evaluation(model: Path, data: Path) -> dict[str, Any]:
    path = data / "evaluation" / "evaluation.json"
    result: dict[str, Any] = read_json(path)
    if result["model"] != model_digest(model):
        raise ModelError(
            str(path),
            expected=f"the evaluation of model {model_digest(model)}",
            found=f"that of {result['model']}",
            remedy="Evaluate it first: dvc repro.",
        )
    return result


def model_card(name: str, model: Path, exported: Path, data: Path, book: Codebook, bases: Path) -> str:
    """The card in Hugging Face's format: metadata, then how to use the model, how good it is, and its limits.

    Args:
        name: of the model.
        model: folder of the trained model.
        exported: folder of the exported model.
        data: folder of the stages' results; its `provenance.md` and `seeds/seeds.json` are used where they exist.
        book: the codebook that the model was trained with.
        bases: the registry of base models.

    Raises:
        ModelError: the evaluation is of another model.
    """
    from jinja2 import Environment, PackageLoader

    description, result = load_description(exported), _evaluation(model, data)
    provenance, seeds = data / "provenance.md", data / "seeds" / "seeds.json"
    training = read_json(data / "training" / "training.json")
    base = load_yaml(bases, BaseModels, "Its form is described at its top.").root[description.base_model]
    environment = Environment(loader=PackageLoader("pipeline.report"), autoescape=False, trim_blocks=True)  # noqa: S701 - Markdown
    environment.filters["squash"] = lambda text: " ".join(str(text).split()).rstrip(".")
    body = environment.get_template("model-card.md").render(
        name=name,
        book=book,
        description=description,
        base=base,
        digest=model_digest(exported),
        training=training,
        result=result,
        **_rooms(exported, description.max_tokens),
        provenance=provenance.read_text("utf-8").strip() if provenance.is_file() else "",
        seeds=read_json(seeds) if seeds.is_file() else None,
    )
    return f"---\n{_metadata(name, base, result)}\n---\n\n{body}"


def _rooms(folder: Path, max_tokens: int) -> dict[str, int]:
    """How many tokens a statement has at most, and how many special ones stand around a single text."""
    tokenizer = load_tokenizer(folder)
    own = len(tokenizer("a", add_special_tokens=False)["input_ids"])
    around, between = len(tokenizer("a")["input_ids"]) - own, len(tokenizer("a", "a")["input_ids"]) - 2 * own
    return {"room": max_tokens - between, "around": around}


def _write_weights(model: Path, out: Path) -> None:
    """The encoder as transformers names it, and the head apart."""
    from safetensors.torch import load_file, save_file

    weights = load_file(model / WEIGHTS)
    encoder = {name.removeprefix("encoder."): w for name, w in weights.items() if name.startswith("encoder.")}
    head = {name.removeprefix("head."): w for name, w in weights.items() if name.startswith("head.")}
    save_file(encoder, out / WEIGHTS, metadata={"format": "pt"})
    save_file(head, out / "head.safetensors", metadata={"format": "pt"})


def publish(model: Path, exported: Path, data: Path, codebook: Path, bases: Path, to: str) -> str:
    """Write the folder, or send it to a hub; give where it is.

    Args:
        model: folder of the trained model.
        exported: folder of the exported model.
        data: see `model_card`.
        codebook: of the model.
        bases: the registry of base models.
        to: a folder that does not exist yet, or `hub:OWNER/NAME`.

    Raises:
        ModelError: a folder holds no model of ours.
        OutputError: the folder exists, or the hub cannot be reached.
    """
    import tempfile

    name = to.removeprefix(_HUB).rsplit("/", 1)[-1]
    card = model_card(name, model, exported, data, load_codebook(codebook), bases)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _write_weights(model, folder)
        for path in sorted(exported.iterdir()):
            shutil.copyfile(path, folder / path.name)
        shutil.copyfile(model / "config.json", folder / "config.json")
        with whole(folder / "README.md") as file:
            file.write(card)
        return _to_hub(folder, to.removeprefix(_HUB)) if to.startswith(_HUB) else _to_folder(folder, Path(to))


def _to_folder(folder: Path, out: Path) -> str:
    if out.exists():
        raise OutputError(str(out), expected="a folder that does not exist yet", found="one", remedy="Name another.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(folder, out.with_name(f".{out.name}.partial"), dirs_exist_ok=True)
        out.with_name(f".{out.name}.partial").rename(out)
    except OSError as error:
        raise OutputError(
            str(out), expected="a place that can be written", found=str(error), remedy="Name another."
        ) from None
    return str(out)


def _to_hub(folder: Path, name: str) -> str:
    from huggingface_hub import HfApi

    try:
        api = HfApi()
        api.create_repo(name, exist_ok=True)
        api.upload_folder(repo_id=name, folder_path=str(folder), commit_message="Model, head, ONNX and card")
    except Exception as error:  # the hub's client raises many kinds; each means "not sent"
        offline = os.environ.get("HF_HUB_OFFLINE") == "1"
        raise OutputError(
            f"hub:{name}",
            expected="a repository that can be written",
            found=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            remedy="Allow the network with HF_HUB_OFFLINE=0." if offline else "Log in with `hf auth login`.",
        ) from None
    return f"https://huggingface.co/{name}"
