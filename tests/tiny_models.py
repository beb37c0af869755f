"""Small models for tests: manifests with sensible defaults, and ONNX files made on the spot."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from models.fetch import digest
from models.manifest import Artefact, InputContract, Manifest, Origin, Suppression

IR_VERSION = 8
OPSET = 13

ABC = ("a", "b", "c")


def contract(width: int = 32, height: int = 32, **more: Any) -> InputContract:
    defaults: Mapping[str, Any] = {"colour": "BGR", "resize": "stretch"}
    return InputContract(width=width, height=height, **{**defaults, **more})


def manifest(decoder: str, outputs: Sequence[tuple[int, ...]], **more: Any) -> Manifest:
    """Three labels a, b, c; a score floor of .1; a 32 x 32 input."""
    defaults: Mapping[str, Any] = {
        "name": "tiny",
        "summary": "",
        "file": "tiny.onnx",
        "sha256": "00" * 32,
        "bytes": 0,
        "origin": Origin(url="", licence=""),
        "input": contract(),
        "suppression": Suppression(score_floor=0.1, iou=0.5),
        "labels": ABC,
    }
    return Manifest(**{**defaults, "decoder": decoder, "outputs": tuple(outputs), **more})


def save(graph: onnx.GraphProto, path: Path) -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def sums(path: Path, height: int = 4, width: int = 4, batch: int | str = 1) -> Path:
    """A network (batch, 3, height, width) -> (batch, 1, 3) that adds up each channel, times 1, 2 and 3."""
    weights = np.array([[[1, 2, 3]]], np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("ReduceSum", ["image", "axes"], ["sums"], keepdims=0),
            helper.make_node("Unsqueeze", ["sums", "one"], ["row"]),
            helper.make_node("Mul", ["row", "weights"], ["answer"]),
        ],
        "sums",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 3, height, width])],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, [batch, 1, 3])],
        [
            helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3]),
            helper.make_tensor("one", TensorProto.INT64, [1], [1]),
            helper.make_tensor("weights", TensorProto.FLOAT, [1, 1, 3], weights.ravel().tolist()),
        ],
    )
    return save(graph, path)


def artefact(path: Path, height: int = 4, width: int = 4, **more: Any) -> Artefact:
    defaults: Mapping[str, Any] = {
        "model": path.stem,
        "path": path,
        "sha256": digest(path) if path.is_file() else "",
        "precision": "fp32",
        "backend": "onnxruntime",
        "input": contract(width, height),
    }
    return Artefact(**{**defaults, **more})
