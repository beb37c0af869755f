"""ONNX files that answer every picture with the same tensors: heads of any family, without their networks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from sensors.frame import Array
from tests.tiny_models import IR_VERSION, OPSET


def write_head(
    path: Path,
    outputs: Mapping[str, Array],
    *,
    size: Sequence[int | str] = (64, 64),
    layout: str = "NCHW",
    dtype: int = TensorProto.FLOAT,
    more_inputs: Mapping[str, tuple[int, Sequence[int | str]]] | None = None,
    metadata: Mapping[str, str] | None = None,
    batch: int | str | None = 1,
    open_axis: int | None = None,
) -> Path:
    """`size`: height and width, names where they are open. `batch` None: no axis for it.

    `open_axis`: of every output, declared open.
    """
    sides = [3, *size] if layout == "NCHW" else [*size, 3]
    shape = sides if batch is None else [batch, *sides]
    inputs = [helper.make_tensor_value_info("images", dtype, shape)]
    inputs += [helper.make_tensor_value_info(name, kind, sides) for name, (kind, sides) in (more_inputs or {}).items()]
    nodes, stated = [], []
    for name, values in outputs.items():
        kind = helper.np_dtype_to_tensor_dtype(values.dtype)
        nodes.append(helper.make_node("Constant", [], [name], value=numpy_helper.from_array(values)))
        told = ["n" if axis == open_axis else side for axis, side in enumerate(values.shape)]
        stated.append(helper.make_tensor_value_info(name, kind, told))
    graph = helper.make_graph(nodes, "head", inputs, stated)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    helper.set_model_props(model, dict(metadata or {}))
    onnx.save(model, path)
    return path


def write_dynamic(path: Path, metadata: Mapping[str, str]) -> Path:
    """A network as Ultralytics' `dynamic=True` leaves one: any size (1, 3, h, w) -> (1, 7, cells of 8, 16 and 32).

    A cell's box is 40 x 30 pixels about a place, and its three scores, that the mean of its pixels tells.
    """
    rows = np.array([[32, 0, 0], [0, 32, 0], [0, 0, 0], [0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    sides = np.array([[16], [16], [40], [30], [0], [0], [0]], np.float32)
    nodes = []
    for stride in (8, 16, 32):
        square = [stride, stride]
        nodes.append(helper.make_node("AveragePool", ["images"], [f"p{stride}"], kernel_shape=square, strides=square))
        nodes.append(helper.make_node("Reshape", [f"p{stride}", "flat"], [f"c{stride}"]))
    nodes.append(helper.make_node("Concat", ["c8", "c16", "c32"], ["cells"], axis=2))
    nodes.append(helper.make_node("MatMul", ["rows", "cells"], ["told"]))
    nodes.append(helper.make_node("Add", ["told", "sides"], ["output0"]))
    graph = helper.make_graph(
        nodes,
        "dynamic",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, "height", "width"])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, ["batch", 7, "anchors"])],
        [
            numpy_helper.from_array(np.array([1, 3, -1]), "flat"),
            numpy_helper.from_array(rows, "rows"),
            numpy_helper.from_array(sides, "sides"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    helper.set_model_props(model, dict(metadata))
    onnx.save(model, path)
    return path


def zeros(*shape: int) -> Array:
    return np.zeros(shape, np.float32)
