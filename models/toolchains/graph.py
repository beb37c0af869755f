"""Surgery on ONNX graphs that every toolchain wants done first."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, version_converter

from models.manifest import InputContract
from models.toolchains.job import CompilerRefused

OPSET = 17
"""Per-channel quantisation needs 13; the vendors' tools of 2025 and 2026 all read 17."""
IR_VERSION = 8
"""The oldest that may hold opset 17."""

TAIL = ("Concat", "Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Sigmoid", "Softmax", "Split")
"""Behind a head these only lay out, and squash, what it says."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A graph in two: what the accelerator runs, and the tail that joins its heads on the host."""

    trunk: onnx.ModelProto
    tail: onnx.ModelProto
    heads: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]


def read(path: Path, name: str) -> onnx.ModelProto:
    """The model with weights that are constants, at OPSET, every tensor's shape known; raises CompilerRefused."""
    try:
        model = onnx.load(path)
        _only_real_inputs(model)
        if model.opset_import[0].version < OPSET:
            model = version_converter.convert_version(model, OPSET)
            _only_real_inputs(model)
        model.ir_version = IR_VERSION
        return onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    # The converter and the checker raise what they like, RuntimeError and their own, without a common root.
    except Exception as error:
        raise CompilerRefused("onnx", name, str(error).splitlines()[0]) from error


def write(model: onnx.ModelProto, path: Path) -> Path:
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def fed_with_bytes(model: onnx.ModelProto, contract: InputContract) -> tuple[onnx.ModelProto, InputContract]:
    """`model` taking the resized picture itself, uint8 NHWC, and normalising it; and the contract of that."""
    graph, taken = model.graph, model.graph.input[0]
    real = taken.name
    nodes = [
        helper.make_node("Transpose", ["pixels"], ["pixels_nchw"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["pixels_nchw"], ["pixels_real"], to=TensorProto.FLOAT),
    ]
    factor, offset = normalisation(contract)
    last = "pixels_real"
    for operator, values, without in (("Mul", factor, 1.0), ("Add", offset, 0.0)):
        if (values != without).any():
            graph.initializer.append(numpy_helper.from_array(values.reshape(1, 3, 1, 1), f"pixels_{operator}"))
            nodes.append(helper.make_node(operator, [last, f"pixels_{operator}"], [f"{last}_{operator}"]))
            last = f"{last}_{operator}"
    nodes[-1].output[0] = real
    for position, node in enumerate(nodes):
        graph.node.insert(position, node)
    bytes_in = as_bytes(contract)
    graph.input.remove(taken)
    graph.input.insert(0, helper.make_tensor_value_info("pixels", TensorProto.UINT8, bytes_in.shape))
    return model, bytes_in


def as_bytes(contract: InputContract) -> InputContract:
    """`contract` with the normalisation left to the graph: the resized picture as it is, uint8 NHWC."""
    zero, one = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    return msgspec.structs.replace(contract, layout="NHWC", dtype="uint8", scale=1.0, mean=zero, std=one)


def normalisation(contract: InputContract) -> tuple["np.ndarray[tuple[int], np.dtype[np.float32]]", ...]:
    """Factor and offset of each channel: (pixel * scale - mean) / std = pixel * factor + offset."""
    std, mean = np.array(contract.std), np.array(contract.mean)
    return (contract.scale / std).astype(np.float32), (-mean / std).astype(np.float32)


def cut(model: onnx.ModelProto) -> Cut | None:
    """`model` cut before the layout operators and squashing functions at its end; None where it has no such end.

    A quantiser then gives every head a scale of its own, fit for raw numbers: in a joined tensor, scores up to 1
    share a scale with coordinates up to 52.
    """
    made_by = {name: node for node in model.graph.node for name in node.output}
    constants = {tensor.name for tensor in model.graph.initializer} | {
        name for name, node in made_by.items() if node.op_type == "Constant"
    }
    heads: list[str] = []
    pending = [output.name for output in reversed(model.graph.output)]
    while pending:
        name = pending.pop()
        node = made_by.get(name)
        if name in constants or name in heads:
            continue
        if node is None or node.op_type not in TAIL:
            heads.append(name)
        else:
            pending.extend(reversed(node.input))
    outputs = [output.name for output in model.graph.output]
    if heads == outputs:
        return None
    inputs = [model.graph.input[0].name]
    extract = onnx.utils.Extractor(model).extract_model
    return Cut(extract(inputs, heads), extract(heads, outputs), tuple(heads), _shapes(model, heads))


def _only_real_inputs(model: onnx.ModelProto) -> None:
    """Old exporters list every weight as an input too; a runtime then can't fold it into anything."""
    weights = {tensor.name for tensor in model.graph.initializer}
    real = [port for port in model.graph.input if port.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(real)


def _shapes(model: onnx.ModelProto, names: list[str]) -> tuple[tuple[int, ...], ...]:
    known: Mapping[str, tuple[int, ...]] = {
        info.name: tuple(side.dim_value for side in info.type.tensor_type.shape.dim)
        for info in (*model.graph.value_info, *model.graph.output)
    }
    return tuple(known[name] for name in names)
