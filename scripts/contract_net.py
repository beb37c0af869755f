"""Writes edge/conformance/contract.onnx, what `gilmok backend check` runs: python scripts/contract_net.py."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 32
OPSET = 13
IR_VERSION = 8
"""Old enough for every vendor's compiler."""


def network() -> onnx.ModelProto:
    """Pixels 0..255 in; a head of 4 box planes and a head of 2 score planes out, each with its own range."""
    chance = np.random.default_rng(7)

    def weights(name: str, *shape: int) -> onnx.TensorProto:
        spread = 1 / np.sqrt(np.prod(shape[1:]))
        return numpy_helper.from_array(chance.normal(0, spread, shape).astype(np.float32), name)

    nodes = [
        helper.make_node("Mul", ["pixels", "per_level"], ["light"]),
        helper.make_node("Conv", ["light", "stem", "stem_bias"], ["stem_out"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["stem_out"], ["features"]),
        helper.make_node("Conv", ["features", "box"], ["boxes"]),
        helper.make_node("Conv", ["features", "score"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["scores"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([1 / 255], np.float32), "per_level"),
        weights("stem", 8, 3, 3, 3),
        numpy_helper.from_array(chance.normal(0, 0.1, 8).astype(np.float32), "stem_bias"),
        weights("box", 4, 8, 1, 1),
        weights("score", 2, 8, 1, 1),
    ]
    half = SIZE // 2
    graph = helper.make_graph(
        nodes,
        "contract",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, SIZE, SIZE])],
        [
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 4, half, half]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 2, half, half]),
        ],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="gilmok")
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return model


if __name__ == "__main__":
    onnx.save(network(), Path(__file__).parents[1] / "edge" / "conformance" / "contract.onnx")
