from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.backends.openvino import OpenVino
from edge.conformance import suite
from edge.device.backend import ArtefactRefused, DeviceAbsent
from models.manifest import InputContract
from sensors.frame import Array

pytest.importorskip("openvino", reason="openvino is not installed")

FLOAT = suite.contract_artefact("openvino")
BYTES = InputContract(width=32, height=32, colour="BGR", resize="stretch", layout="NHWC", dtype="uint8")


@pytest.fixture
def backend() -> OpenVino:
    return OpenVino(OpenVino.Options())


@pytest.fixture
def picture() -> Array:
    return np.random.default_rng(3).integers(0, 256, (1, 32, 32, 3), np.uint8)


def test_an_artefact_fed_with_bytes_answers_as_one_fed_with_floats(backend: OpenVino, picture: Array) -> None:
    floats = backend.load(FLOAT, "cpu").run([picture.transpose(0, 3, 1, 2).astype(np.float32)])
    session = backend.load(msgspec.structs.replace(FLOAT, input=BYTES), "cpu")
    assert (session.inputs[0].shape, session.inputs[0].dtype) == ((1, 32, 32, 3), "uint8")
    for found, expected in zip(session.run([picture]), floats, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_bytes_that_would_need_normalising_are_refused(backend: OpenVino) -> None:
    normalised = msgspec.structs.replace(BYTES, mean=(103.5, 116.3, 123.7))
    with pytest.raises(ArtefactRefused, match="can't be fed as uint8"):
        backend.load(msgspec.structs.replace(FLOAT, input=normalised), "cpu")


@pytest.mark.parametrize("device", ["npu", "gpu", "AUTO", "HETERO:NPU,CPU", "CPU"])
def test_only_what_is_listed_can_be_asked_for(backend: OpenVino, device: str) -> None:
    if device in [each.name for each in backend.devices()]:
        pytest.skip(f"this machine has {device!r}")
    with pytest.raises(DeviceAbsent, match=f"no device '{device}'"):
        backend.load(FLOAT, device)


def test_a_second_start_reads_the_compiled_model_from_the_cache(tmp_path: Path) -> None:
    cached = OpenVino(OpenVino.Options(cache=tmp_path))
    told = [cached.load(FLOAT, "cpu").facts["compiled"] for _ in range(2)]
    assert told == ["at start", "read from the cache"]


def test_a_cpu_computes_float32_as_float32_unless_told_to_be_fast(backend: OpenVino) -> None:
    assert backend.load(FLOAT, "cpu").facts["precision"] == "f32"


def test_a_throughput_session_holds_as_many_in_flight_as_asked() -> None:
    session = OpenVino(OpenVino.Options(hint="throughput", requests=3)).load(FLOAT, "cpu")
    assert session.depth == 3


def test_other_files_than_onnx_and_ir_are_not_guessed_at(backend: OpenVino, tmp_path: Path) -> None:
    stranger = tmp_path / "weights.pt"
    stranger.write_bytes(b"PK\x03\x04")
    with pytest.raises(ArtefactRefused, match=r"none of \.onnx, \.xml"):
        backend.load(msgspec.structs.replace(FLOAT, path=stranger), "cpu")
