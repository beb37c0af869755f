"""Backends whose silicon is not here, against SDKs that insist on their vendors' documented call order."""

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from edge.backends.deepx import Deepx
from edge.backends.furiosa import Furiosa
from edge.backends.hailo import Hailo
from edge.backends.mobilint import CoreModeRefused, Mobilint
from edge.backends.rebellions import Rebellions
from edge.conformance import suite
from edge.conformance.checks import CHECKS
from edge.conformance.subject import Subject
from edge.conformance.suite import judge
from edge.device.backend import ArtefactRefused, Backend
from edge.device.sdk import SdkAbsent
from models.manifest import Artefact, InputContract
from tests.contracts.hailo_sdk import DEVICE_ID, hailo_platform
from tests.contracts.vendor_sdks import compiled, dx_engine, furiosa, qbruntime, rebel

BYTES = InputContract(width=32, height=32, colour="BGR", resize="stretch", layout="NHWC", dtype="uint8")
FLOATS = suite.NETWORK_INPUT


@dataclass(frozen=True)
class Vendor:
    name: str
    sdk: Callable[[], dict[str, ModuleType]]
    build: Callable[[], Backend]
    device: str
    suffix: str
    input: InputContract
    comparable: bool = True
    """Whether its answers have ONNX Runtime's layout."""


VENDORS = {
    "mobilint, queued": Vendor("mobilint", qbruntime, lambda: Mobilint(Mobilint.Options()), "aries-rb", ".mxq", FLOATS),
    "mobilint, one by one": Vendor(
        "mobilint", qbruntime, lambda: Mobilint(Mobilint.Options(in_flight=1)), "aries-rb", ".mxq", FLOATS
    ),
    "furiosa": Vendor("furiosa", furiosa, lambda: Furiosa(Furiosa.Options()), "npu0", ".enf", FLOATS),
    "rebellions, queued": Vendor(
        "rebellions", rebel, lambda: Rebellions(Rebellions.Options(in_flight=3)), "npu0", ".rbln", FLOATS
    ),
    "rebellions, one by one": Vendor(
        "rebellions", rebel, lambda: Rebellions(Rebellions.Options(in_flight=1)), "npu0", ".rbln", FLOATS
    ),
    "deepx": Vendor("deepx", dx_engine, lambda: Deepx(Deepx.Options()), "npu0", ".dxnn", BYTES),
    "hailo": Vendor(
        "hailo", hailo_platform, lambda: Hailo(Hailo.Options()), DEVICE_ID, ".hef", BYTES, comparable=False
    ),
}


def artefact_of(vendor: Vendor, folder: Path) -> Artefact:
    path = compiled(vendor.name, suite.NETWORK, folder / f"contract{vendor.suffix}")
    return Artefact(
        model="contract", path=path, sha256="0" * 64, precision="int8", backend=vendor.name, input=vendor.input
    )


def install(monkeypatch: pytest.MonkeyPatch, modules: dict[str, ModuleType]) -> None:
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture(params=VENDORS)
def subject(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Subject:
    vendor = VENDORS[request.param]
    install(monkeypatch, vendor.sdk())
    reference = suite.NETWORK if vendor.comparable else None
    return Subject(vendor.build(), vendor.device, artefact_of(vendor, tmp_path), reference)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_check(check: Callable[[Subject], str], subject: Subject) -> None:
    outcome = judge(check, subject)
    assert outcome.verdict != "broken", outcome.detail


def test_whatever_shows_them_says_that_no_hardware_was_seen(subject: Subject) -> None:
    assert all(device.facts["evidence"] == "not run on hardware" for device in subject.backend.devices())
    with subject.session() as session:
        assert session.facts["evidence"] == "not run on hardware"


@pytest.mark.parametrize(
    ("plugin", "module"),
    [(Mobilint, "qbruntime"), (Furiosa, "furiosa"), (Rebellions, "rebel"), (Deepx, "dx_engine"), (Hailo, "hailo")],
)
def test_without_its_sdk_a_backend_says_what_to_install(plugin: Any, module: str) -> None:
    if importlib.util.find_spec(plugin.about.module.partition(".")[0]) is not None:
        pytest.skip(f"{plugin.about.module} is installed here")
    with pytest.raises(SdkAbsent, match=f"(?s)needs '{module}.*install: "):
        plugin(plugin.Options())


def test_two_devices_of_a_kind_have_two_names(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, qbruntime(("aries-rb", "regulus-ra", "aries-rb")))
    names = [device.name for device in Mobilint(Mobilint.Options()).devices()]
    assert names == ["aries-rb", "regulus-ra", "aries-rb:1"]


def test_a_core_mode_that_the_runtime_declines_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, qbruntime())
    with pytest.raises(CoreModeRefused, match="global8"):
        Mobilint(Mobilint.Options(cores="global8")).load(artefact_of(VENDORS["mobilint, queued"], tmp_path), "aries-rb")


def test_a_file_that_leaves_parts_to_the_cpu_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, dx_engine(("npu_0", "cpu_0")))
    artefact = artefact_of(VENDORS["deepx"], tmp_path)
    with pytest.raises(ArtefactRefused, match="parts of it would run on the CPU: npu_0, cpu_0"):
        Deepx(Deepx.Options()).load(artefact, "npu0")
    allowed = Deepx(Deepx.Options(cpu_tasks=True)).load(artefact, "npu0")
    assert allowed.facts["operators"] == "tasks npu_0, cpu_0"
    allowed.close()
