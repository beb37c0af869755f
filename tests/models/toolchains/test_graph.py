"""What surgery leaves of a graph gives the same numbers."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from models.manifest import InputContract
from models.preprocess import Preparer
from models.stitch import Stitch
from models.tensors import TensorSpec
from models.toolchains import graph
from models.toolchains.job import CompilerRefused
from sensors.frame import Array
from tests import tiny_models

SIZE = 8


def two_headed(path: Path, opset: int = 11) -> Path:
    """Convolutions for boxes and scores, joined as YOLOX joins them, with weights listed as inputs."""
    chance = np.random.default_rng(5)
    weights = {
        "w_box": chance.normal(size=(4, 3, 3, 3)),
        "w_score": chance.normal(size=(2, 3, 3, 3)) / 50,
    }
    nodes = [
        helper.make_node("Conv", ["image", "w_box"], ["box"]),
        helper.make_node("Conv", ["image", "w_score"], ["raw"]),
        helper.make_node("Sigmoid", ["raw"], ["score"]),
        helper.make_node("Concat", ["box", "score"], ["both"], axis=1),
        helper.make_node("Reshape", ["both", "flat"], ["cells"]),
        helper.make_node("Transpose", ["cells"], ["answer"], perm=[0, 2, 1]),
    ]
    tensors = [
        helper.make_tensor(name, TensorProto.FLOAT, value.shape, value.ravel().tolist())
        for name, value in weights.items()
    ]
    tensors.append(helper.make_tensor("flat", TensorProto.INT64, [3], [1, 6, 36]))
    inputs = [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIZE, SIZE])]
    inputs += [helper.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in tensors]
    made = helper.make_graph(
        nodes, "two", inputs, [helper.make_tensor_value_info("answer", TensorProto.FLOAT, [1, 36, 6])], tensors
    )
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], ir_version=6), path)
    return path


def ran(model: "onnx.ModelProto | Path", feed: Array) -> list[Array]:
    quiet = ort.SessionOptions()
    quiet.log_severity_level = 3
    session = ort.InferenceSession(model if isinstance(model, Path) else model.SerializeToString(), quiet)
    return [np.asarray(output) for output in session.run(None, {session.get_inputs()[0].name: feed})]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return two_headed(tmp_path / "two.onnx")


@pytest.fixture
def picture() -> Array:
    return np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3), np.uint8)


def test_weights_are_no_inputs_and_the_opset_is_one_that_all_read(source: Path, picture: Array) -> None:
    model = graph.read(source, "two")
    assert [port.name for port in model.graph.input] == ["image"]
    assert model.opset_import[0].version == graph.OPSET
    feed = picture.transpose(2, 0, 1)[None].astype(np.float32)
    np.testing.assert_allclose(ran(model, feed)[0], ran(source, feed)[0], rtol=1e-5, atol=1e-3)


def test_heads_are_cut_before_what_squashes_and_joins_them_and_stitched_give_the_same(
    source: Path, tmp_path: Path, picture: Array
) -> None:
    parted = graph.cut(graph.read(source, "two"))
    assert parted is not None
    assert parted.heads == ("box", "raw")
    assert parted.shapes == ((1, 4, 6, 6), (1, 2, 6, 6))
    feed = picture.transpose(2, 0, 1)[None].astype(np.float32)
    tail = graph.write(parted.tail, tmp_path / "tail.onnx")
    stitch = Stitch(tiny_models.artefact(source, stitch=tail, outputs=parted.shapes))
    np.testing.assert_allclose(stitch(ran(parted.trunk, feed))[0], ran(source, feed)[0], rtol=1e-5, atol=1e-3)


def test_a_graph_that_ends_in_its_heads_is_not_cut(tmp_path: Path) -> None:
    assert graph.cut(graph.read(tiny_models.sums(tmp_path / "sums.onnx"), "sums")) is None


@pytest.mark.parametrize(
    "contract",
    [
        tiny_models.contract(SIZE, SIZE),
        tiny_models.contract(SIZE, SIZE, colour="RGB", scale=1 / 255, mean=(0.485, 0.456, 0.406), std=(0.2, 0.3, 0.4)),
        tiny_models.contract(SIZE, SIZE, mean=(103.5, 116.3, 123.7), std=(57.4, 57.1, 58.4)),
    ],
)
def test_bytes_normalised_in_the_graph_answer_as_floats_normalised_outside(
    source: Path, picture: Array, contract: InputContract
) -> None:
    def fed(of: InputContract) -> Array:
        preparer = Preparer(of, TensorSpec("input", of.shape, of.dtype))
        feed = preparer.buffer()
        preparer.prepare(picture, feed)
        return feed

    expected = ran(source, fed(contract))[0]
    model, bytes_in = graph.fed_with_bytes(graph.read(source, "two"), contract)
    assert (bytes_in.layout, bytes_in.dtype) == ("NHWC", "uint8")
    np.testing.assert_allclose(ran(model, fed(bytes_in))[0], expected, rtol=1e-4, atol=1e-3)


def test_a_file_that_is_no_graph_is_refused_with_its_model_named(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"\x08\x07nonsense")
    with pytest.raises(CompilerRefused, match="'bad'"):
        graph.read(tmp_path / "bad.onnx", "bad")
