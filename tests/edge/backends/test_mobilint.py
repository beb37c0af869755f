"""Mobilint's own SDK, without a device: what it says must come through."""

from pathlib import Path

import pytest

from edge.backends.mobilint import Mobilint
from edge.device.backend import ArtefactRefused, DeviceAbsent
from models.manifest import Artefact, InputContract

qbruntime = pytest.importorskip("qbruntime", reason="qbruntime is not installed")


@pytest.fixture
def artefact(tmp_path: Path) -> Artefact:
    path = tmp_path / "model.mxq"
    path.write_bytes(b"no MXQ" * 100)
    contract = InputContract(width=32, height=32, colour="BGR", resize="stretch")
    return Artefact(model="m", path=path, sha256="0" * 64, precision="int8", backend="mobilint", input=contract)


def test_without_a_device_there_are_none_and_loading_says_so(artefact: Artefact) -> None:
    backend = Mobilint(Mobilint.Options())
    if backend.devices():
        pytest.skip("this machine has a Mobilint device")
    with pytest.raises(DeviceAbsent, match=r"no device 'aries-rb' \(found: none\)"):
        backend.load(artefact, "aries-rb")


def test_a_broken_file_is_refused_in_the_runtimes_words(monkeypatch: pytest.MonkeyPatch, artefact: Artefact) -> None:
    monkeypatch.setattr(qbruntime, "get_available_devices", lambda: ["aries-rb"])
    with pytest.raises(ArtefactRefused, match=r"Model_FailedToLoadMXQ occurred\.$|Model_FailedToLoadMXQ occurred\.\n"):
        Mobilint(Mobilint.Options()).load(artefact, "aries-rb")


@pytest.mark.parametrize("cores", ["auto", "multi", "global4", "global8"])
def test_the_runtime_takes_every_core_mode(monkeypatch: pytest.MonkeyPatch, artefact: Artefact, cores: str) -> None:
    monkeypatch.setattr(qbruntime, "get_available_devices", lambda: ["aries-rb"])
    with pytest.raises(ArtefactRefused, match="FailedToLoadMXQ"):
        Mobilint(Mobilint.Options(cores=cores)).load(artefact, "aries-rb")  # type: ignore[arg-type]
