import threading
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edge.backends.onnxruntime import OnnxRuntime
from edge.conformance import suite
from edge.device.backend import (
    ArtefactRefused,
    DeviceAbsent,
    InferenceFailed,
    OutputsForeign,
    PipelinedSession,
    check_outputs,
)
from edge.device.pooled import Pooled
from models.tensors import TensorSpec
from sensors.config import ConfigWrong, convert
from sensors.frame import Array
from tests.fakes import StrictSession
from tests.tiny import write_model
from tests.tiny_models import artefact, manifest, save, sums


def backend(**options: int | str) -> OnnxRuntime:
    return OnnxRuntime(convert(options, OnnxRuntime.Options, "backend 'onnxruntime'"))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return sums(tmp_path / "sums.onnx")


def of(value: float) -> list[Array]:
    return [np.full((1, 3, 4, 4), value, np.float32)]


@pytest.mark.parametrize("options", [{}, {"sessions": 2}, {"threads": 2, "spin": False}], ids=str)
def test_it_computes_what_the_graph_says(model: Path, options: dict[str, int]) -> None:
    session = backend(**options).load(artefact(model), "cpu")
    (answer,) = session.run(of(0.5))
    assert answer.tolist() == [[[8, 16, 24]]]
    session.close()


def test_the_device_is_the_cpu_and_the_session_says_what_runs_where(model: Path) -> None:
    (device,) = backend().devices()
    assert (device.name, device.kind) == ("cpu", "cpu")
    session = backend(threads=2).load(artefact(model), "cpu")
    assert session.facts["runtime"].startswith("onnxruntime ")
    assert session.facts["operators"] == "3 on CPUExecutionProvider"
    assert (session.facts["threads"], session.facts["sessions"]) == ("2", "1")
    session.close()


def test_several_sessions_are_a_pipelined_device(model: Path) -> None:
    session = backend(sessions=2).load(artefact(model), "cpu")
    assert isinstance(session, PipelinedSession)
    assert session.depth == 3
    tickets = [session.submit(of(value)) for value in (1, 2, 3)]
    assert [session.collect(ticket)[0][0, 0, 0] for ticket in reversed(tickets)] == [48, 32, 16]
    session.close()


def test_one_session_is_not_pipelined(model: Path) -> None:
    session = backend().load(artefact(model), "cpu")
    assert not isinstance(session, PipelinedSession)
    session.close()


def test_dimensions_that_the_graph_leaves_open_are_those_of_the_manifest(tmp_path: Path) -> None:
    session = backend().load(artefact(sums(tmp_path / "open.onnx", batch="N")), "cpu")
    assert [spec.shape for spec in session.inputs] == [(1, 3, 4, 4)]
    assert [spec.shape for spec in session.outputs] == [(1, 1, 3)]
    session.close()


def test_a_graph_without_an_axis_for_the_batch_is_told_and_fed_as_a_batch_of_one(tmp_path: Path) -> None:
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3, 4, 4]) for name in ("images", "same")]
    graph = helper.make_graph([helper.make_node("Neg", ["images"], ["same"])], "chw", ports[:1], ports[1:])
    session = backend().load(artefact(save(graph, tmp_path / "chw.onnx")), "cpu")
    assert session.inputs[0].shape == (1, 3, 4, 4)
    (answer,) = session.run(of(0.5))
    assert (answer.shape, answer.max()) == ((3, 4, 4), -0.5)


def test_outputs_of_another_model_than_the_manifest_says_are_one_clear_line(model: Path) -> None:
    session = backend().load(artefact(model), "cpu")
    check_outputs(manifest("yolox", [(1, 1, 3)]), session)
    with pytest.raises(OutputsForeign, match="not what model 'tiny' says"):
        check_outputs(manifest("yolox", [(1, 21, 8)]), session)
    session.close()


def test_a_truncated_file_is_refused_in_one_line(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:-40])
    with pytest.raises(ArtefactRefused, match="cut short, or no ONNX model") as refused:
        backend().load(artefact(model), "cpu")
    assert "\n" not in refused.value.sentence


def test_a_graph_of_an_unknown_operator_is_refused_with_its_name(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Levitate", ["x"], ["y"])],
        "odd",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 4, 4])],
    )
    path = tmp_path / "odd.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    with pytest.raises(ArtefactRefused, match="Levitate") as refused:
        backend().load(artefact(path), "cpu")
    assert "\n" not in refused.value.sentence


