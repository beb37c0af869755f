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


def zeros(*shape: int) -> Array:
    return np.zeros(shape, np.float32)
