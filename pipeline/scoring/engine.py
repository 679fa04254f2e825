"""Engines: an exported model behind one function, arrays in, logits out; and which of them runs by default.

Each runs on the threads it is given and on no other, so that several can share a machine, a core each.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.scoring.package import FLOAT, INT8

Arrays = dict[str, NDArray[np.int64]]
Run = Callable[[Arrays], NDArray[np.float32]]
# By preference: the first that this machine can run and that the export stage found to agree.
PREFERRED = (
    ("openvino", "mixed"),
    ("openvino", "int8"),
    ("openvino", "bfloat16"),
    ("openvino", "float32"),
    ("onnx", "float32"),
)
MARGIN = 0.15  # between the two likeliest labels; below it, `mixed` takes a second look
_GROUP = 384  # values that share a scale where OpenVINO quantises activations on the fly; smaller is slower
_NEEDS = {"mixed": {"INT8", "BF16"}, "int8": {"INT8"}, "bfloat16": {"BF16"}, "float32": {"FP32"}}
_REMEDY = "Set score.engine and score.precision to `auto`, or to one of those."


@dataclass(frozen=True, slots=True)
class Engine:
    """A loaded model: which engine at which precision, and the function to call.

    `second_look` is called, in place of `run`, for what `run` leaves undecided within `MARGIN`.
    """

    name: str
    precision: str
    run: Run
    second_look: Run | None = None


def open_engine(folder: Path, name: str, precision: str, threads: int) -> Engine:
    """Load a model.

    Args:
        folder: what the export stage wrote, or for `torch` a trained model's folder.
        name: `openvino`, `onnx` or `torch`.
        precision: `float32`, `bfloat16`, `int8`, or `mixed`: int8 with a second look in bfloat16 where it is undecided.
        threads: of one inference.

    Raises:
        ModelError: the model cannot be loaded, or the engine does not know that precision.
    """
    makers = {"openvino": _openvino, "onnx": _onnx, "torch": _torch}
    try:
        if (name, precision) == ("openvino", "mixed"):
            first, second = (_openvino(folder, kind, threads) for kind in ("int8", "bfloat16"))
            return Engine(name, precision, first, second)
        return Engine(name, precision, makers[name](folder, precision, threads))
    except KeyError:
        combinations = ", ".join("/".join(pair) for pair in (*PREFERRED, ("torch", "float32"), ("torch", "bfloat16")))
        raise ModelError("score.engine", expected=combinations, found=f"{name}/{precision}", remedy=_REMEDY) from None
    except (OSError, ImportError, RuntimeError, ValueError) as error:
        raise _unloadable(folder, error) from None


def _unloadable(folder: Path, error: Exception) -> ModelError:
    return ModelError(
        str(folder),
        expected="an exported model",
        found=str(error).strip().split("\n")[0],
        remedy="Run make run, or name an exported model's folder with --model.",
    )


def _onnx(folder: Path, precision: str, threads: int) -> Run:
    import onnxruntime

    path = folder / {"float32": FLOAT}[precision]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no base but Exception
        raise _unloadable(path, error) from None
    return lambda arrays: session.run(["logits"], arrays)[0]


def _openvino_module() -> Any:
    """OpenVINO without its telemetry, which calls home from a process of its own when it is imported."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # importing it fails; OpenVINO goes on without
    import openvino

    return openvino


def _openvino(folder: Path, precision: str, threads: int) -> Run:
    openvino = _openvino_module()
    path = folder / {"float32": FLOAT, "bfloat16": FLOAT, "int8": INT8}[precision]
    if not path.is_file():
        raise _unloadable(path, FileNotFoundError("no such file"))
    core = openvino.Core()
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,  # whoever starts several binds each to its core; OpenVINO takes the same for all
        "INFERENCE_PRECISION_HINT": "f32"
        if precision == "float32" or not runs_here("openvino", "bfloat16")
        else "bf16",
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": _GROUP if precision == "int8" else 0,
    }
    compiled = core.compile_model(core.read_model(path), "CPU", settings)
    request = compiled.create_infer_request()
    output = compiled.output(0)
    return lambda arrays: request.infer(arrays)[output].copy()


def _torch(folder: Path, precision: str, threads: int) -> Run:
    import torch

    from pipeline.classifier import load_classifier

    device = "cuda" if torch.cuda.is_available() else "cpu"
    kind = {"float32": torch.float32, "bfloat16": torch.bfloat16}[precision]
    model = load_classifier(folder)[0].to(device)
    if device == "cpu":
        torch.set_num_threads(threads)

    @torch.inference_mode()
    def run(arrays: Arrays) -> NDArray[np.float32]:
        tensors = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
        with torch.autocast(device, kind, enabled=precision != "float32"):
            logits: torch.Tensor = model(**tensors)["logits"]
        result: NDArray[np.float32] = logits.float().cpu().numpy()
        return result

    return run


def runs_here(name: str, precision: str) -> bool:
    """Whether this machine has the engine, and arithmetic of that precision in hardware."""
    from importlib.util import find_spec

    if name == "onnx":
        return find_spec("onnxruntime") is not None
    if name != "openvino" or find_spec("openvino") is None:
        return False
    known: Any = _openvino_module().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return _NEEDS[precision] <= set(known)


def choose(engine: str, precision: str, agreeing: list[str], folder: Path) -> tuple[str, str]:
    """Settle `auto`: the first of `PREFERRED` that fits, agrees with the trained model and runs here.

    Raises:
        ModelError: none does.
    """
    if "auto" not in (engine, precision):
        return engine, precision
    for name, kind in PREFERRED:
        fits = engine in ("auto", name) and precision in ("auto", kind)
        if fits and f"{name}/{kind}" in agreeing and runs_here(name, kind):
            return name, kind
    if engine == "torch":
        return "torch", "float32" if precision == "auto" else precision
    raise ModelError(
        str(folder),
        expected=f"an engine that agrees with the trained model and fits {engine}/{precision}",
        found=f"agreeing: {', '.join(agreeing) or 'none'}",
        remedy=_REMEDY,
    )