def test_a_graph_that_gives_truth_values_is_refused_at_load(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Greater", ["x", "x"], ["y"])],
        "truth",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.BOOL, [1, 3, 4, 4])],
    )
    with pytest.raises(ArtefactRefused, match=r"'y' is a tensor\(bool\)"):
        backend().load(artefact(save(graph, tmp_path / "integers.onnx")), "cpu")


def test_an_artefact_of_another_backend_is_refused(model: Path) -> None:
    with pytest.raises(ArtefactRefused, match="made for backend 'rknn'"):
        backend().load(artefact(model, backend="rknn"), "cpu")


@pytest.mark.parametrize(
    ("provider", "device", "found"),
    [
        ("CPUExecutionProvider", "npu", "cpu"),
        ("CUDAExecutionProvider", "cuda", "none"),
        ("NoSuchProvider", "cpu", "none"),
    ],
)
def test_a_device_that_is_not_here_is_never_replaced_by_the_cpu(
    model: Path, provider: str, device: str, found: str
) -> None:
    with pytest.raises(DeviceAbsent, match=f"no device '{device}' .found: {found}."):
        backend(provider=provider).load(artefact(model), device)


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(ConfigWrong, match="unknown key 'thread'"):
        backend(thread=2)


def test_old_exporters_initializers_among_the_inputs_print_nothing(
    model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    old = onnx.load(model)
    weights = next(tensor for tensor in old.graph.initializer if tensor.name == "weights")
    old.graph.input.append(helper.make_tensor_value_info("weights", TensorProto.FLOAT, list(weights.dims)))
    onnx.save(old, model)
    session = backend().load(artefact(model), "cpu")
    assert [spec.name for spec in session.inputs] == ["image"]
    session.close()
    assert capfd.readouterr().err == ""


def test_a_full_pool_makes_the_next_submit_wait() -> None:
    started, go = threading.Semaphore(0), threading.Event()

    def slow(
        feed: Array,
    ) -> list[Array]:
        started.release()
        assert go.wait(10)
        return [feed]

    spec = TensorSpec("x", (1, 3, 4, 4), "float32")
    pool = Pooled("strict", StrictSession(spec, [spec], slow), workers=2)
    tickets = [pool.submit(of(value)) for value in range(pool.depth)]
    for _ in range(2):
        assert started.acquire(timeout=10)
    late: list[float] = []
    third = threading.Thread(target=lambda: late.append(float(pool.run(of(9))[0][0, 0, 0, 0])))
    third.start()
    assert not started.acquire(blocking=False)  # the third waits for a worker, the fourth outside for a place
    go.set()
    assert [float(pool.collect(ticket)[0][0, 0, 0, 0]) for ticket in tickets] == [0, 1, 2]
    third.join(10)
    assert late == [9]
    pool.close()


def test_a_failed_inference_in_the_pool_fails_its_ticket_alone() -> None:
    spec = TensorSpec("x", (1, 3, 4, 4), "float32")
    session = StrictSession(spec, [spec], lambda feed: [feed])
    pool = Pooled("strict", session, workers=2)
    session.broken = "the device is hot"
    ticket = pool.submit(of(1))
    with pytest.raises(InferenceFailed, match="the device is hot"):
        pool.collect(ticket)
    session.broken = ""
    assert pool.run(of(2))[0][0, 0, 0, 0] == 2
    pool.close()


def test_a_closed_pool_fails_instead_of_waiting_for_ever() -> None:
    spec = TensorSpec("x", (1, 3, 4, 4), "float32")
    pool = Pooled("strict", StrictSession(spec, [spec], lambda feed: [feed]), workers=2)
    pool.close()
    pool.close()
    for _ in range(pool.depth + 1):
        with pytest.raises(InferenceFailed, match="closed"):
            pool.run(of(1))


@pytest.mark.parametrize(("opset", "ir", "which"), [(99, 8, "opset 99"), (13, 99, "IR version 99")])
def test_a_model_of_a_newer_format_says_which_and_what_to_do(tmp_path: Path, opset: int, ir: int, which: str) -> None:
    model = onnx.load(write_model(tmp_path))
    model.opset_import[0].version, model.ir_version = opset, ir
    newer = tmp_path / "newer.onnx"
    newer.write_bytes(model.SerializeToString())
    artefact = suite.contract_artefact("onnxruntime", newer)
    with pytest.raises(ArtefactRefused, match=rf"it has {which}, and ONNX Runtime .* up to") as refusal:
        OnnxRuntime(OnnxRuntime.Options()).load(artefact, "cpu")
    assert "or install a newer onnxruntime" in refusal.value.hint
    assert "onnxruntime_src" not in str(refusal.value)
