"""An ONNX model's weights in int8: each column of a matrix with a scale of its own; needs no data to calibrate on.

OpenVINO multiplies such matrices in int8, and quantises what flows into them on the fly, a token at a time.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

_LARGEST = 127


def quantize_columns(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Quantise a matrix of shape (inputs, outputs): int8 values, and a scale for each output."""
    scales = np.maximum(np.abs(weights).max(axis=0) / _LARGEST, np.finfo(np.float32).tiny).astype(np.float32)
    return np.rint(weights / scales).astype(np.int8), scales


def quantize_weights(source: Path, out: Path) -> int:
    """Write a model whose matrices are int8 with their scales; give how many there are."""
    model = onnx.load(source)
    matrices = {i.name: i for i in model.graph.initializer if len(i.dims) == 2}
    nodes, done = [], dict[str, str]()
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in matrices:
            name = node.input[1]
            if name not in done:
                done[name] = f"{name}_weights"
                nodes.append(_dequantized(model.graph, matrices[name], done[name]))
            node.input[1] = done[name]
        nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, out)
    return len(done)


def _dequantized(graph: onnx.GraphProto, matrix: onnx.TensorProto, name: str) -> onnx.NodeProto:
    """Put a matrix in int8 in its place, and give the node that turns it back."""
    values, scales = quantize_columns(numpy_helper.to_array(matrix))
    parts: dict[str, NDArray[Any]] = {"int8": values, "scale": scales, "zero": np.zeros(scales.shape, np.int8)}
    for part, array in parts.items():
        graph.initializer.append(numpy_helper.from_array(array, f"{name}_{part}"))
    graph.initializer.remove(matrix)
    return helper.make_node("DequantizeLinear", [f"{name}_{part}" for part in parts], [name], axis=1)
