from pathlib import Path

import numpy as np
import pytest

from edge.backends.qnn import BackendLibraryAbsent, Qnn
from edge.conformance import suite
from edge.device.backend import ArtefactRefused
from models.manifest import Artefact

qnn = pytest.importorskip("onnxruntime_qnn", reason="onnxruntime_qnn is not installed")

NETWORK = suite.contract_artefact("qnn")


def test_emulated_numbers_are_never_called_an_npus() -> None:
    (device,) = Qnn(Qnn.Options()).devices()
    assert device.kind == "emulator"
    assert device.facts["evidence"] == "not run on hardware"


def test_every_operator_runs_on_the_htp() -> None:
    session = Qnn(Qnn.Options()).load(NETWORK, "htp")
    assert session.facts["operators"] == "9 on QNN HTP"


def test_without_qualcomms_library_nothing_runs_on_the_cpu_instead(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    backend = Qnn(Qnn.Options())
    monkeypatch.setattr(qnn, "get_qnn_htp_path", lambda: str(tmp_path / "libQnnHtp.so"))
    with pytest.raises(BackendLibraryAbsent, match=r"libQnnHtp\.so"):
        backend.load(NETWORK, "htp")


def test_a_library_that_does_not_load_is_refused_and_nothing_runs_on_the_cpu_instead(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    backend, broken = Qnn(Qnn.Options()), tmp_path / "libQnnHtp.so"
    broken.write_bytes(b"no library")
    monkeypatch.setattr(qnn, "get_qnn_htp_path", lambda: str(broken))
    with pytest.raises(ArtefactRefused, match="fallback to CPU EP has been explicitly disabled"):
        backend.load(NETWORK, "htp")


def test_an_operator_that_the_htp_lacks_is_refused_and_does_not_run_on_the_cpu(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Det", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", kind, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", kind, [1, 3])],
    )
    path = tmp_path / "det.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    artefact = Artefact(model="det", path=path, sha256="0" * 64, precision="fp32", backend="qnn", input=NETWORK.input)
    with pytest.raises(ArtefactRefused, match="fallback to CPU EP"):
        Qnn(Qnn.Options()).load(artefact, "htp")


def test_the_emulation_answers_as_onnx_runtime_does_on_two_heads() -> None:
    session = Qnn(Qnn.Options(htp_arch="75")).load(NETWORK, "htp")
    boxes, scores = session.run([np.full((1, 3, 32, 32), 128, np.float32)])
    assert boxes.shape == (1, 4, 16, 16)
    assert 0 < scores.min() <= scores.max() < 1
